import Bytes
import Gateway
import Testing

/// Spans that mean harm, or were made by something broken: what comes out is always JSON that PostHog takes.
@Suite struct HostileSpanTests {
  static func events(_ requests: String...) throws -> [String] {
    var offline = OfflineMapping(program: try FixtureCase.stock())
    for request in requests { _ = try offline.add("request", Array(request.utf8)) }
    return try offline.events().map { String(decoding: try SortedJSON.text($0), as: UTF8.self) }
  }

  static func request(_ spans: [String], resource: String = "") -> String {
    """
    {"resourceSpans":[{"resource":{"attributes":[\(resource)]},"scopeSpans":[{"scope":{"name":"s"},"spans":[
    \(spans.joined(separator: ","))]}]}]}
    """
  }

  static func span(_ id: String, start: String = "1795237481132531358", attributes: String = "", more: String = "")
    -> String
  {
    """
    {"traceId":"1ee0adb32cb106d4a2b1514ccbcefa55","spanId":"\(id)","name":"chat","startTimeUnixNano":"\(start)",
    "endTimeUnixNano":"\(start)"\(more),"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}}
    \(attributes)]}
    """
  }

  static func text(_ key: String, _ value: String) -> String {
    ",{\"key\":\"\(key)\",\"value\":{\"stringValue\":\"\(value)\"}}"
  }

  /// How often a member of that name stands in an event.
  static func count(_ name: String, _ event: String) -> Int { event.ranges(of: "\"\(name)\":").count }

  @Test(arguments: ["18446744073709551615", "0", "1"])
  func `two events at the same edge of time are told apart and nothing traps`(start: String) throws {
    let events = try Self.events(
      Self.request([Self.span("0000000000000001", start: start), Self.span("0000000000000002", start: start)]))
    #expect(events.count == 2)
    let timestamps = events.map { event in event.split(separator: "\"timestamp\":\"").last.map { $0.prefix(30) } ?? "" }
    #expect(timestamps.count == 2 && timestamps[0] != timestamps[1])
  }

  @Test func `names inside OTLP structures are escaped`() throws {
    let part = #"{"kvlistValue":{"values":[{"key":"a\"b\n","value":{"stringValue":"x"}}]}}"#
    let message =
      #"{"kvlistValue":{"values":[{"key":"role","value":{"stringValue":"user"}},"#
      + #"{"key":"content","value":{"arrayValue":{"values":[\#(part)]}}}]}}"#
    let attribute = #",{"key":"gen_ai.input.messages","value":{"arrayValue":{"values":[\#(message)]}}}"#
    let events = try Self.events(Self.request([Self.span("0000000000000001", attributes: attribute)]))
    #expect(events[0].contains(#""a\"b\n":"x""#))
  }

  @Test func `what the gateway says itself cannot be said by a client too`() throws {
    let names = [
      "$ai_trace_id", "$ai_span_id", "$ai_parent_id", "$ai_is_error", "$ai_error", "$lib", "$lib_version",
      "$ai_ingestion_source", "$ai_prompt_tokens",
    ]
    let attributes =
      names.map { Self.text($0, "otel") }.joined()
      + ",{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":7}}"
    let span = Self.span(
      "0000000000000001", attributes: attributes, more: ",\"status\":{\"code\":2,\"message\":\"no\"}")
    let event = try Self.events(Self.request([span]))[0]
    for name in names { #expect(Self.count(name, event) <= 1, "\(name)") }
    #expect(Self.count("$ai_ingestion_source", event) == 0)
    #expect(event.contains("\"$ai_prompt_tokens\":7") && event.contains("\"$ai_error\":\"no\""))
  }

  @Test func `an attribute that is given twice comes out once, of spans and of resources`() throws {
    let twice = Self.text("app.a", "1") + Self.text("app.a", "2")
    let event = try Self.events(
      Self.request([Self.span("0000000000000001", attributes: twice)], resource: String(twice.dropFirst())))[0]
    #expect(Self.count("otel.app.a", event) == 1 && event.contains("\"otel.app.a\":\"2\""))
    #expect(Self.count("otel.resource.app.a", event) == 1)
  }

  @Test func `content from logs survives a span that is sent twice`() throws {
    let span = Self.request([Self.span("0000000000000001")])
    let log = """
      {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"1ee0adb32cb106d4a2b1514ccbcefa55",
      "spanId":"0000000000000001","eventName":"gen_ai.user.message","body":{"kvlistValue":{"values":[
      {"key":"content","value":{"stringValue":"hello there"}}]}}}]}]}]}
      """
    #expect(try Self.events(span, span, log).first?.contains("hello there") == true)
  }

  @Test func `lone surrogates and odd bytes never leave`() throws {
    let messages = #"[{\"role\":\"user\",\"content\":\"a\\ud800b\"}]"#
    let event = try Self.events(
      Self.request([Self.span("0000000000000001", attributes: Self.text("gen_ai.input.messages", messages))]))[0]
    #expect(event.contains(#"a\ufffdb"#))
  }

  @Test func `a property of two megabytes is cut and says so`() throws {
    let long = String(repeating: "x", count: 2 << 20)
    let event = try Self.events(
      Self.request([Self.span("0000000000000001", attributes: Self.text("gen_ai.request.model", long))]))[0]
    #expect(event.utf8.count < 3 << 20 && event.contains("…[truncated 1048576 bytes]"))
  }
}
