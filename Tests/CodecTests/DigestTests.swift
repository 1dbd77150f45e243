import Bytes
import Codec
import Testing

@Suite struct DigestTests {
  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test(arguments: [0, 1, 55, 56, 63, 64, 65, 1_000])
  func `digests agree with the system's programs`(_ size: Int) throws {
    let text = sampleText(size)
    let sha1 = String(decoding: try shell("sha1sum | cut -c -40 | tr -d '\\n'", input: text), as: UTF8.self)
    let sha256 = String(decoding: try shell("sha256sum | cut -c -64 | tr -d '\\n'", input: text), as: UTF8.self)
    #expect(Self.hex(SHA1.digest(text.span)) == sha1)
    #expect(Self.hex(SHA256.digest(text.span)) == sha256)
  }

  /// RFC 4231, test cases 1, 2 and 6; and an empty key with an empty message.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0b, count: 20), "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
  ])
  func `hmac agrees with the RFC`(_ key: [UInt8], _ message: String, _ code: String) {
    #expect(Self.hex(HMACSHA256.code(key: key.span, message: Array(message.utf8).span)) == code)
  }

  @Test func `an empty key is not the key of last time`() {
    let empty = [UInt8]()
    let message: [UInt8] = [1, 2, 3]
    let first = HMACSHA256.code(key: empty.span, message: message.span)
    _ = HMACSHA256.code(key: message.span, message: message.span)
    #expect(HMACSHA256.code(key: empty.span, message: message.span) == first)
  }

  /// The macro cannot take spans as arguments.
  static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { ConstantTime.equal(left.span, right.span) }

  @Test func `comparison sees every difference`() {
    let secret = sampleText(32)
    #expect(Self.equal(secret, sampleText(32)))
    for index in secret.indices {
      var other = secret
      other[index] ^= 0x80
      #expect(!Self.equal(secret, other))
    }
    #expect(!Self.equal(secret, Array(secret.dropLast())))
    #expect(Self.equal([], []))
  }

  static let dns: (UInt64, UInt64) = (0x6ba7_b810_9dad_11d1, 0x80b4_00c0_4fd4_30c8)

  @Test func `a name-based id is that of RFC 9562, appendix A.4`() {
    let name = Array("www.example.com".utf8)
    let id = UUID5.make(namespace: Self.dns, name: name.span)
    #expect(Hex.string(id.0) + Hex.string(id.1) == "2ed6657de927568b95e12665a8aea6a2")
  }

  @Test(arguments: [0, 1, 39, 40, 47, 48, 100]) func `name-based ids agree with Python's`(_ size: Int) throws {
    let name = sampleText(size)
    let program = "import sys,uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, sys.stdin.read()).hex, end=\"\")"
    let expected = String(decoding: try shell("python3 -c '\(program)'", input: name), as: UTF8.self)
    let id = UUID5.make(namespace: Self.dns, name: ([9] + name + [9]).span, Slice(1, 1 + size))
    #expect(Hex.string(id.0) + Hex.string(id.1) == expected)
  }
}
