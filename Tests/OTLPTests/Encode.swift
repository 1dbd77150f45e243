import Bytes
import OTLP
import Telemetry

/// Builds protobuf by hand, so that tests can also say what no encoder would.
enum Encode {
  static func varint(_ number: UInt32, _ value: UInt64) -> [UInt8] {
    var out = ByteBuffer()
    out.appendTag(number, .varint)
    out.appendVarint(value)
    return out.array()
  }

  static func fixed64(_ number: UInt32, _ value: UInt64) -> [UInt8] {
    var out = ByteBuffer()
    out.appendTag(number, .fixed64)
    out.appendLittleEndian(value)
    return out.array()
  }

  static func fixed32(_ number: UInt32, _ value: UInt32) -> [UInt8] {
    var out = ByteBuffer()
    out.appendTag(number, .fixed32)
    out.appendLittleEndian(value)
    return out.array()
  }

  static func bytes(_ number: UInt32, _ content: [UInt8]) -> [UInt8] {
    var out = ByteBuffer()
    out.appendField(number, content.span)
    return out.array()
  }

  static func text(_ number: UInt32, _ text: String) -> [UInt8] {
    bytes(number, Array(text.utf8))
  }

  /// A `KeyValue` with a text.
  static func attribute(_ key: String, _ value: String) -> [UInt8] {
    text(1, key) + bytes(2, text(1, value))
  }

  static let trace = Array(UInt8(1)...16)
  static let span = Array(UInt8(1)...8)

  /// A `Span` with an id in `trace`, and more fields behind.
  static func span(trace: [UInt8] = trace, id: [UInt8] = span, _ more: [UInt8] = []) -> [UInt8] {
    bytes(1, trace) + bytes(2, id) + more
  }

  /// A request with one resource and one scope; `records` are encoded spans or log records.
  static func request(_ records: [[UInt8]]) -> [UInt8] {
    bytes(1, bytes(2, records.flatMap { bytes(2, $0) }))
  }

  /// An `AnyValue` nested `depth` deep in arrays, or in maps.
  static func nested(depth: Int, map: Bool = false) -> [UInt8] {
    var value = text(1, "x")
    for _ in 1..<depth { value = map ? bytes(6, bytes(1, bytes(2, value))) : bytes(5, bytes(1, value)) }
    return value
  }
}

extension RequestScanner {
  /// Scans a body that the test does not want back.
  static func scanned(_ body: [UInt8], _ signal: Signal = .traces) throws(OTLPError) -> ScanResult {
    var body = body
    return try scan(&body, signal: signal)
  }
}
