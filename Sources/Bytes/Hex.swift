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
    reserve(16)
    var shift: UInt64 = 60
    for _ in 0..<16 {
      append(Hex.character(value &>> shift))
      shift = shift &- 4
    }
  }
}
