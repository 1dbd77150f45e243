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
      var out = ByteBuffer()
      out.appendHex(value)
      #expect(out.string == Hex.string(value))
    }
  }

  @Test func identifiers() {
    var out = ByteBuffer()
    out.appendUUID((0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210))
    #expect(out.string == "01234567-89ab-cdef-fedc-ba9876543210")
  }

  /// Each way of looking at text has to give what a byte after the other gives, wherever a special byte stands and
  /// however near the end of memory.
  @Test(arguments: [0x22, 0x5c, 0x1f, 0x41, 0xff] as [UInt8])
  func `special bytes are found wherever they stand`(special: UInt8) {
    for size in 1...40 {
      for place in 0..<size {
        var text = [UInt8](repeating: 0x61, count: size)
        text[place] = special
        var out = ByteBuffer()
        out.appendJSONContent(text.span, Slice(0, size))
        let escaped: [UInt8]
        switch special {
        case 0x22: escaped = Array("\\\"".utf8)
        case 0x5c: escaped = Array("\\\\".utf8)
        case 0x1f: escaped = Array("\\u001f".utf8)
        case 0xff: escaped = Array("\\ufffd".utf8)
        default: escaped = [special]
        }
        let expected = text[..<place] + escaped + text[(place + 1)...]
        #expect(out.array() == Array(expected))
      }
    }
  }

  @Test func `short pieces are copied whole, wherever they stand`() {
    let source = (0..<100).map { UInt8($0) }
    for start in [0, 1, 60, 67, 68, 69, 90, 99] {
      for size in 0...min(40, 100 - start) {
        var out = ByteBuffer(capacity: 16)
        out.append(source.span, Slice(start, start + size))
        out.append(0xff)
        #expect(out.array() == Array(source[start..<start + size]) + [0xff])
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
