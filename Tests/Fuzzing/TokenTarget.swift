import Bytes
import Codec
import Dispatch
import Synchronization

@testable import Gateway

/// JSON Web Tokens: the first byte says how the rest is one. `t`: as it stands; nobody but we knows the secret, so nothing of
/// it is taken that we have not signed. `s`: header and claims with a line break between, signed by us: whatever they say, it
/// is told or taken, and what is taken has a project, an end that is to come, and an audience.
enum TokenTarget {
  private static let secret = String(repeating: "fuzzed", count: 6)
  private static let now: UInt64 = 1_600_000_000_000_000_000

  private static let verifier: TokenVerifier = {
    // Keys are made once, by jwt-kit, which awaits.
    let made = Mutex<TokenKey?>(nil)
    let isMade = DispatchSemaphore(value: 0)
    Task.detached {
      let key = try? await TokenKey(secret: Array(secret.utf8))
      made.withLock { $0 = key }
      isMade.signal()
    }
    isMade.wait()
    guard let key = made.withLock({ $0 }) else { fatalError("no key") }
    var verifier = TokenVerifier(audiences: ["hoglet"], issuer: nil)
    verifier.nameless[.hs256] = TokenVerifier.Signer(key: key)
    verifier.signers["h"] = TokenVerifier.Signer(key: key, projects: [3])
    return verifier
  }()

  static func run(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let text = Array(input.dropFirst())
    if kind == UInt8(ascii: "s") {
      let parts = text.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return }
      check(token(Array(parts[0]), Array(parts[1])), isOurs: true)
    } else {
      check(String(decoding: text, as: UTF8.self), isOurs: false)
    }
  }

  private static func check(_ token: String, isOurs: Bool) {
    guard let taken = try? verifier.verify(token, SecretDigest(of: token), now: now) else { return }
    Fuzzing.expect(isOurs || isSigned(token), "nothing is taken that we have not signed")
    Fuzzing.expect(taken.end > now - 30_000_000_000, "what has expired is not taken")
    Fuzzing.expect(token.utf8.count { $0 == UInt8(ascii: ".") } == 2, "a token has three parts")
  }

  private static func isSigned(_ token: String) -> Bool {
    guard let dot = token.lastIndex(of: ".") else { return false }
    return token[token.index(after: dot)...] == signature(String(token[..<dot]))
  }

  private static func token(_ header: [UInt8], _ claims: [UInt8]) -> String {
    let message = "\(encoded(header)).\(encoded(claims))"
    return "\(message).\(signature(message))"
  }

  private static func signature(_ message: String) -> String {
    encoded(HMACSHA256.code(key: Array(secret.utf8).span, message: Array(message.utf8).span))
  }

  /// base64url, without padding.
  private static func encoded(_ bytes: [UInt8]) -> String {
    var out = ByteBuffer()
    out.appendBase64(bytes.span, Slice(0, bytes.count))
    return String(out.string.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
  }
}
