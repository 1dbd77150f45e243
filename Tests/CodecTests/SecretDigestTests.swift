import Bytes
import Codec
import Testing

@Suite struct SecretDigestTests {
  /// FIPS 180-2, appendix B.1.
  private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test func `the digest of a text is the one that is written down`() {
    #expect(SecretDigest(hex: Self.abc) == SecretDigest(of: "abc"))
    #expect(SecretDigest(hex: Self.abc.uppercased()) == SecretDigest(of: "abc"))
    #expect(SecretDigest(of: "abd") != SecretDigest(of: "abc"))
    #expect([SecretDigest(of: "abc"): 1][SecretDigest(of: "abc")] == 1)
  }

  @Test(
    arguments: [
      "", String(abc.dropLast()), abc + "0", abc + "00", "g" + abc.dropFirst(), String(abc.dropLast(2)) + "é",
      "0x" + abc.dropFirst(2),
    ])
  func `what is not 64 digits is none`(_ text: String) {
    #expect(SecretDigest(hex: text) == nil)
  }

  @Test func `nothing of the secret is in what people see`() {
    var dumped = ""
    dump(SecretDigest(of: "planted"), to: &dumped)
    #expect(!dumped.contains("planted"))
  }
}
