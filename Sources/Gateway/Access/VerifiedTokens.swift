import Codec
import Synchronization

/// Tokens that were checked, so that each is checked once. Holds at most `countMax`: when the younger half is full, it
/// becomes the older one, whose tokens are forgotten unless they come again meanwhile.
final class VerifiedTokens: Sendable {
  /// Some 200 bytes each. Services renew their tokens every few minutes to hours; a gateway sees some hundred at a time.
  static let countMax = 8_192

  private struct Halves {
    var young: [SecretDigest: VerifiedToken] = [:]
    var old: [SecretDigest: VerifiedToken] = [:]

    mutating func put(_ token: VerifiedToken, _ digest: SecretDigest) {
      if young.count >= VerifiedTokens.countMax / 2 {
        old = young
        young = [:]
      }
      young[digest] = token
    }
  }

  private let halves = Mutex(Halves())

  var count: Int { halves.withLock { $0.young.count + $0.old.count } }

  func find(_ digest: SecretDigest) -> VerifiedToken? {
    halves.withLock { halves in
      if let token = halves.young[digest] { return token }
      guard let token = halves.old.removeValue(forKey: digest) else { return nil }
      halves.put(token, digest)
      return token
    }
  }

  func keep(_ token: VerifiedToken, _ digest: SecretDigest) { halves.withLock { $0.put(token, digest) } }
}
