import Bytes
import Testing

/// The short ways of writing and comparing say what the long ones say.
struct ShortWaysTests {
  @Test func decimals() {
    var generator = SystemRandomNumberGenerator()
    let fixed = [0.1, 0.7, 1.5, -0.25, 0.001, 0.0009, 0.30000000000000004, 999_999_999.5, 1e9 + 0.5, 123.4567]
    let random = (0..<5000).map { _ in
      Double(Int64.random(in: -9_999_999...9_999_999, using: &generator)) / [10, 1000, 10_000, 100_000].randomElement()!
    }
    for value in fixed + random where value != value.rounded(.towardZero) {
      var out = ByteBuffer()
      out.appendJSONNumber(value)
      #expect(out.string == value.description)
    }
  }

  @Test func integers() {
    for value: UInt64 in [0, 9, 10, 99_999_999, 100_000_000, 1_000_000_007, 18_446_744_073_709_551_615] {
      var out = ByteBuffer()
      out.appendDecimal(value)
      #expect(out.string == value.description)
    }
  }

  @Test func hexadecimal() {
    for value: UInt64 in [0, 0x0123_4567_89ab_cdef, .max, 0xf0f0_0a0a_9999_aaaa] {
      let all = Hex.string(value)
      for digits in 1...16 {
        var out = ByteBuffer()
        out.appendHex(value, digits: digits)
        #expect(out.string == all.suffix(digits))
      }
    }
  }

  @Test func equality() {
    let one = Array("abcdefghijklmnopqrstuvwxyz".utf8)
    for size in 0...20 {
      let isSame = one.span.equals(Slice(1, 1 + size), one.span, Slice(1, 1 + size))
      #expect(isSame)
      for place in 0..<size {
        var other = one
        other[1 + place] ^= 1
        let isEqual = one.span.equals(Slice(1, 1 + size), other.span, Slice(1, 1 + size))
        #expect(!isEqual)
      }
    }
  }
}
