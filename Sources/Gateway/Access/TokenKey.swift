import JWTKit

/// A key that tells whether a token's signature is right, bound to the one algorithm it was made for: what a token says of
/// its algorithm never chooses how it is checked. The only file that knows JWTKit, which makes its keys asynchronously and
/// then checks with them at once.
struct TokenKey: Sendable {
  enum Algorithm: String, Sendable, CaseIterable {
    case hs256 = "HS256"
    case rs256 = "RS256"
    case es256 = "ES256"
  }

  /// Why there is no key, without anything of it.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  let algorithm: Algorithm
  private let verifier: any JWTAlgorithm

  /// Shorter secrets than HS256's digest are guessed from a token (RFC 7518, section 3.2).
  static let secretBytesMin = 32

  /// For HS256.
  init(secret: [UInt8]) async throws(Failure) {
    guard secret.count >= Self.secretBytesMin else {
      let size = "\(secret.count) bytes; HS256 needs \(Self.secretBytesMin) or more, as from openssl rand -hex 32"
      throw Failure(description: "too short: \(size)")
    }
    let keys = JWTKeyCollection()
    await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
    try await self.init(.hs256, keys)
  }

  /// For RS256 and ES256: a public key in PEM.
  init(pem: String, _ algorithm: Algorithm) async throws(Failure) {
    guard !pem.contains("PRIVATE KEY") else {
      throw Failure(description: "a private key; the gateway needs the public one only (openssl pkey -pubout)")
    }
    guard !pem.contains("BEGIN CERTIFICATE") else {
      throw Failure(description: "a certificate; write its public key (openssl x509 -pubkey -noout)")
    }
    let keys = JWTKeyCollection()
    do {
      if algorithm == .es256 {
        await keys.add(ecdsa: try ES256PublicKey(pem: pem))
      } else {
        await keys.add(rsa: try Insecure.RSA.PublicKey(pem: pem), digestAlgorithm: .sha256)
      }
    } catch {
      // What the library says may quote the key.
      throw Failure(description: "no public key for \(algorithm.rawValue) in PEM (\(Self.form(algorithm)))")
    }
    try await self.init(algorithm, keys)
  }

  /// For RS256 and ES256: one key of a JWKS (RFC 7517).
  init(jwk json: String, _ algorithm: Algorithm) async throws(Failure) {
    let keys = JWTKeyCollection()
    do {
      var key = try JWK(json: json)
      key.algorithm = algorithm == .es256 ? .es256 : .rs256
      key.privateExponent = nil
      key.keyIdentifier = "key"
      try await keys.add(jwk: key)
    } catch {
      throw Failure(description: "no public key for \(algorithm.rawValue) (\(Self.form(algorithm)))")
    }
    try await self.init(algorithm, keys)
  }

  private init(_ algorithm: Algorithm, _ keys: JWTKeyCollection) async throws(Failure) {
    guard let verifier = try? await keys.getKey(), verifier.name == algorithm.rawValue else {
      throw Failure(description: "no key for \(algorithm.rawValue)")
    }
    self.algorithm = algorithm
    self.verifier = verifier
  }

  private static func form(_ algorithm: Algorithm) -> String {
    algorithm == .es256 ? "an EC key on P-256" : "an RSA key of 2048 bits or more"
  }

  /// Whether `signature` was made over `message` with this key. Runs to its end at once: 2 µs for HS256, 30 for RS256, 150
  /// for ES256, little enough to do it on the loop that the request came on.
  func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    (try? verifier.verify(signature, signs: message)) ?? false
  }
}

extension TokenKey: CustomReflectable {
  /// A key shows its algorithm, not itself.
  var customMirror: Mirror { Mirror(self, children: ["algorithm": algorithm]) }
}
