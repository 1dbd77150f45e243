import Codec

/// Who may send to which project: the access file as a value. What it holds of secrets are digests, apart from the
/// project keys, which go to PostHog.
struct Access: Sendable {
  /// A PostHog project.
  struct Project: Sendable, Equatable {
    var name: String
    var key: Secret
    /// PostHog's number for it.
    var team: Int?
  }

  var projects: [Project] = []
  /// Gateway keys, and the projects each may write to.
  var keys: [SecretDigest: [Int]] = [:]
  /// PostHog project keys that may come as they are, and their projects.
  var passing: [SecretDigest: Int] = [:]
  /// Whether PostHog project keys that the file does not name may come too.
  var passesAny = false
  /// What checks JSON Web Tokens; nil if none are taken.
  var tokens: TokenVerifier?

  /// The PostHog project key that a request with this credential counts for.
  ///
  /// - Parameters:
  ///   - team: what the request says in `X-PostHog-Team-Id`.
  ///   - now: nanoseconds since 1970, for the times in tokens.
  func projectKey(_ credential: String?, team: String?, now: UInt64) throws(AccessRefusal) -> String {
    guard let credential else { throw .noCredential }
    let asked = try Self.number(team)
    let digest = SecretDigest(of: credential)
    if let granted = keys[digest] { return try choose(granted, asked) }
    if let project = passing[digest] { return try choose([project], asked) }
    if passesAny, credential.hasPrefix(Self.projectKeyPrefix) {
      // Nothing says which team an unknown project key belongs to.
      if let asked { throw .teamNotAllowed(asked) }
      return credential
    }
    guard let tokens, TokenVerifier.isToken(credential) else { throw .unknownCredential }
    let token: VerifiedToken
    do throws(TokenRefusal) {
      token = try tokens.verify(credential, digest, now: now)
    } catch {
      throw .token(error)
    }
    let granted = projects.indices.filter { projects[$0].team == token.team && token.projects?.contains($0) != false }
    guard !granted.isEmpty else { throw .teamNotAllowed(token.team) }
    return try choose(granted, asked)
  }

  /// What the keys of PostHog projects begin with.
  static let projectKeyPrefix = "phc_"

  private static func number(_ team: String?) throws(AccessRefusal) -> Int? {
    guard let team else { return nil }
    guard let number = Int(team), number > 0 else { throw .teamUnreadable }
    return number
  }

  private func choose(_ granted: [Int], _ asked: Int?) throws(AccessRefusal) -> String {
    if let asked {
      guard let found = granted.first(where: { projects[$0].team == asked }) else { throw .teamNotAllowed(asked) }
      return projects[found].key.reveal()
    }
    guard granted.count == 1 else { throw .teamNeeded(granted.compactMap { projects[$0].team }) }
    return projects[granted[0]].key.reveal()
  }
}

/// Why a request may not come in, told to whoever sent it. Never says what is known, nor repeats what was sent.
enum AccessRefusal: Error, Equatable, CustomStringConvertible {
  /// Without an access file.
  case noProjectKey
  case noCredential
  case unknownCredential
  case token(TokenRefusal)
  case teamUnreadable
  /// The credential is for several projects, with these numbers.
  case teamNeeded([Int])
  case teamNotAllowed(Int)

  var status: UInt16 {
    switch self {
    case .noProjectKey, .noCredential, .unknownCredential, .token: 401
    case .teamUnreadable: 400
    case .teamNeeded, .teamNotAllowed: 403
    }
  }

  /// For metrics.
  var reason: String {
    switch self {
    case .noProjectKey, .noCredential, .unknownCredential: "credential"
    case .token: "token"
    case .teamUnreadable, .teamNeeded, .teamNotAllowed: "team"
    }
  }

  var description: String {
    switch self {
    case .noProjectKey:
      "no project key: send 'Authorization: Bearer <key>' (OTEL_EXPORTER_OTLP_HEADERS), or set HOGLET_POSTHOG_API_KEY "
        + "at the gateway"
    case .noCredential:
      "no credential: send 'Authorization: Bearer <key or token>' (OTEL_EXPORTER_OTLP_HEADERS), visible characters of "
        + "ASCII and at most \(Credentials.keyBytesMax) of them"
    case .unknownCredential: "this gateway does not take this key; its access file (access.path) says which it takes"
    case .token(let refusal): "the token is refused: \(refusal)"
    case .teamUnreadable: "X-PostHog-Team-Id must be the number of a project"
    case .teamNeeded(let teams):
      "this key is for several projects; say which in X-PostHog-Team-Id: "
        + teams.map { "\($0)" }.joined(separator: ", ")
    case .teamNotAllowed(let team): "this credential may not write to project \(team)"
    }
  }
}
