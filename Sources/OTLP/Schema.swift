internal import Bytes
internal import Telemetry

/// The messages of OTLP traces and logs (opentelemetry-proto 1.11), as far as this program reads them: one table for
/// all that works on any message, JSON transcoding and normalising. The hot walks are written out by hand.
enum Message {
  case tracesRequest, resourceSpans, scopeSpans, span, event, link, status
  case logsRequest, resourceLogs, scopeLogs, logRecord
  case resource, scope, keyValue, anyValue, arrayValue, keyValueList

  static func request(_ signal: Signal) -> Message {
    switch signal {
    case .traces: .tracesRequest
    case .logs: .logsRequest
    }
  }

  struct Field {
    let number: UInt32
    /// As the `.proto` file spells it.
    let name: [UInt8]
    let form: Form

    init(_ number: UInt32, _ name: String, _ form: Form) {
      self.number = number
      self.name = Array(name.utf8)
      self.form = form
    }

    var isRepeated: Bool {
      if case .messages = form { true } else { false }
    }
  }

  /// How a field is written, on the wire and in JSON.
  enum Form {
    case string
    /// Bytes that OTLP/JSON writes as hexadecimal.
    case id
    /// Bytes that OTLP/JSON writes as base64.
    case base64
    case bool, int64, uint32, fixed32, fixed64, double
    /// An enum whose names are this prefix and one of these, in the order of their numbers.
    case enumeration(prefix: String, names: [String])
    case message(Message)
    case messages(Message)
  }

  var fields: [Field] {
    switch self {
    case .tracesRequest: Self.tracesRequestFields
    case .resourceSpans: Self.resourceSpansFields
    case .scopeSpans: Self.scopeSpansFields
    case .span: Self.spanFields
    case .event: Self.eventFields
    case .link: Self.linkFields
    case .status: Self.statusFields
    case .logsRequest: Self.logsRequestFields
    case .resourceLogs: Self.resourceLogsFields
    case .scopeLogs: Self.scopeLogsFields
    case .logRecord: Self.logRecordFields
    case .resource: Self.resourceFields
    case .scope: Self.scopeFields
    case .keyValue: Self.keyValueFields
    case .anyValue: Self.anyValueFields
    case .arrayValue: Self.arrayValueFields
    case .keyValueList: Self.keyValueListFields
    }
  }
}

extension Message {
  private static let tracesRequestFields = [Field(1, "resource_spans", .messages(.resourceSpans))]
  private static let resourceSpansFields = [
    Field(1, "resource", .message(.resource)), Field(2, "scope_spans", .messages(.scopeSpans)),
    Field(3, "schema_url", .string),
  ]
  private static let scopeSpansFields = [
    Field(1, "scope", .message(.scope)), Field(2, "spans", .messages(.span)), Field(3, "schema_url", .string),
  ]
  private static let spanFields = [
    Field(1, "trace_id", .id), Field(2, "span_id", .id), Field(3, "trace_state", .string),
    Field(4, "parent_span_id", .id), Field(5, "name", .string), Field(6, "kind", kinds),
    Field(7, "start_time_unix_nano", .fixed64), Field(8, "end_time_unix_nano", .fixed64),
    Field(9, "attributes", .messages(.keyValue)), Field(10, "dropped_attributes_count", .uint32),
    Field(11, "events", .messages(.event)), Field(12, "dropped_events_count", .uint32),
    Field(13, "links", .messages(.link)), Field(14, "dropped_links_count", .uint32),
    Field(15, "status", .message(.status)), Field(16, "flags", .fixed32),
  ]
  private static let eventFields = [
    Field(1, "time_unix_nano", .fixed64), Field(2, "name", .string), Field(3, "attributes", .messages(.keyValue)),
    Field(4, "dropped_attributes_count", .uint32),
  ]
  private static let linkFields = [
    Field(1, "trace_id", .id), Field(2, "span_id", .id), Field(3, "trace_state", .string),
    Field(4, "attributes", .messages(.keyValue)), Field(5, "dropped_attributes_count", .uint32),
    Field(6, "flags", .fixed32),
  ]
  private static let statusFields = [Field(2, "message", .string), Field(3, "code", codes)]
  private static let logsRequestFields = [Field(1, "resource_logs", .messages(.resourceLogs))]
  private static let resourceLogsFields = [
    Field(1, "resource", .message(.resource)), Field(2, "scope_logs", .messages(.scopeLogs)),
    Field(3, "schema_url", .string),
  ]
  private static let scopeLogsFields = [
    Field(1, "scope", .message(.scope)), Field(2, "log_records", .messages(.logRecord)),
    Field(3, "schema_url", .string),
  ]
  private static let logRecordFields = [
    Field(1, "time_unix_nano", .fixed64), Field(2, "severity_number", severities),
    Field(3, "severity_text", .string), Field(5, "body", .message(.anyValue)),
    Field(6, "attributes", .messages(.keyValue)), Field(7, "dropped_attributes_count", .uint32),
    Field(8, "flags", .fixed32), Field(9, "trace_id", .id), Field(10, "span_id", .id),
    Field(11, "observed_time_unix_nano", .fixed64), Field(12, "event_name", .string),
  ]
  private static let resourceFields = [
    Field(1, "attributes", .messages(.keyValue)), Field(2, "dropped_attributes_count", .uint32),
  ]
  private static let scopeFields = [
    Field(1, "name", .string), Field(2, "version", .string), Field(3, "attributes", .messages(.keyValue)),
    Field(4, "dropped_attributes_count", .uint32),
  ]
  private static let keyValueFields = [Field(1, "key", .string), Field(2, "value", .message(.anyValue))]
  private static let anyValueFields = [
    Field(1, "string_value", .string), Field(2, "bool_value", .bool), Field(3, "int_value", .int64),
    Field(4, "double_value", .double), Field(5, "array_value", .message(.arrayValue)),
    Field(6, "kvlist_value", .message(.keyValueList)), Field(7, "bytes_value", .base64),
  ]
  private static let arrayValueFields = [Field(1, "values", .messages(.anyValue))]
  private static let keyValueListFields = [Field(1, "values", .messages(.keyValue))]

  private static let kinds = Form.enumeration(
    prefix: "SPAN_KIND_", names: ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
  private static let codes = Form.enumeration(prefix: "STATUS_CODE_", names: ["UNSET", "OK", "ERROR"])
  private static let severities = Form.enumeration(
    prefix: "SEVERITY_NUMBER_",
    names: ["UNSPECIFIED"]
      + ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap { level in
        [level, level + "2", level + "3", level + "4"]
      })
}
