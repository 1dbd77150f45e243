/// Hexadecimal text, as trace and span ids are written.
@usableFromInline
package enum Hex {
  /// The value of one digit in either case; nil for anything else.
  @inlinable package static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x61...0x66: byte &- 0x61 &+ 10
    case 0x41...0x46: byte &- 0x41 &+ 10
    default: nil
    }
  }

  @inlinable package static func character(_ nibble: UInt64) -> UInt8 {
    let low = UInt8(truncatingIfNeeded: nibble & 15)
    return low < 10 ? 0x30 &+ low : 0x61 &+ low &- 10
  }

  /// The eight digits of the low half of `value`, the first in the highest byte, all at once: each byte holds one
  /// digit; adding 6 carries into its fifth bit if the digit is a letter.
  @inlinable package static func eight(_ value: UInt64) -> UInt64 {
    var digits = value & 0xffff_ffff
    digits = (digits | digits &<< 16) & 0x0000_ffff_0000_ffff
    digits = (digits | digits &<< 8) & 0x00ff_00ff_00ff_00ff
    digits = (digits | digits &<< 4) & 0x0f0f_0f0f_0f0f_0f0f
    let letters = (digits &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
    return digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
  }

  /// Sixteen digits read as a number; nil unless `slice` holds exactly sixteen.
  package static func parse64(_ bytes: ByteSpan, _ slice: Slice) -> UInt64? {
    guard slice.count == 16 else { return nil }
    var value: UInt64 = 0
    for index in slice.range {
      guard let digit = digit(bytes[index]) else { return nil }
      value = value &<< 4 | UInt64(digit)
    }
    return value
  }

  /// Sixteen lower-case digits.
  package static func string(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension ByteBuffer {
  /// Appends `value` as sixteen lower-case digits.
  @inlinable package mutating func appendHex(_ value: UInt64) {
    append(bigEndian: Hex.eight(value &>> 32))
    append(bigEndian: Hex.eight(value))
  }

  /// Appends a UUID as text. Each word is written whole, and what is too much of it overwritten by the next.
  package mutating func appendUUID(_ id: (high: UInt64, low: UInt64)) {
    let start = length
    let middle = Hex.eight(id.high)
    let variant = Hex.eight(id.low &>> 32)
    append(bigEndian: Hex.eight(id.high &>> 32))
    append(UInt8(ascii: "-"))
    append(bigEndian: middle)
    length = start &+ 13
    append(UInt8(ascii: "-"))
    append(bigEndian: middle &<< 32)
    length = start &+ 18
    append(UInt8(ascii: "-"))
    append(bigEndian: variant)
    length = start &+ 23
    append(UInt8(ascii: "-"))
    append(bigEndian: variant &<< 32)
    length = start &+ 28
    append(bigEndian: Hex.eight(id.low))
  }
}
