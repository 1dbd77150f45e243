/// Writing JSON: text is escaped and repaired on its way, so that what comes out is always valid.
extension ByteBuffer {
  /// Appends plain UTF-8 as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
  @inlinable package mutating func appendJSONString(_ bytes: ByteSpan, _ slice: Slice) {
    append(UInt8(ascii: "\""))
    appendJSONContent(bytes, slice)
    append(UInt8(ascii: "\""))
  }

  /// The same without the quotes.
  @inlinable package mutating func appendJSONContent(_ bytes: ByteSpan, _ slice: Slice) {
    var index = slice.start
    let end = slice.end
    while index < end {
      // Room for the rest; and each block is copied before it is known how much of it may stay.
      reserve(end &- index)
      while index &+ JSONBlock.size <= bytes.count {
        let block = JSONBlock(bytes, index)
        unsafe UnsafeMutableRawPointer(base + length).storeBytes(of: block.low.littleEndian, as: UInt64.self)
        unsafe UnsafeMutableRawPointer(base + length + 8).storeBytes(of: block.high.littleEndian, as: UInt64.self)
        let plain = min(block.plain, end &- index)
        length &+= plain
        index &+= plain
        if plain < JSONBlock.size { break }
      }
      if index >= end { return }
      let byte = bytes[index]
      if !JSONBlock.isSpecial(byte) {
        append(byte)
      } else if byte >= 0x80, case let size = UTF8Check.sequenceLength(bytes, index, end), size > 0 {
        append(bytes, Slice(index, index &+ size))
        index &+= size
        continue
      } else {
        appendEscaped(byte)
      }
      index &+= 1
    }
  }

  @usableFromInline mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    case 0x08: append("\\b")
    case 0x0c: append("\\f")
    case 0x80...: append("\\ufffd")
    default:
      append("\\u00")
      append(Hex.character(UInt64(byte &>> 4)))
      append(Hex.character(UInt64(byte)))
    }
  }

  package mutating func appendJSONString(_ text: String) {
    let bytes = Array(text.utf8)
    appendJSONString(bytes.span, Slice(0, bytes.count))
  }

  /// Appends the content of a JSON string that a scanner has checked. Only lone surrogates are changed (to U+FFFD):
  /// they are legal JSON, but PostHog's parser refuses the whole batch for one.
  package mutating func appendJSONRaw(_ bytes: ByteSpan, _ slice: Slice, hasUnicodeEscapes: Bool) {
    guard hasUnicodeEscapes else { return append(bytes, slice) }
    var index = slice.start
    while index < slice.end {
      guard bytes[index] == UInt8(ascii: "\\") else {
        append(bytes[index])
        index += 1
        continue
      }
      guard bytes[index + 1] == UInt8(ascii: "u") else {
        append(bytes, Slice(index, index + 2))
        index += 2
        continue
      }
      let size = JSONText.surrogateLength(bytes, index, slice.end)
      if size == 0 { append("\\ufffd") } else { append(bytes, Slice(index, index + size)) }
      index += max(size, 6)
    }
  }

  /// Appends a decimal integer.
  package mutating func appendDecimal(_ value: Int64) {
    if value < 0 {
      append(UInt8(ascii: "-"))
      return appendDecimal(value.magnitude)
    }
    appendDecimal(UInt64(value))
  }

  package mutating func appendDecimal(_ value: UInt64) {
    if value < 10 { return append(0x30 &+ UInt8(truncatingIfNeeded: value)) }
    var digits = 1
    var bound: UInt64 = 10
    while value >= bound {
      digits += 1
      if digits == 20 { break }
      bound &*= 10
    }
    appendDecimal(value, digits: digits)
  }

  /// Appends the last digits of a number, with zeros in front.
  package mutating func appendDecimal(_ value: UInt64, digits: Int) {
    var rest = value
    if digits > 8 {
      appendDecimal(value / 100_000_000, digits: digits &- 8)
      rest = value % 100_000_000
    }
    // Eight digits in one word, the first in its lowest byte.
    let size = min(digits, 8)
    var word: UInt64 = 0
    for _ in 0..<size {
      word = word &<< 8 | (0x30 &+ rest % 10)
      rest /= 10
    }
    let end = count &+ size
    append(bigEndian: word.byteSwapped)
    truncate(to: end)
  }

  /// Appends a number; JSON has no infinities and no NaN, so those become null.
  package mutating func appendJSONNumber(_ value: Double) {
    guard value.isFinite else { return append("null") }
    if value == value.rounded(.towardZero), abs(value) < 1e15 { return appendDecimal(Int64(value)) }
    if !appendShort(value) { append(value.description) }
  }

  /// Appends a number that has at most four decimals; false for others.
  ///
  /// At most fifteen digits tell doubles apart, so the decimal of fewest digits that is the number is what
  /// `description` finds by a longer way. Below 0.001 and above 10^9 that may choose an exponent.
  private mutating func appendShort(_ value: Double) -> Bool {
    let size = abs(value)
    guard size >= 0.001, size < 1e9 else { return false }
    var scale: Double = 10
    for decimals in 1...4 {
      let scaled = (size * scale).rounded()
      if scaled / scale == size {
        let (whole, part) = UInt64(scaled).quotientAndRemainder(dividingBy: UInt64(scale))
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(whole)
        append(UInt8(ascii: "."))
        appendDecimal(part, digits: decimals)
        return true
      }
      scale *= 10
    }
    return false
  }
}
