internal import Bytes
internal import Telemetry

/// Rewrites a request in which a message that may stand once stands several times. Protobuf says such messages are
/// merged, as if their bytes stood behind each other; merged here, once, nothing behind has to know of it.
enum Normaliser {
  /// `bytes` have been scanned: they are well-formed and nest no deeper than the scanner allows.
  static func normalised(_ bytes: ByteSpan, signal: Signal) throws(OTLPError) -> [UInt8] {
    var output = ByteBuffer(capacity: bytes.count)
    try write(.request(signal), bytes, [Slice(0, bytes.count)], &output)
    return output.array()
  }

  /// Writes one message whose bytes stand in `parts`.
  private static func write(
    _ message: Message, _ bytes: ByteSpan, _ parts: [Slice], _ output: inout ByteBuffer
  ) throws(OTLPError) {
    // What stands last: messages to merge, and of a oneof (an `AnyValue`) the member that counts.
    var held: [Held] = []
    for part in parts {
      var cursor = ProtobufCursor(part)
      var start = part.start
      while let field = try cursor.field(in: bytes) {
        let raw = Slice(start, cursor.offset)
        start = cursor.offset
        let form = field.wire == .bytes ? message.fields.first { $0.number == field.number }?.form : nil
        switch form {
        case .messages(let child): try nest(field.number, child, bytes, [field.slice], &output)
        case .message(let child):
          if message == .anyValue, held.last?.number != field.number { held.removeAll() }
          if let index = held.firstIndex(where: { $0.number == field.number }) {
            held[index].parts.append(field.slice)
          } else {
            held.append(Held(number: field.number, child: child, parts: [field.slice]))
          }
        default:
          if message != .anyValue {
            output.append(bytes, raw)
          } else if Value.isScalar(field) {
            held = [Held(number: field.number, child: nil, parts: [raw])]
          }
        }
      }
    }
    for member in held {
      if let child = member.child {
        try nest(member.number, child, bytes, member.parts, &output)
      } else {
        for part in member.parts { output.append(bytes, part) }
      }
    }
  }

  private struct Held {
    var number: UInt32
    /// Nil for a scalar: `parts` is then the whole field.
    var child: Message?
    var parts: [Slice]
  }

  private static func nest(
    _ number: UInt32, _ child: Message, _ bytes: ByteSpan, _ parts: [Slice], _ output: inout ByteBuffer
  ) throws(OTLPError) {
    output.appendTag(number, .bytes)
    let mark = output.beginLength()
    try write(child, bytes, parts, &output)
    output.endLength(mark)
  }
}
