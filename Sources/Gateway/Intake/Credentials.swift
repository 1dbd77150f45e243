import Bytes

/// The key or token that a request brought.
enum Credentials {
  /// Reads `Authorization: Bearer <key>` (the scheme in any case), `x-api-key`, or `Authorization: Basic`, as Langfuse
  /// SDKs send it: the half that looks like a PostHog project key, else nothing of ours, or, if `takesAnyPassword`, the
  /// password, or the user if there is none.
  static func key(authorization: String?, apiKey: String?, takesAnyPassword: Bool = false) -> String? {
    if let apiKey, let key = cleaned(apiKey[...]) { return key }
    guard let authorization else { return nil }
    let parts = authorization.split(separator: " " as Character, maxSplits: 1)
    guard parts.count == 2 else { return nil }
    switch parts[0].lowercased() {
    case "bearer": return cleaned(parts[1])
    case "basic": return basic(parts[1], takesAnyPassword)
    default: return nil
    }
  }

  private static func basic(_ encoded: Substring, _ takesAnyPassword: Bool) -> String? {
    let bytes = Array(encoded.utf8)
    guard let decoded = Base64.decode(bytes.span, Slice(0, bytes.count)) else { return nil }
    let halves = String(decoding: decoded, as: UTF8.self).split(
      separator: ":" as Character, maxSplits: 1, omittingEmptySubsequences: false)
    if let half = halves.first(where: { $0.hasPrefix(Access.projectKeyPrefix) }) { return cleaned(half) }
    return takesAnyPassword ? halves.last { !$0.isEmpty }.flatMap(cleaned) : nil
  }

  /// Longest key that is taken: a JWT fits, an attack does not.
  static let keyBytesMax = 8192

  /// A key of visible ASCII; anything else is none.
  private static func cleaned(_ text: Substring) -> String? {
    let key = String(text).trimmed
    guard !key.isEmpty, key.utf8.count <= keyBytesMax, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      return nil
    }
    return key
  }
}

extension String {
  fileprivate var trimmed: String {
    var rest = self[...]
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }
}
