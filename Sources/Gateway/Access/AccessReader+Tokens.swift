import Bytes
import Mapping

extension AccessReader {
  /// `jwt:` who may sign tokens, and for whom they must be.
  mutating func readTokens(_ node: YAMLNode) async {
    guard let parts = members(node, "jwt", ["audience", "issuer", "keys"]) else { return }
    var audiences: [String] = []
    if let audience = parts["audience"] {
      for node in audience.oneOrMany { audiences += text(node, "audience").map { [$0] } ?? [] }
    } else {
      error("jwt needs an audience: what tokens for this gateway say in aud", node)
    }
    var verifier = TokenVerifier(audiences: audiences, issuer: parts["issuer"].flatMap { text($0, "issuer") })
    guard let keys = parts["keys"] else { return error("jwt needs keys", node) }
    if !access.projects.contains(where: { $0.team != nil }) {
      error("no project has a team_id, by which tokens say where to write", node)
    }
    for (_, node) in named(keys, "jwt.keys") {
      guard let parts = members(node, "a key", ["algorithm", "kid", "secret", "public_key", "jwks", "projects"]) else {
        continue
      }
      let projects = parts["projects"].map { Set(self.projects($0)) }
      if let jwks = parts["jwks"] {
        for word in ["algorithm", "kid", "secret", "public_key"] {
          if let extra = parts[word] { error("\(word): a JWKS says it itself; leave it out", extra) }
        }
        await readSet(jwks, projects, into: &verifier)
      } else if let key = await tokenKey(parts, node) {
        add(key, parts["kid"].flatMap { text($0, "kid") }, projects, node, to: &verifier)
      }
    }
    access.tokens = verifier
  }

  private mutating func add(
    _ key: TokenKey, _ id: String?, _ projects: Set<Int>?, _ node: YAMLNode, to verifier: inout TokenVerifier
  ) {
    let signer = TokenVerifier.Signer(key: key, projects: projects)
    if let id {
      if verifier.signers.updateValue(signer, forKey: id) != nil { error("kid: another key has the same", node) }
    } else if verifier.nameless.updateValue(signer, forKey: key.algorithm) != nil {
      error("another \(key.algorithm.rawValue) key without kid is there already; give one of them a kid", node)
    }
  }

  private mutating func tokenKey(_ parts: [String: YAMLNode], _ node: YAMLNode) async -> TokenKey? {
    guard let algorithm = algorithm(parts["algorithm"], node) else { return nil }
    let name = algorithm == .hs256 ? "secret" : "public_key"
    let other = algorithm == .hs256 ? "public_key" : "secret"
    if let wrong = parts[other] {
      error("\(algorithm.rawValue) goes with \(name), not with \(other)", wrong)
      return nil
    }
    guard let place = parts[name] else {
      error("\(algorithm.rawValue) needs a \(name)", node)
      return nil
    }
    guard let text = source(place, name) else { return nil }
    do throws(TokenKey.Failure) {
      if algorithm == .hs256 { return try await TokenKey(secret: Array(text.utf8)) }
      return try await TokenKey(pem: text, algorithm)
    } catch {
      self.error("\(name): \(error)", place)
      return nil
    }
  }

  private mutating func algorithm(_ node: YAMLNode?, _ owner: YAMLNode) -> TokenKey.Algorithm? {
    let known = TokenKey.Algorithm.allCases.map(\.rawValue)
    guard let node else {
      error("a key for tokens is given by jwks, or by algorithm (\(known.joined(separator: ", "))) and its key", owner)
      return nil
    }
    guard let word = text(node, "algorithm") else { return nil }
    if let algorithm = TokenKey.Algorithm(rawValue: word) { return algorithm }
    let nearest = Suggestion.nearest(to: word, in: known)
    error("algorithm: unknown\(shown(word)); one of \(known.joined(separator: ", "))", node, suggestion: nearest)
    return nil
  }

  /// A JSON Web Key Set (RFC 7517), as identity providers publish it. Keys for other algorithms and for encryption are
  /// passed over.
  private mutating func readSet(_ node: YAMLNode, _ projects: Set<Int>?, into verifier: inout TokenVerifier) async {
    guard let text = source(node, "jwks") else { return }
    guard let set = TokenMembers(Array(text.utf8), valuesMax: Self.setValuesMax), set.has("keys") else {
      return error("jwks: not a JSON Web Key Set (RFC 7517), a JSON object with keys", node)
    }
    var count = 0
    for (number, key) in set.objects("keys").enumerated() {
      let place = "jwks: key \(number + 1)"
      guard let members = key.members else {
        error("\(place): not an object, or with members given twice", node)
        continue
      }
      guard members.text("use") ?? "sig" == "sig", let algorithm = Self.algorithm(of: members) else { continue }
      guard let id = members.text("kid"), !id.isEmpty else {
        error("\(place): it has no kid", node)
        continue
      }
      do throws(TokenKey.Failure) {
        add(try await Self.key(members, key.json, algorithm), id, projects, node, to: &verifier)
        count += 1
      } catch {
        self.error("\(place): \(error)", node)
      }
    }
    if count == 0 { error("jwks: holds no key for HS256, RS256 or ES256", node) }
  }

  /// Values in a JWKS: a dozen a key, for some thousand keys.
  private static let setValuesMax = 65_536

  /// By `alg`; without it by the kind of key. Nil for what is not ours to check with.
  private static func algorithm(of key: TokenMembers) -> TokenKey.Algorithm? {
    let kind: TokenKey.Algorithm? =
      switch (key.text("kty"), key.text("crv")) {
      case ("RSA", _): .rs256
      case ("EC", "P-256"): .es256
      case ("oct", _): .hs256
      default: nil
      }
    guard let kind, key.has("alg") else { return kind }
    return key.text("alg") == kind.rawValue ? kind : nil
  }

  private static func key(
    _ members: TokenMembers, _ json: String, _ algorithm: TokenKey.Algorithm
  ) async throws(TokenKey.Failure) -> TokenKey {
    guard algorithm == .hs256 else { return try await TokenKey(jwk: json, algorithm) }
    let text = Array((members.text("k") ?? "").utf8)
    return try await TokenKey(secret: Base64.decode(text.span, Slice(0, text.count)) ?? [])
  }
}
