import Bytes
import Testing

@Suite struct JSONScannerTests {
  /// Scans the string that `text` is, quotes included.
  private func scan(_ bytes: [UInt8]) throws(JSONError) -> JSONString {
    var scanner = JSONScanner(Slice(0, bytes.count))
    return try scanner.string(bytes.span)
  }

  @Test(arguments: 0..<20)
  func `a string ends at its quote, wherever that falls in a word`(length: Int) throws {
    let text = [UInt8](repeating: 0x61, count: length)
    let string = try scan([0x22] + text + [0x22] + Array("\"more".utf8))
    #expect(string.slice == Slice(1, 1 + length) && !string.hasEscapes)
  }

  @Test(arguments: 0..<20)
  func `a special byte is seen wherever it falls in a word`(place: Int) throws {
    func with(_ bytes: [UInt8]) -> [UInt8] {
      [0x22] + [UInt8](repeating: 0x61, count: place) + bytes + [UInt8](repeating: 0x62, count: 20) + [0x22]
    }
    #expect(try scan(with(Array(#"\n"#.utf8))).hasEscapes)
    #expect(try scan(with(Array(#"\u00e9"#.utf8))).hasUnicodeEscapes)
    #expect(try scan(with(Array("é😀€".utf8))).slice.count == 29 + UInt32(place))
    #expect(throws: JSONError(.controlCharacter, at: 1 + place)) { try scan(with([0x1f])) }
    #expect(throws: JSONError(.controlCharacter, at: 1 + place)) { try scan(with([0])) }
    #expect(throws: JSONError(.badUTF8, at: 1 + place)) { try scan(with([0x80])) }
    #expect(throws: JSONError(.badUTF8, at: 1 + place)) { try scan(with([0xff])) }
    #expect(throws: JSONError(.badEscape, at: 1 + place)) { try scan(with(Array(#"\x"#.utf8))) }
    #expect(try scan(with([0x20, 0x7f])).slice.count == 22 + UInt32(place), "space and delete are ordinary")
  }

  @Test(arguments: ["\"", "\"a", "\"\\", "\"\\\"", "\"\\u", "\"\\u00e", "\"aaaaaaaaaaaaaaaa", "\"é"])
  func `a string without its end is refused`(text: String) {
    #expect(throws: JSONError.self) { try scan(Array(text.utf8)) }
  }

  @Test(
    arguments: [
      "0", "-0", "1", "-1", "10", "1.5", "0.5", "-0.25", "1e5", "1E5", "1e+5", "1e-5", "1.25e10",
      "123456789012345678901",
    ])
  func `a number is taken whole`(text: String) throws {
    let bytes = Array(text.utf8)
    for tail in ["", ",", " ", "]"] {
      let all = bytes + Array(tail.utf8)
      var scanner = JSONScanner(Slice(0, all.count))
      #expect(try scanner.number(all.span) == Slice(0, bytes.count))
      #expect(scanner.offset == bytes.count)
    }
  }

  @Test(arguments: ["", "-", "01", "-01", "00", ".5", "1.", "1.e5", "1e", "1e+", "+1", "e5", "NaN", "a"])
  func `what is no number is refused`(text: String) {
    let bytes = Array(text.utf8)
    var scanner = JSONScanner(Slice(0, bytes.count))
    #expect(throws: JSONError.self) { try scanner.number(bytes.span) }
  }

  @Test func `white space is passed over and nothing else is`() {
    for (text, expected) in [(" \t\r\n1", UInt8(0x31)), ("", nil), ("  ", nil), ("\u{b}1", 0x0b), ("\u{a0}", 0xc2)]
      as [(String, UInt8?)]
    {
      let bytes = Array(text.utf8)
      var scanner = JSONScanner(Slice(0, bytes.count))
      #expect(scanner.peek(bytes.span) == expected)
    }
  }
}
