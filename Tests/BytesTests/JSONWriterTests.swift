import Bytes
import Testing

@Suite struct JSONWriterTests {
  private func written(_ body: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer(capacity: 1)
    body(&buffer)
    return buffer.string
  }

  private func quoted(_ bytes: [UInt8]) -> String {
    written { $0.appendJSONString(bytes.span, Slice(0, bytes.count)) }
  }

  @Test func `text is escaped where JSON wants it and nowhere else`() {
    #expect(quoted(Array("plain é😀/\u{7f}\u{2028}".utf8)) == "\"plain é😀/\u{7f}\u{2028}\"")
    #expect(quoted(Array("\"\\\n\r\t\u{8}\u{c}\u{0}\u{1f}".utf8)) == #""\"\\\n\r\t\b\f\u0000\u001f""#)
  }

  @Test(
    arguments: [
      ([0xff], "\\ufffd"), ([0xc0, 0x80], "\\ufffd\\ufffd"), ([0xed, 0xa0, 0x80], "\\ufffd\\ufffd\\ufffd"),
      ([0xe2, 0x82], "\\ufffd\\ufffd"), ([0xf4, 0x90, 0x80, 0x80], "\\ufffd\\ufffd\\ufffd\\ufffd"),
    ] as [([UInt8], String)])
  func `bytes that are no UTF-8 are replaced`(bytes: [UInt8], expected: String) {
    for padding in 0..<10 {
      let before = [UInt8](repeating: 0x61, count: padding)
      let text = String(decoding: before, as: UTF8.self)
      #expect(quoted(before + bytes + [0x7a]) == "\"\(text)\(expected)z\"")
    }
  }

  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `what is written reads back as what it was, whatever the bytes`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<5_000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ -> UInt8 in
        Bool.random(using: &random)
          ? UInt8.random(in: 0x20...0x7f, using: &random) : UInt8.random(in: 0...255, using: &random)
      }
      var buffer = ByteBuffer()
      buffer.appendJSONString(bytes.span, Slice(0, bytes.count))
      let json = buffer.array()
      var scanner = JSONScanner(Slice(0, json.count))
      let string = try scanner.string(json.span)
      #expect(scanner.offset == json.count)
      var back: [UInt8] = []
      JSONText.unescape(json.span, string.slice, into: &back)
      if UTF8Check.isValid(bytes.span, Slice(0, bytes.count)) {
        #expect(back == bytes, "seed \(seed)")
      } else {
        let isValid = UTF8Check.isValid(back.span, Slice(0, back.count))
        #expect(isValid, "seed \(seed)")
      }
    }
  }

  @Test(
    arguments: [
      (#"a\ud83d\ude00b"#, #"a\ud83d\ude00b"#), (#"\ud83dx"#, #"\ufffdx"#), (#"\ude00\ud83d"#, #"\ufffd\ufffd"#),
      (#"\ud83d\u0041"#, #"\ufffdA"#), (#"\\ud83d\n"#, #"\\ud83d\n"#),
      (#"\ud83d\ud83d\ude00"#, #"\ufffd\ud83d\ude00"#),
    ])
  func `raw content keeps its escapes but for half a surrogate pair and plain ASCII`(content: String, expected: String)
  {
    let bytes = Array(content.utf8)
    #expect(written { $0.appendJSONRaw(bytes.span, Slice(0, bytes.count), hasUnicodeEscapes: true) } == expected)
  }

  @Test(
    arguments: [
      0, 1, 9, 10, 99, 100, 12_345, 999_999_999_999_999_999, 1_000_000_000_000_000_000, 9_999_999_999_999_999_999,
      10_000_000_000_000_000_000, .max,
    ] as [UInt64])
  func `whole numbers are written in full`(value: UInt64) {
    #expect(written { $0.appendDecimal(value) } == String(value))
    let signed = Int64(truncatingIfNeeded: value)
    #expect(written { $0.appendDecimal(signed) } == String(signed))
    #expect(written { $0.appendDecimal(Int64.min) } == "-9223372036854775808")
  }

  @Test(
    arguments: [
      0, 1, -1, 0.1, 1.5, 1e15, 1e14, 1e16, -1e300, 5.0e-10, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      123_456_789.125, 9_007_199_254_740_992,
    ] as [Double])
  func `doubles are JSON numbers that read back as themselves`(value: Double) throws {
    let text = written { $0.appendJSONNumber(value) }
    let bytes = Array(text.utf8)
    var scanner = JSONScanner(Slice(0, bytes.count))
    #expect(try scanner.number(bytes.span).end == bytes.count)
    #expect(Double(text) == value)
  }

  @Test func `what JSON has no number for becomes null, and minus zero zero`() {
    for value in [Double.nan, .infinity, -.infinity] { #expect(written { $0.appendJSONNumber(value) } == "null") }
    #expect(written { $0.appendJSONNumber(-0.0) } == "0")
  }

  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `random doubles read back as themselves`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<5_000 {
      let value = Double(bitPattern: random.next())
      if value.isFinite { #expect(Double(written { $0.appendJSONNumber(value) }) == value, "seed \(seed)") }
    }
  }
}
