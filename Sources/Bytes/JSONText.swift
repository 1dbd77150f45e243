/// From the content of a JSON string, as it stands between the quotes, to the text it means.
package enum JSONText {
  /// Decodes escapes of a checked string; lone surrogates become U+FFFD.
  package static func unescape(_ bytes: ByteSpan, _ slice: Slice, into output: inout [UInt8]) {
    var index = slice.start
    while index < slice.end {
      var plain = JSONScanner.firstSpecial(bytes, index, slice.end)
      while plain < slice.end, bytes[plain] != UInt8(ascii: "\\") { plain += 1 }
      output.append(bytes, Slice(index, plain))
      index = plain
      guard index + 1 < slice.end else { return }
      switch bytes[index + 1] {
      case UInt8(ascii: "n"): output.append(0x0a)
      case UInt8(ascii: "r"): output.append(0x0d)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "f"): output.append(0x0c)
      case UInt8(ascii: "u"):
        let size = surrogateLength(bytes, index, slice.end)
        let scalar = size == 0 ? 0xfffd : scalar(bytes, index, size)
        output.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{fffd}")).utf8)
        index += max(size, 6)
        continue
      default: output.append(bytes[index + 1])
      }
      index += 2
    }
  }

  /// 6 for the escape of a whole code point at `index`, 12 for a surrogate pair, 0 for half of one.
  static func surrogateLength(_ bytes: ByteSpan, _ index: Int, _ end: Int) -> Int {
    let first = unit(bytes, index)
    guard first & 0xf800 == 0xd800 else { return 6 }
    guard first < 0xdc00, index + 12 <= end, bytes[index + 6] == UInt8(ascii: "\\"),
      bytes[index + 7] == UInt8(ascii: "u"), unit(bytes, index + 6) & 0xfc00 == 0xdc00
    else { return 0 }
    return 12
  }

  static func scalar(_ bytes: ByteSpan, _ index: Int, _ size: Int) -> UInt32 {
    let first = unit(bytes, index)
    if size == 6 { return first }
    return 0x10000 + (first & 0x3ff) << 10 + unit(bytes, index + 6) & 0x3ff
  }

  static func unit(_ bytes: ByteSpan, _ index: Int) -> UInt32 {
    var value: UInt32 = 0
    for digit in index + 2..<index + 6 { value = value << 4 | UInt32(Hex.digit(bytes[digit]) ?? 0) }
    return value
  }
}
