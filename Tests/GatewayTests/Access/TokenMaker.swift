import Bytes
import Codec

@testable import Gateway

/// Makes tokens for HS256, right ones and wrong ones.
enum TokenMaker {
  static let secret = String(repeating: "s3cret", count: 6)
  /// When all of them are looked at: 2020-09-13T12:26:40Z.
  static let now: UInt64 = 1_600_000_000
  static let nanoseconds = now * 1_000_000_000

  static let header = #"{"alg":"HS256","typ":"JWT"}"#
  static let claims = #"{"aud":"hoglet","exp":1600000060,"team_id":7}"#

  static func token(_ header: String = header, _ claims: String = claims, secret: String = secret) -> String {
    let message = "\(encode(Array(header.utf8))).\(encode(Array(claims.utf8)))"
    let code = HMACSHA256.code(key: Array(secret.utf8).span, message: Array(message.utf8).span)
    return "\(message).\(encode(code))"
  }

  static func encode(_ bytes: [UInt8]) -> String {
    var out = ByteBuffer()
    out.appendBase64(bytes.span, Slice(0, bytes.count))
    return String(out.string.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
  }
}

extension TokenVerifier {
  /// Takes HS256 by `TokenMaker`, and the keys of `TokenFixtures` as "r" and "e".
  static func fixture(issuer: String? = nil) async throws -> TokenVerifier {
    var verifier = TokenVerifier(audiences: ["hoglet", "other"], issuer: issuer)
    verifier.nameless[.hs256] = Signer(key: try await TokenKey(secret: Array(TokenMaker.secret.utf8)))
    verifier.signers["h"] = Signer(key: try await TokenKey(secret: Array(TokenMaker.secret.utf8)), projects: [3])
    verifier.signers["r"] = Signer(key: try await TokenKey(pem: TokenFixtures.rsaPEM, .rs256))
    verifier.signers["e"] = Signer(key: try await TokenKey(pem: TokenFixtures.ecPEM, .es256))
    return verifier
  }

  /// What becomes of a token; nil if it is taken.
  func refusal(_ token: String, now: UInt64 = TokenMaker.nanoseconds) -> TokenRefusal? {
    do throws(TokenRefusal) {
      _ = try verify(token, SecretDigest(of: token), now: now)
      return nil
    } catch {
      return error
    }
  }
}
