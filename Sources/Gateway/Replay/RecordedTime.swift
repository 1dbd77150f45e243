import Bytes
import Telemetry

/// When a recorded request was sent: an exporter sends a batch right after the last of its records.
enum RecordedTime {
  /// Field numbers of opentelemetry-proto v1: `Span.start_time_unix_nano`, `.end_time_unix_nano`;
  /// `LogRecord.time_unix_nano`, `.observed_time_unix_nano`.
  private static func timeFields(_ signal: Signal) -> [UInt32] {
    switch signal {
    case .traces: [7, 8]
    case .logs: [1, 11]
    }
  }

  /// The latest time in an export request; nil without one. A damaged request tells what stands before the damage.
  static func protobuf(_ bytes: ByteSpan, _ signal: Signal) -> UInt64? {
    var latest: UInt64 = 0
    walk(bytes, Slice(0, bytes.count), timeFields(signal), depth: 0, &latest)
    return latest == 0 ? nil : latest
  }

  /// Request (1), resource (2), scope (2), record: that many levels of messages, each in the field named.
  private static let path: [UInt32] = [1, 2, 2]

  private static func walk(
    _ bytes: ByteSpan, _ message: Slice, _ fields: [UInt32], depth: Int, _ latest: inout UInt64
  ) {
    var cursor = ProtobufCursor(message)
    while let field = try? cursor.next(in: bytes) {
      if depth < path.count {
        if field.number == path[depth], field.wire == .bytes {
          walk(bytes, field.slice, fields, depth: depth + 1, &latest)
        }
      } else if fields.contains(field.number), field.wire == .fixed64 {
        latest = max(latest, field.scalar)
      }
    }
  }

  /// Names of OTLP/JSON that hold a time, as text or number.
  private static let names = ["endTimeUnixNano", "startTimeUnixNano", "timeUnixNano", "observedTimeUnixNano"]
    .map { Array("\"\($0)\"".utf8) }

  /// The same of OTLP/JSON. Only a hint for the pace, so the text is searched, not parsed.
  static func json(_ bytes: ByteSpan) -> UInt64? {
    var latest: UInt64 = 0
    for index in 0..<bytes.count where bytes[index] == UInt8(ascii: "\"") {
      for name in names where bytes.starts(Slice(index, bytes.count), with: name) {
        latest = max(latest, number(bytes, from: index + name.count))
      }
    }
    return latest == 0 ? nil : latest
  }

  private static func number(_ bytes: ByteSpan, from start: Int) -> UInt64 {
    var index = start
    while index < bytes.count, " \t\r\n:\"".utf8.contains(bytes[index]) { index += 1 }
    var value: UInt64 = 0
    while index < bytes.count, (0x30...0x39).contains(bytes[index]) {
      value = value &* 10 &+ UInt64(bytes[index] &- 0x30)
      index += 1
    }
    return value
  }
}
