import Codec
import Testing

@testable import Gateway

@Suite struct TokenVerifierTests {
  @Test(arguments: [TokenFixtures.rs256, TokenFixtures.es256])
  func `tokens that another program signed are taken`(_ token: String) async throws {
    let verifier = try await TokenVerifier.fixture(issuer: "https://issuer.example")
    let taken = try verifier.verify(token, SecretDigest(of: token), now: TokenMaker.nanoseconds)
    #expect(taken == VerifiedToken(team: 7, projects: nil, end: 2_000_000_030_000_000_000))
    #expect(verifier.refusal(token, now: 2_000_000_030_000_000_000) == .expired, "remembered, and still checked")
  }

  @Test func `the restriction of a key goes with its tokens`() async throws {
    let token = TokenMaker.token(#"{"alg":"HS256","kid":"h"}"#)
    let verifier = try await TokenVerifier.fixture()
    #expect(try verifier.verify(token, SecretDigest(of: token), now: TokenMaker.nanoseconds).projects == [3])
  }

  /// Of other keys, other algorithms, and of algorithms that only pretend.
  @Test(
    arguments: [
      (TokenFixtures.ps256, .algorithm), (TokenFixtures.rs512, .algorithm), (TokenFixtures.confused, .algorithm),
      (TokenFixtures.es256Nameless, .algorithm), (TokenMaker.token(#"{"alg":"none"}"#), .algorithm),
      (TokenMaker.token(#"{"alg":"hs256"}"#), .algorithm), (TokenMaker.token(#"{"alg":["HS256"]}"#), .algorithm),
      (TokenMaker.token(#"{"typ":"JWT"}"#), .algorithm), (TokenMaker.token(#"{"alg":"HS256","kid":"e"}"#), .algorithm),
      (TokenMaker.token(#"{"alg":"ES256","kid":"h"}"#), .algorithm),
      (TokenMaker.token(#"{"alg":"ES256","kid":"e"}"#), .signature),
      (TokenMaker.token(#"{"alg":"RS256","kid":"r"}"#), .signature),
      (TokenMaker.token(#"{"alg":"HS256","kid":"x"}"#), .noSuchKey),
      (TokenMaker.token(#"{"alg":"HS256","kid":7}"#), .noSuchKey),
      (TokenMaker.token(secret: TokenMaker.secret + "x"), .signature),
      (TokenMaker.token(#"{"alg":"HS256","crit":["exp"],"exp":1}"#), .malformed),
      (TokenMaker.token(#"{"alg":"HS256","alg":"none"}"#), .malformed),
      (TokenMaker.token(#"{"alg":"none","\u0061lg":"HS256"}"#), .malformed), (TokenMaker.token("[]"), .malformed),
      (TokenMaker.token("{"), .malformed),
    ] as [(String, TokenRefusal)])
  func `the key decides the algorithm`(_ token: String, _ refusal: TokenRefusal) async throws {
    #expect(try await TokenVerifier.fixture().refusal(token) == refusal)
  }

  @Test(
    arguments: [
      (#""exp":1600000060"#, nil), (#""exp":1599999971"#, nil), (#""exp":1599999970.5"#, nil),
      (#""exp":1599999970"#, .expired), (#""exp":1599999969"#, .expired), (#""exp":0"#, .expired),
      (#""exp":-1e300"#, .expired), (#""exp":1e300"#, nil),
      (#""exp":1e999"#, .missing("when it expires (exp)")), (#""exp":"1600000060""#, .missing("when it expires (exp)")),
      (#""exp":null"#, .missing("when it expires (exp)")), (#""x":1"#, .missing("when it expires (exp)")),
      (#""exp":1600000060,"nbf":1600000030"#, nil), (#""exp":1600000060,"nbf":1600000031"#, .notYetValid),
      (#""exp":1600000060,"nbf":"now""#, .missing("from when on it is valid (nbf)")),
    ] as [(String, TokenRefusal?)])
  func `times count to the second, with thirty of leeway`(_ times: String, _ refusal: TokenRefusal?) async throws {
    let token = TokenMaker.token(TokenMaker.header, #"{"aud":"hoglet","team_id":7,\#(times)}"#)
    #expect(try await TokenVerifier.fixture().refusal(token) == refusal)
  }

  @Test(
    arguments: [
      (#""aud":"hoglet","team_id":7"#, nil), (#""aud":["x","other"],"team_id":"7""#, nil),
      (#""aud":"hogle\u0074","team_id":7"#, nil), (#""aud":"Hoglet","team_id":7"#, .audience),
      (#""aud":[],"team_id":7"#, .audience), (#""aud":{"hoglet":1},"team_id":7"#, .audience),
      (#""aud":["x",["hoglet"]],"team_id":7"#, .audience), (#""team_id":7"#, .audience),
      (#""aud":"hoglet""#, .missing(team)), (#""aud":"hoglet","team_id":0"#, .missing(team)),
      (#""aud":"hoglet","team_id":-7"#, .missing(team)), (#""aud":"hoglet","team_id":7.5"#, .missing(team)),
      (#""aud":"hoglet","team_id":[7]"#, .missing(team)),
      (#""aud":"hoglet","team_id":99999999999999999999"#, .missing(team)),
      (#""aud":"hoglet","team_id":7,"team_id":8"#, .malformed),
    ] as [(String, TokenRefusal?)])
  func `a token is for somebody and for a project`(_ claims: String, _ refusal: TokenRefusal?) async throws {
    let token = TokenMaker.token(TokenMaker.header, #"{"exp":1600000060,\#(claims)}"#)
    #expect(try await TokenVerifier.fixture().refusal(token) == refusal)
  }

  private static let team = "for which project it is (team_id)"

  @Test func `the issuer counts where one is set`() async throws {
    let verifier = try await TokenVerifier.fixture(issuer: "https://issuer.example/a")
    func refusal(_ issuer: String) -> TokenRefusal? {
      verifier.refusal(
        TokenMaker.token(TokenMaker.header, #"{"exp":1600000060,"aud":"hoglet","team_id":7\#(issuer)}"#))
    }
    #expect(refusal(#","iss":"https:\/\/issuer.example\/a""#) == nil)
    #expect(refusal(#","iss":"https://issuer.example""#) == .issuer)
    #expect(refusal(#","iss":["https://issuer.example/a"]"#) == .issuer)
    #expect(refusal("") == .issuer)
  }

  /// Every bit of three tokens, one after the other: whatever it is, none is taken.
  @Test(arguments: [TokenMaker.token(), TokenFixtures.es256, TokenFixtures.rs256])
  func `a token that was tampered with is refused`(_ token: String) async throws {
    let verifier = try await TokenVerifier.fixture()
    let bytes = Array(token.utf8)
    #expect(verifier.refusal(token) == nil)
    // The last character of base64 may hold bits that mean nothing.
    for index in bytes.indices.dropLast() where bytes[index + 1] != UInt8(ascii: ".") {
      var changed = bytes
      changed[index] ^= UInt8(1 << (index % 7))
      #expect(verifier.refusal(String(decoding: changed, as: UTF8.self)) != nil, "byte \(index)")
    }
    for wrong in [token + "=", token + ".", "." + token, String(token.dropLast()), token + "AAAA", "..", ""] {
      #expect(verifier.refusal(wrong) != nil, "\(wrong)")
    }
  }

  @Test func `values in a token are counted`() async throws {
    func token(_ count: Int) -> String {
      let roles = Array(repeating: "1", count: count).joined(separator: ",")
      return TokenMaker.token(
        TokenMaker.header, #"{"aud":"hoglet","exp":1600000060,"team_id":7,"roles":[\#(roles)]}"#)
    }
    // The object, its four members, and the roles.
    let most = TokenMembers.valuesMax - 5
    let verifier = try await TokenVerifier.fixture()
    #expect(verifier.refusal(token(most)) == nil)
    #expect(verifier.refusal(token(most + 1)) == .malformed)
  }

  @Test func `a token at the limit is taken, one byte more is no credential`() async throws {
    func token(_ pad: Int) -> String {
      let claims = #"{"aud":"hoglet","exp":1600000060,"team_id":7,"pad":"\#(String(repeating: "x", count: pad))"}"#
      return TokenMaker.token(TokenMaker.header, claims)
    }
    // Three bytes become four characters, so only some lengths can be met.
    let pad = try #require((5_000..<7_000).first { token($0).utf8.count == Credentials.keyBytesMax })
    let verifier = try await TokenVerifier.fixture()
    let longest = try #require(Credentials.key(authorization: "Bearer \(token(pad))", apiKey: nil))
    #expect(verifier.refusal(longest) == nil)
    #expect(Credentials.key(authorization: "Bearer \(token(pad + 1))", apiKey: nil) == nil)
  }

  @Test func `no more tokens are remembered than the bound, those in use the longest`() {
    let tokens = VerifiedTokens()
    func digest(_ number: Int) -> SecretDigest { SecretDigest(of: "\(number)") }
    for number in 0..<VerifiedTokens.countMax * 2 {
      tokens.keep(VerifiedToken(team: number, projects: nil, end: 0), digest(number))
      // The first is in use all the time.
      #expect(tokens.find(digest(0))?.team == 0)
      #expect(tokens.count <= VerifiedTokens.countMax)
    }
    #expect(tokens.find(digest(1)) == nil)
    #expect(tokens.find(digest(VerifiedTokens.countMax * 2 - 1)) != nil)
  }

  @Test(.timeLimit(.minutes(1))) func `many tokens over the bound are all taken`() async throws {
    let verifier = try await TokenVerifier.fixture()
    for number in 0..<VerifiedTokens.countMax + 100 {
      let token = TokenMaker.token(
        TokenMaker.header, #"{"aud":"hoglet","exp":1600000060,"team_id":7,"jti":\#(number)}"#)
      try #require(verifier.refusal(token) == nil)
    }
  }
}
