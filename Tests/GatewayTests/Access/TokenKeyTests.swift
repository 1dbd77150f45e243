import Testing

@testable import Gateway

@Suite struct TokenKeyTests {
  private static func failure(_ make: () async throws -> TokenKey) async -> String? {
    do {
      _ = try await make()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `a secret has as many bytes as the digest, or more`() async {
    let secret = [UInt8](repeating: 7, count: TokenKey.secretBytesMin)
    #expect(await Self.failure { try await TokenKey(secret: secret) } == nil)
    let short = await Self.failure { try await TokenKey(secret: secret.dropLast()) }
    #expect(short?.contains("32 or more") == true)
  }

  @Test(
    arguments: [
      (TokenFixtures.rsaPEM, .rs256, nil), (TokenFixtures.ecPEM, .es256, nil),
      (TokenFixtures.rsaPEM, .es256, "an EC key on P-256"), (TokenFixtures.ecPEM, .rs256, "2048 bits"),
      (TokenFixtures.smallPEM, .rs256, "2048 bits"), (TokenFixtures.p384PEM, .es256, "P-256"),
      ("-----BEGIN PRIVATE KEY-----\nplanted", .rs256, "public one only"),
      ("-----BEGIN CERTIFICATE-----\nplanted", .es256, "openssl x509 -pubkey"), ("planted", .es256, "in PEM"),
      ("", .rs256, "in PEM"),
    ] as [(String, TokenKey.Algorithm, String?)])
  func `a key is for its algorithm and long enough`(
    _ pem: String, _ algorithm: TokenKey.Algorithm, _ complaint: String?
  ) async {
    let failure = await Self.failure { try await TokenKey(pem: pem, algorithm) }
    if let complaint {
      #expect(failure?.contains(complaint) == true && failure?.contains("planted") == false, "\(failure ?? "taken")")
    } else {
      #expect(failure == nil)
    }
  }
}
