package import Bytes
package import Telemetry

/// Turns OTLP/JSON into OTLP protobuf in one pass over the text, so that one form exists behind the door. Memory is
/// bounded by the output, and that by the size of the text.
///
/// Follows the specification (hexadecimal ids, 64-bit integers as text or number, unknown fields ignored) and is as
/// lenient as the Collector beyond it: snake_case names, names of enum values, URL-safe base64. Of a name given twice
/// the last counts. An id that is no hexadecimal number becomes one of the wrong length, so that the scanner refuses
/// that record and not the request.
package struct JSONTranscoder: ~Copyable {
  var scanner: JSONScanner
  var output: ByteBuffer
  private var nodes = 0
  /// What the open messages have written for the fields that hold messages, the innermost message's last.
  private var written: [Written] = []

  private struct Written {
    var number: UInt32
    var start: Int
    var end: Int
  }

  /// Unknown values may nest this deep: more than any client sends, and the walk over them is recursive.
  private static let unknownDepthMax = 128
  /// A field number that no OTLP message has.
  private static let ignoredField: UInt32 = 1_000

  /// The request as protobuf. Throws `.malformed` with the byte offset in the text and the path of the field.
  package static func protobuf(from bytes: ByteSpan, signal: Signal) throws(OTLPError) -> [UInt8] {
    var transcoder = JSONTranscoder(bytes)
    try transcoder.message(.request(signal), bytes, depth: 0)
    if transcoder.scanner.peek(bytes) != nil {
      throw OTLPError(JSONError(.trailingText, at: transcoder.scanner.offset))
    }
    return transcoder.output.array()
  }

  init(_ bytes: ByteSpan) {
    let start = bytes.starts(Slice(0, bytes.count), with: ContentKind.byteOrderMark) ? 3 : 0
    scanner = JSONScanner(Slice(start, bytes.count))
    output = ByteBuffer(capacity: max(256, bytes.count / 2))
  }

  /// Reads one object. `depth` counts the `AnyValue`s it stands in.
  private mutating func message(_ message: Message, _ bytes: ByteSpan, depth: Int) throws(OTLPError) {
    nodes += 1
    if nodes > Limits.nodesMax { throw .tooManyValues }
    if message == .anyValue, depth > Limits.depthMax { throw .tooDeep(offset: scanner.offset) }
    // A null stands for a message with nothing in it where only leaving it out would move its neighbours.
    if scanner.peek(bytes) == UInt8(ascii: "n") { return try literal("null", bytes) }
    let fields = message.fields
    let base = written.count
    var more = try open("{", "}", bytes)
    while more {
      let name = try string(bytes)
      try expect(":", bytes)
      let next = scanner.peek(bytes)
      if next == UInt8(ascii: "n") {
        try literal("null", bytes)
      } else if let field = fields.first(where: { $0.isNamed(bytes, name) }) {
        do throws(OTLPError) { try value(field, bytes, depth: depth, base: base) } catch {
          throw error.below(String(decoding: field.name, as: UTF8.self))
        }
      } else {
        try skip(bytes, depth: 0)
      }
      more = try another("}", bytes)
    }
    written.removeSubrange(base...)
  }

  private mutating func value(
    _ field: Message.Field, _ bytes: ByteSpan, depth: Int, base: Int
  ) throws(OTLPError) {
    switch field.form {
    case .message(let child):
      let start = replace(field, base)
      try nested(field, child, bytes, depth: depth)
      written.append(Written(number: field.number, start: start, end: output.count))
    case .messages(let child):
      let start = replace(field, base)
      var more = try open("[", "]", bytes)
      while more {
        try nested(field, child, bytes, depth: depth)
        more = try another("]", bytes)
      }
      written.append(Written(number: field.number, start: start, end: output.count))
    default: try scalar(field, bytes)
    }
  }

  private mutating func nested(
    _ field: Message.Field, _ child: Message, _ bytes: ByteSpan, depth: Int
  ) throws(OTLPError) {
    output.appendTag(field.number, .bytes)
    let mark = output.beginLength()
    try message(child, bytes, depth: child == .anyValue ? depth + 1 : depth)
    output.endLength(mark)
  }

  /// Protobuf would merge or join what a second field of the same name says; JSON means the last. What the first wrote
  /// is turned, where it stands, into a field nobody knows. Returns where the new one begins.
  private mutating func replace(_ field: Message.Field, _ base: Int) -> Int {
    if let index = written[base...].firstIndex(where: { $0.number == field.number }) {
      let first = written.remove(at: index)
      // Messages take at least six bytes here, their tag and a padded length: enough for any tag and length.
      if first.end > first.start {
        let tag = UInt64(Self.ignoredField) << 3 | UInt64(WireType.bytes.rawValue)
        let width = min(5, first.end - first.start - 2)
        output.setVarint(tag, at: first.start, width: 2)
        output.setVarint(UInt64(first.end - first.start - 2 - width), at: first.start + 2, width: width)
      }
    }
    return output.count
  }

  /// Walks over a value that no field of ours takes.
  mutating func skip(_ bytes: ByteSpan, depth: Int) throws(OTLPError) {
    guard depth < Self.unknownDepthMax else { throw .tooDeep(offset: scanner.offset) }
    switch scanner.peek(bytes) {
    case UInt8(ascii: "{"):
      var more = try open("{", "}", bytes)
      while more {
        _ = try string(bytes)
        try expect(":", bytes)
        try skip(bytes, depth: depth + 1)
        more = try another("}", bytes)
      }
    case UInt8(ascii: "["):
      var more = try open("[", "]", bytes)
      while more {
        try skip(bytes, depth: depth + 1)
        more = try another("]", bytes)
      }
    case UInt8(ascii: "\""): _ = try string(bytes)
    case UInt8(ascii: "t"): try literal("true", bytes)
    case UInt8(ascii: "f"): try literal("false", bytes)
    case UInt8(ascii: "n"): try literal("null", bytes)
    default: _ = try number(bytes)
    }
  }
}

extension Message.Field {
  /// Whether a name in JSON is this field's, in lowerCamelCase or as the `.proto` file has it.
  func isNamed(_ bytes: ByteSpan, _ key: JSONString) -> Bool {
    if key.hasEscapes {
      var plain: [UInt8] = []
      JSONText.unescape(bytes, key.slice, into: &plain)
      return isNamed(plain.span, Slice(0, plain.count))
    }
    return isNamed(bytes, key.slice)
  }

  private func isNamed(_ bytes: ByteSpan, _ key: Slice) -> Bool {
    var index = key.start
    var startsWord = false
    for letter in name {
      if letter == UInt8(ascii: "_") {
        // In snake_case the underscore stands there, in lowerCamelCase the next letter is a capital.
        let isThere = index < key.end && bytes[index] == letter
        if isThere { index += 1 }
        startsWord = !isThere
        continue
      }
      guard index < key.end, bytes[index] == (startsWord ? letter & 0xdf : letter) else { return false }
      startsWord = false
      index += 1
    }
    return index == key.end
  }
}
