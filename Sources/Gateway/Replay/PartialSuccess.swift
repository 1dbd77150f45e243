package import Bytes
import Telemetry

/// What an exporter learns from an answer with status 200: how many records were refused, and why
/// (`ExportTracePartialSuccess`, `ExportLogsPartialSuccess`).
package struct PartialSuccess: Sendable, Equatable {
  package var rejected: Int64 = 0
  package var message = ""

  /// Reads the body of an answer; nil if it says nothing of the kind.
  package init?(_ bytes: ByteSpan, isJSON: Bool) {
    if isJSON { readJSON(bytes) } else { readProtobuf(bytes) }
    if rejected == 0, message.isEmpty { return nil }
  }

  private mutating func readProtobuf(_ bytes: ByteSpan) {
    var response = ProtobufCursor(Slice(0, bytes.count))
    while let field = try? response.next(in: bytes) {
      guard field.number == 1, field.wire == .bytes else { continue }
      var partial = ProtobufCursor(field.slice)
      while let field = try? partial.next(in: bytes) {
        if field.number == 1, field.wire == .varint { rejected = Int64(bitPattern: field.scalar) }
        if field.number == 2, field.wire == .bytes { message = bytes.string(field.slice) }
      }
    }
  }

  private mutating func readJSON(_ bytes: ByteSpan) {
    var tape = JSONTape()
    guard let root = try? tape.parse(bytes, Slice(0, bytes.count)) else { return }
    for node in tape.nodes[root...] {
      switch bytes.string(node.key) {
      // A 64-bit number in protobuf's JSON is text, but not everyone does so.
      case "rejectedSpans", "rejectedLogRecords": rejected = Int64(bytes.string(node.text)) ?? 0
      case "errorMessage": message = bytes.string(node.text)
      default: break
      }
    }
  }
}
