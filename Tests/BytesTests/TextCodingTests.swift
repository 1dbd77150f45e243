import Bytes
import Testing

@Suite struct TextCodingTests {
  private func decode(_ text: String) -> [UInt8]? {
    let bytes = Array(text.utf8)
    return Base64.decode(bytes.span, Slice(0, bytes.count))
  }

  private func encode(_ bytes: [UInt8]) -> String {
    var buffer = ByteBuffer()
    buffer.appendBase64(bytes.span, Slice(0, bytes.count))
    return buffer.string
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `base64 has the test vectors of RFC 4648`(plain: String, encoded: String) {
    #expect(encode(Array(plain.utf8)) == encoded)
    #expect(decode(encoded) == Array(plain.utf8))
    #expect(decode(String(encoded.prefix { $0 != "=" })) == Array(plain.utf8))
  }

  @Test func `every run of bytes survives base64, in either alphabet`() {
    var random = SeededRandom(seed: 1)
    for size in 0..<100 {
      let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      let text = encode(bytes)
      #expect(decode(text) == bytes)
      let urlSafe = text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
      #expect(decode(String(urlSafe)) == bytes)
    }
  }

  @Test(arguments: ["A", "AAAAA", "A===", "AA=A", "AA AA", "AA\nAA", "A*AA", "====", "é"])
  func `what is no base64 is refused`(text: String) {
    #expect(decode(text) == nil)
  }

  @Test(arguments: [0, 1, 0xab, 0x0123_4567_89ab_cdef, .max] as [UInt64])
  func `hexadecimal reads back as it was written, in either case`(value: UInt64) {
    let text = Hex.string(value)
    #expect(text.utf8.count == 16)
    for form in [text, text.uppercased()] {
      let bytes = Array(form.utf8)
      #expect(Hex.parse64(bytes.span, Slice(0, 16)) == value)
      #expect(Hex.parse64(bytes.span, Slice(0, 15)) == nil)
    }
    var buffer = ByteBuffer()
    buffer.appendHex(value)
    #expect(buffer.string == text)
  }

  @Test func `only hexadecimal digits are digits`() {
    let digits = (0...255).filter { Hex.digit(UInt8($0)) != nil }.map { Character(Unicode.Scalar(UInt8($0))) }
    #expect(String(digits) == "0123456789ABCDEFabcdef")
  }

  @Test func `every code point is well-formed, in words and across them`() {
    for scalar in stride(from: UInt32(0), to: 0x11_0000, by: 7) {
      guard let character = Unicode.Scalar(scalar) else { continue }
      for padding in [0, 5, 7, 8] {
        let bytes =
          [UInt8](repeating: 0x61, count: padding) + Array(String(Character(character)).utf8) + Array("abcdefgh".utf8)
        let isValid = UTF8Check.isValid(bytes.span, Slice(0, bytes.count))
        #expect(isValid)
      }
    }
  }

  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `UTF-8 is judged as the standard library judges it`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let pieces: [[UInt8]] = [
      [0x61], [0x80], [0xbf], [0xc0], [0xc1], [0xc2], [0xdf], [0xe0], [0xed], [0xef], [0xf0], [0xf4], [0xf5], [0xff],
      [0x9f],
      [0xa0], [0x8f], [0x90], Array("é".utf8), Array("€".utf8), Array("😀".utf8), Array("abcdefgh".utf8),
    ]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<6, using: &random)).flatMap { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }
      let expected = String(validating: bytes, as: UTF8.self) != nil
      #expect(UTF8Check.isValid(bytes.span, Slice(0, bytes.count)) == expected, "seed \(seed): \(bytes)")
    }
  }
}
