import Bytes
import Codec
import Mapping
import Telemetry

/// Kept log records as events `hoglet_log`, for a PostHog without an endpoint for logs (`logs.forward: events`).
enum LogEvents {
  static let name: StaticString = "hoglet_log"
  /// For UUIDv5: made once at random, never to change.
  private static let namespace: (UInt64, UInt64) = (0x51e8_0c3d_7a94_4b26, 0xb3d7_29f0_64c8_1ea5)
  /// Values inside values, deeper than this, are left out: nobody reads them.
  private static let depthMax = 16

  /// Appends an event for each of `kept`, indices into `batch.logs`. `members` gives how one was sampled, as
  /// `Decision.members`; `user` is whose events they are, nil for nobody's.
  static func write(
    _ batch: Batch, kept: some Sequence<Int>, user: [UInt8]?, to out: inout ByteBuffer, members: (Int) -> [UInt8]
  ) -> [Slice] {
    let bytes = batch.arena.span
    var alike: [UInt64: UInt64] = [:]
    return kept.map { index in
      let start = out.count
      // Equal records of one request are as many events.
      let hash = Hash.bytes(bytes, batch.logs[index].encoded) ^ UInt64(batch.logs[index].scope)
      let ordinal = alike[hash, default: 0]
      alike[hash] = ordinal + 1
      write(batch.logs[index], batch, bytes, user, members(index), ordinal, to: &out)
      return Slice(start, out.count)
    }
  }

  /// Follows from the record, what made it, and which of equal ones it is.
  private static func identity(
    _ log: LogRecord, _ batch: Batch, _ bytes: ByteSpan, _ ordinal: UInt64
  ) -> (high: UInt64, low: UInt64) {
    let scope = batch.scopes[Int(log.scope)]
    var name = ByteBuffer(capacity: Int(log.encoded.count) + 256)
    for part in [log.encoded, scope.encoded, batch.resources[Int(scope.resource)].encoded] {
      name.appendVarint(UInt64(part.count))
      name.append(bytes, part)
    }
    name.appendVarint(ordinal)
    return name.withSpan { UUID5.make(namespace: namespace, name: $0) }
  }

  /// Whether something that died is one of these.
  static func isEvent(_ json: [UInt8]) -> Bool { json.starts(with: "{\"event\":\"\(name)\"".utf8) }

  private static func write(
    _ log: LogRecord, _ batch: Batch, _ bytes: ByteSpan, _ user: [UInt8]?, _ members: [UInt8],
    _ ordinal: UInt64, to out: inout ByteBuffer
  ) {
    let time = log.time > 0 ? log.time : log.observedTime
    out.append("{\"event\":\"")
    out.append(name)
    out.append("\",\"distinct_id\":")
    if let user, !user.isEmpty {
      out.appendJSONString(user.span, Slice(0, user.count))
    } else {
      out.appendJSONString(SideEvent.distinctID)
    }
    out.append(",\"uuid\":\"")
    out.appendUUID(identity(log, batch, bytes, ordinal))
    out.append("\",\"timestamp\":\"")
    out.appendTimestamp(time)
    out.append("\",\"properties\":{\"body\":")
    append(log.body, bytes, depth: 0, to: &out)
    out.append(",\"severity_number\":")
    out.appendDecimal(UInt64(log.severity))
    for (name, text) in [("severity_text", log.severityText), ("event_name", log.eventName)] where !text.isEmpty {
      append(",\"\(name)\":", bytes, text, to: &out)
    }
    if let trace = log.trace { out.append(",\"$ai_trace_id\":\"\(trace)\"") }
    if let span = log.span { out.append(",\"$ai_span_id\":\"\(span)\"") }
    let scope = batch.scopes[Int(log.scope)]
    append(log.attributes, prefix: "log.", batch, bytes, to: &out)
    append(batch.resources[Int(scope.resource)].attributes, prefix: "otel.resource.", batch, bytes, to: &out)
    if !scope.name.isEmpty { append(",\"otel.scope.name\":", bytes, scope.name, to: &out) }
    out.append(",")
    out.append(members)
    if user?.isEmpty ?? true { out.append("\"$process_person_profile\":false,") }
    out.append("\"$geoip_disable\":true,\"$lib\":\"hoglet\",\"$lib_version\":\"")
    out.append(Mapper.version)
    out.append("\"}}")
  }

  private static func append(_ label: String, _ bytes: ByteSpan, _ text: Slice, to out: inout ByteBuffer) {
    out.append(label)
    out.appendJSONString(bytes, text)
  }

  /// What is given twice counts once, as everywhere.
  private static func append(
    _ attributes: Run, prefix: StaticString, _ batch: Batch, _ bytes: ByteSpan, to out: inout ByteBuffer
  ) {
    for index in attributes {
      let attribute = batch.attributes[Int(index)]
      let isRepeat = (attributes.lowerBound..<index).contains { earlier in
        bytes.equals(batch.attributes[Int(earlier)].key, bytes, attribute.key)
      }
      if isRepeat || attribute.value == .empty { continue }
      out.append(",\"")
      out.append(prefix)
      out.appendJSONContent(bytes, attribute.key)
      out.append("\":")
      append(attribute.value, bytes, depth: 0, to: &out)
    }
  }

  private static func append(_ value: Value, _ bytes: ByteSpan, depth: Int, to out: inout ByteBuffer) {
    switch value {
    case .empty: out.append("null")
    case .string(let text): out.appendJSONString(bytes, text)
    case .int(let number): out.appendDecimal(number)
    case .double(let number): number.isFinite ? out.appendJSONNumber(number) : out.append("null")
    case .bool(let flag): flag ? out.append("true") : out.append("false")
    case .bytes(let data):
      out.append("\"")
      out.appendBase64(bytes, data)
      out.append("\"")
    case .array(let slice):
      out.append("[")
      var reader = ArrayReader(slice)
      var count = 0
      while depth < depthMax, let element = (try? reader.next(in: bytes)) ?? nil {
        if count > 0 { out.append(",") }
        count += 1
        append(element, bytes, depth: depth + 1, to: &out)
      }
      out.append("]")
    case .map(let slice):
      out.append("{")
      var reader = MapReader(slice)
      var count = 0
      while depth < depthMax, let member = (try? reader.next(in: bytes)) ?? nil {
        if count > 0 { out.append(",") }
        count += 1
        out.appendJSONString(bytes, member.key)
        out.append(":")
        append(member.value, bytes, depth: depth + 1, to: &out)
      }
      out.append("}")
    }
  }
}
