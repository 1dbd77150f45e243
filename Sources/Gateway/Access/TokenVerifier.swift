import Bytes
import Codec

/// Why a token is not taken. What a token claims is looked at after its signature, so whoever is told of a claim has signed
/// it.
enum TokenRefusal: Error, Equatable, CustomStringConvertible {
  case malformed
  case algorithm
  case noSuchKey
  case signature
  case missing(String)
  case expired
  case notYetValid
  case audience
  case issuer

  var description: String {
    switch self {
    case .malformed: "not a JSON Web Token (RFC 7519)"
    case .algorithm: "its alg is not that of the key; the gateway takes HS256, RS256 and ES256, each with its own keys"
    case .noSuchKey: "no key of the gateway has its kid"
    case .signature: "its signature is wrong"
    case .missing(let claim): "it does not say \(claim), or not as it should"
    case .expired: "it has expired (exp); get a new one"
    case .notYetValid: "it is not valid yet (nbf); compare the clocks"
    case .audience: "it is for somebody else (aud)"
    case .issuer: "it is from somebody else (iss)"
    }
  }
}

/// What is left of a token that was checked.
struct VerifiedToken: Sendable, Equatable {
  /// `team_id`
  var team: Int
  /// The projects that its key may speak for; nil for all.
  var projects: Set<Int>?
  /// From when on it is not taken any more: nanoseconds since 1970.
  var end: UInt64
}

/// Checks JSON Web Tokens (RFC 7519) in compact form: who signed it, for whom, for how long, for which project. What was
/// checked once is remembered until it expires.
struct TokenVerifier: Sendable {
  /// A key, and what it may be used for.
  struct Signer: Sendable {
    var key: TokenKey
    var projects: Set<Int>?
  }

  /// One of them must stand in `aud`.
  var audiences: [String]
  /// What `iss` must be; nil for anything.
  var issuer: String?
  /// By `kid`.
  var signers: [String: Signer] = [:]
  /// Those without a `kid`, for tokens without one.
  var nameless: [TokenKey.Algorithm: Signer] = [:]
  private let verified = VerifiedTokens()

  /// How far the clocks of issuer and gateway may be apart, in seconds. Machines without a time server drift by less than
  /// that in weeks.
  static let leewaySeconds = 30.0

  init(audiences: [String], issuer: String?) {
    self.audiences = audiences
    self.issuer = issuer
  }

  /// Whether a credential has the form of a token: three parts between dots.
  static func isToken(_ credential: String) -> Bool { credential.utf8.count { $0 == UInt8(ascii: ".") } == 2 }

  /// - Parameters:
  ///   - digest: of the token.
  ///   - now: nanoseconds since 1970.
  func verify(_ token: String, _ digest: SecretDigest, now: UInt64) throws(TokenRefusal) -> VerifiedToken {
    if let known = verified.find(digest) {
      guard now < known.end else { throw .expired }
      return known
    }
    let fresh = try check(Array(token.utf8), now: now)
    verified.keep(fresh, digest)
    return fresh
  }

  private func check(_ token: [UInt8], now: UInt64) throws(TokenRefusal) -> VerifiedToken {
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Self.decode(parts[0]), let payload = Self.decode(parts[1]),
      let signature = Self.decode(parts[2]), let head = TokenMembers(header)
    else { throw .malformed }
    let signer = try signer(head)
    guard signer.key.accepts(signature, of: Array(token[..<parts[1].endIndex])) else { throw .signature }
    guard let claims = TokenMembers(payload) else { throw .malformed }
    return try check(claims, signer, now: now)
  }

  /// The key that the token must be signed with. It decides the algorithm; the token may only agree.
  private func signer(_ head: TokenMembers) throws(TokenRefusal) -> Signer {
    // Extensions that must be understood (RFC 7515, section 4.1.11): none is.
    guard !head.has("crit") else { throw .malformed }
    guard let name = head.text("alg"), let algorithm = TokenKey.Algorithm(rawValue: name) else { throw .algorithm }
    guard head.has("kid") else {
      guard let signer = nameless[algorithm] else { throw nameless.isEmpty ? .noSuchKey : .algorithm }
      return signer
    }
    guard let id = head.text("kid"), let signer = signers[id] else { throw .noSuchKey }
    guard signer.key.algorithm == algorithm else { throw .algorithm }
    return signer
  }

  private func check(_ claims: TokenMembers, _ signer: Signer, now: UInt64) throws(TokenRefusal) -> VerifiedToken {
    let seconds = Double(now) / 1e9
    guard let expiry = claims.number("exp") else { throw .missing("when it expires (exp)") }
    guard seconds < expiry + Self.leewaySeconds else { throw .expired }
    if claims.has("nbf") {
      guard let start = claims.number("nbf") else { throw .missing("from when on it is valid (nbf)") }
      guard start - Self.leewaySeconds <= seconds else { throw .notYetValid }
    }
    guard claims.texts("aud").contains(where: audiences.contains) else { throw .audience }
    if let issuer, claims.text("iss") != issuer { throw .issuer }
    guard let team = claims.wholeNumber("team_id") else { throw .missing("for which project it is (team_id)") }
    let end = (expiry + Self.leewaySeconds) * 1e9
    return VerifiedToken(
      team: team, projects: signer.projects, end: end < Double(UInt64.max) ? UInt64(end) : .max)
  }

  /// Base64 in the URL-safe alphabet without padding (RFC 7515, section 2), and nothing else.
  private static func decode(_ part: ArraySlice<UInt8>) -> [UInt8]? {
    guard !part.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
    let text = Array(part)
    return Base64.decode(text.span, Slice(0, text.count))
  }
}
