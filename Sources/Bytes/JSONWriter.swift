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
    precondition(end <= bytes.count)
    while index < end {
      // Room for the rest; and each block is copied before it is known how much of it may stay.
      reserve(end &- index)
      var plain = 0
      repeat {
        let block = JSONBlock.at(index, of: bytes)
        unsafe UnsafeMutableRawPointer(base + length).storeBytes(of: block.low.littleEndian, as: UInt64.self)
        unsafe UnsafeMutableRawPointer(base + length + 8).storeBytes(of: block.high.littleEndian, as: UInt64.self)
        plain = min(block.plain, end &- index)
        length &+= plain
        index &+= plain
      } while plain == JSONBlock.size && index < end
      if index >= end { return }
      let byte = bytes[index]
      if byte >= 0x80, case let size = UTF8Check.sequenceLength(bytes, index, end), size > 0 {
        append(bytes, Slice(index, index &+ size))
        index &+= size
      } else {
        appendEscaped(byte)
        index &+= 1
      }
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

  /// Appends the content of a JSON string that a scanner has checked. Only two things are changed: lone surrogates (to
  /// U+FFFD: they are legal JSON, but PostHog's parser refuses the whole batch for one), and escapes of plain ASCII, which
  /// becomes itself, so that nothing that is looked for in JSON can hide behind them.
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
      let unit = JSONText.unit(bytes, index)
      if size == 0 {
        append("\\ufffd")
      } else if unit < 0x80 {
        appendPlain(UInt8(unit))
      } else {
        append(bytes, Slice(index, index + size))
      }
      index += max(size, 6)
    }
  }

  private mutating func appendPlain(_ byte: UInt8) {
    if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      appendEscaped(byte)
    } else {
      append(byte)
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
    if value >= 100_000_000 {
      appendDecimal(value / 100_000_000)
      return appendDecimal(value % 100_000_000, digits: 8)
    }
    let digits = Self.eightDigits(value)
    appendDigits(digits, 8 &- min(digits.trailingZeroBitCount &>> 3, 7))
  }

  /// Appends the last digits of a number, with zeros in front.
  package mutating func appendDecimal(_ value: UInt64, digits: Int) {
    if digits > 8 { appendDecimal(value / 100_000_000, digits: digits &- 8) }
    appendDigits(Self.eightDigits(value % 100_000_000), min(digits, 8))
  }

  /// Appends the last `count` of eight digits.
  @inline(__always) private mutating func appendDigits(_ digits: UInt64, _ count: Int) {
    let end = length &+ count
    let text = (digits | 0x3030_3030_3030_3030) &>> UInt64(truncatingIfNeeded: 64 &- count &* 8)
    append(bigEndian: text.byteSwapped)
    length = end
  }

  /// The digits of a number below 10^8, one in each byte, the first in the lowest: halved into numbers of four, two and
  /// one digit, each time all at once. `* 10486 >> 20` and `* 103 >> 10` divide by 100 and by 10, as far as is needed.
  @inline(__always) private static func eightDigits(_ value: UInt64) -> UInt64 {
    let fours = value / 10_000 | (value % 10_000) &<< 32
    let hundreds = (fours &* 10_486) &>> 20 & 0x0000_007f_0000_007f
    let twos = hundreds | (fours &- hundreds &* 100) &<< 16
    let tens = (twos &* 103) &>> 10 & 0x000f_000f_000f_000f
    return tens | (twos &- tens &* 10) &<< 8
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
