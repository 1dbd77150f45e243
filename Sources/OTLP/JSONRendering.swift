package import Bytes
package import Telemetry

/// Writes an OTLP protobuf request as OTLP/JSON, for people to read: the way back of `JSONTranscoder`, by the same table.
///
/// As the specification has it: lowerCamelCase names, ids in hexadecimal, 64-bit integers as text, enums as numbers.
/// Fields that no table names are left out.
package enum JSONRendering {
  package static func json(_ body: ByteSpan, signal: Signal) throws(OTLPError) -> [UInt8] {
    var out = ByteBuffer(capacity: 2 * body.count + 64)
    try write(.request(signal), body, Slice(0, body.count), depth: 0, &out)
    return out.array()
  }

  private static func write(
    _ message: Message, _ bytes: ByteSpan, _ slice: Slice, depth: Int, _ out: inout ByteBuffer
  ) throws(OTLPError) {
    // Messages around values nest a little too, and each value is a message or two.
    guard depth < 3 * Limits.depthMax else { throw .tooDeep(offset: slice.start) }
    var found: [ProtobufField] = []
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) { found.append(field) }
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    for field in message.fields {
      let values = found.filter { $0.number == field.number && $0.wire == field.form.wire }
      guard let last = values.last else { continue }
      if !isFirst { out.append(UInt8(ascii: ",")) }
      isFirst = false
      out.append(UInt8(ascii: "\""))
      out.append(field.camelCaseName)
      out.append("\":")
      guard case .messages(let child) = field.form else {
        try write(last, field.form, bytes, depth: depth, &out)
        continue
      }
      out.append(UInt8(ascii: "["))
      for (number, value) in values.enumerated() {
        if number > 0 { out.append(UInt8(ascii: ",")) }
        try write(child, bytes, value.slice, depth: depth + 1, &out)
      }
      out.append(UInt8(ascii: "]"))
    }
    out.append(UInt8(ascii: "}"))
  }

  private static func write(
    _ field: ProtobufField, _ form: Message.Form, _ bytes: ByteSpan, depth: Int, _ out: inout ByteBuffer
  ) throws(OTLPError) {
    switch form {
    case .message(let child), .messages(let child): try write(child, bytes, field.slice, depth: depth + 1, &out)
    case .string: out.appendJSONString(bytes, field.slice)
    case .bool: field.scalar != 0 ? out.append("true") : out.append("false")
    case .uint32, .fixed32, .enumeration: out.appendDecimal(UInt64(UInt32(truncatingIfNeeded: field.scalar)))
    case .double: write(Double(bitPattern: field.scalar), &out)
    case .int64, .fixed64, .id, .base64:
      out.append(UInt8(ascii: "\""))
      switch form {
      case .int64: out.appendDecimal(Int64(bitPattern: field.scalar))
      case .fixed64: out.appendDecimal(field.scalar)
      case .id: hex(bytes, field.slice, &out)
      default: out.appendBase64(bytes, field.slice)
      }
      out.append(UInt8(ascii: "\""))
    }
  }

  /// JSON has no word for what is not finite; protobuf's mapping to JSON writes it as text.
  private static func write(_ value: Double, _ out: inout ByteBuffer) {
    if value.isFinite { return out.appendJSONNumber(value) }
    if value.isNaN { return out.append("\"NaN\"") }
    value > 0 ? out.append("\"Infinity\"") : out.append("\"-Infinity\"")
  }

  private static func hex(_ bytes: ByteSpan, _ slice: Slice, _ out: inout ByteBuffer) {
    for place in slice.range {
      out.append(Hex.character(UInt64(bytes[place] >> 4)))
      out.append(Hex.character(UInt64(bytes[place] & 15)))
    }
  }
}

extension Message.Form {
  fileprivate var wire: WireType {
    switch self {
    case .string, .id, .base64, .message, .messages: .bytes
    case .bool, .int64, .uint32, .enumeration: .varint
    case .fixed32: .fixed32
    case .fixed64, .double: .fixed64
    }
  }
}

extension Message.Field {
  fileprivate var camelCaseName: [UInt8] {
    var out: [UInt8] = []
    var startsWord = false
    for letter in name {
      if letter != UInt8(ascii: "_") { out.append(startsWord ? letter & 0xdf : letter) }
      startsWord = letter == UInt8(ascii: "_")
    }
    return out
  }
}
