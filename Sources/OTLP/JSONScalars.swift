internal import Bytes

/// Single values of OTLP/JSON (protobuf's JSON mapping, with OTLP's deviations).
extension JSONTranscoder {
  /// Reads the value at the cursor and writes `field`.
  mutating func scalar(_ field: Message.Field, _ bytes: ByteSpan) throws(OTLPError) {
    switch field.form {
    case .string:
      let string = try string(bytes)
      output.appendTag(field.number, .bytes)
      if !string.hasEscapes {
        output.appendVarint(UInt64(string.slice.count))
        output.append(bytes, string.slice)
      } else {
        append(text(string, bytes))
      }
    case .id:
      let text = text(try string(bytes), bytes)
      output.appendTag(field.number, .bytes)
      append(Self.id(text))
    case .base64:
      let start = scanner.offset
      let text = text(try string(bytes), bytes)
      guard let content = Base64.decode(text.span, Slice(0, text.count)) else {
        throw .malformed(offset: start, path: "", reason: "not base64")
      }
      output.appendTag(field.number, .bytes)
      append(content)
    case .bool:
      output.appendTag(field.number, .varint)
      output.append(try bool(bytes) ? 1 : 0)
    case .int64:
      let value = try integer(bytes, Int64.self)
      output.appendTag(field.number, .varint)
      output.appendVarint(UInt64(bitPattern: value))
    case .uint32:
      let value = try integer(bytes, UInt32.self)
      output.appendTag(field.number, .varint)
      output.appendVarint(UInt64(value))
    case .fixed32:
      let value = try integer(bytes, UInt32.self)
      output.appendTag(field.number, .fixed32)
      output.appendLittleEndian(value)
    case .fixed64:
      let value = try integer(bytes, UInt64.self)
      output.appendTag(field.number, .fixed64)
      output.appendLittleEndian(value)
    case .double:
      let value = try double(bytes)
      output.appendTag(field.number, .fixed64)
      output.appendLittleEndian(value.bitPattern)
    case .enumeration(let prefix, let names):
      let value = try enumeration(bytes, prefix, names)
      output.appendTag(field.number, .varint)
      // An int32 on the wire: a negative one is written with all ten bytes.
      output.appendVarint(UInt64(bitPattern: Int64(value)))
    case .message, .messages: throw mismatch("a single value")
    }
  }

  private mutating func append(_ content: [UInt8]) {
    output.appendVarint(UInt64(content.count))
    output.append(content)
  }

  private func text(_ string: JSONString, _ bytes: ByteSpan) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(Int(string.slice.count))
    if string.hasEscapes {
      JSONText.unescape(bytes, string.slice, into: &text)
    } else {
      text.append(bytes, string.slice)
    }
    return text
  }

  /// The bytes that hexadecimal digits of either case stand for; one byte, which no id has, for any other text.
  private static func id(_ text: [UInt8]) -> [UInt8] {
    var id: [UInt8] = []
    guard text.count.isMultiple(of: 2) else { return [0] }
    for index in stride(from: 0, to: text.count, by: 2) {
      guard let high = Hex.digit(text[index]), let low = Hex.digit(text[index + 1]) else { return [0] }
      id.append(high << 4 | low)
    }
    return id
  }

  private mutating func bool(_ bytes: ByteSpan) throws(OTLPError) -> Bool {
    switch scanner.peek(bytes) {
    case UInt8(ascii: "t"):
      try literal("true", bytes)
      return true
    case UInt8(ascii: "f"):
      try literal("false", bytes)
      return false
    default: throw mismatch("true or false")
    }
  }

  /// The text of a number, which may stand in quotes.
  private mutating func numberText(_ bytes: ByteSpan) throws(OTLPError) -> [UInt8] {
    if scanner.peek(bytes) == UInt8(ascii: "\"") { return text(try string(bytes), bytes) }
    var text: [UInt8] = []
    text.append(bytes, try number(bytes))
    return text
  }

  private mutating func integer<Integer: FixedWidthInteger>(
    _ bytes: ByteSpan, _ type: Integer.Type
  ) throws(OTLPError) -> Integer {
    _ = scanner.peek(bytes)
    let start = scanner.offset
    let text = try numberText(bytes)
    if let value = Self.integer(text, type) { return value }
    // 1e3 and 5.0 are integers too.
    if let value = Self.double(text), let exact = Integer(exactly: value) { return exact }
    throw .malformed(offset: start, path: "", reason: "not a whole number that fits the field")
  }

  private static func integer<Integer: FixedWidthInteger>(_ text: [UInt8], _ type: Integer.Type) -> Integer? {
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = text.dropFirst(isNegative ? 1 : 0)
    guard !digits.isEmpty else { return nil }
    var value: Integer = 0
    for byte in digits {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let digit = Integer(byte - 0x30)
      let (next, carry) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = next
    }
    return value
  }

  private mutating func double(_ bytes: ByteSpan) throws(OTLPError) -> Double {
    _ = scanner.peek(bytes)
    let start = scanner.offset
    let text = try numberText(bytes)
    switch String(decoding: text, as: UTF8.self) {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default:
      guard let value = Self.double(text) else {
        throw .malformed(offset: start, path: "", reason: "not a number")
      }
      return value
    }
  }

  /// Reads a JSON number, all of `text` or nothing.
  private static func double(_ text: [UInt8]) -> Double? {
    var scanner = JSONScanner(Slice(0, text.count))
    guard let number = try? scanner.number(text.span), number.end == text.count else { return nil }
    return Double(String(decoding: text, as: UTF8.self))
  }

  /// The number of an enum value, given as such or by name; a name that is not known counts as 0, unspecified.
  private mutating func enumeration(
    _ bytes: ByteSpan, _ prefix: String, _ names: [String]
  ) throws(OTLPError) -> Int32 {
    guard scanner.peek(bytes) == UInt8(ascii: "\"") else { return try integer(bytes, Int32.self) }
    let text = text(try string(bytes), bytes)
    if let number = Self.integer(text, Int32.self) { return number }
    let name = String(decoding: text, as: UTF8.self)
    return names.firstIndex { prefix + $0 == name }.map { Int32($0) } ?? 0
  }
}
