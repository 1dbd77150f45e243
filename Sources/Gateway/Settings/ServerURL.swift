/// Checks the URL of a server: scheme, host and port, nothing behind them (RFC 3986, section 3).
enum ServerURL {
  /// Returns the URL without its trailing slash, scheme and host in lower case. Complaints never repeat the text.
  static func read(_ text: String, schemes: [String], mayHoldUser: Bool) -> Result<String, SettingComplaint> {
    let example = "write for example \(schemes.last == "https" ? "https://us.i.posthog.com" : "http://proxy:3128")"
    guard let separator = text.firstRange(of: "://") else {
      return .failure(SettingComplaint("not a URL; \(example)"))
    }
    let scheme = text[..<separator.lowerBound].lowercased()
    guard schemes.contains(scheme) else {
      return .failure(SettingComplaint("unknown scheme; use \(schemes.joined(separator: ", "))"))
    }
    var rest = text[separator.upperBound...]
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    if rest.contains(where: { "/?#".contains($0) }) {
      return .failure(SettingComplaint("has a path or a query; only scheme, host and port belong here, \(example)"))
    }
    var user = ""
    if let at = rest.lastIndex(of: "@") {
      guard mayHoldUser else { return .failure(SettingComplaint("holds a user or password; remove it")) }
      user = String(rest[...at])
      rest = rest[rest.index(after: at)...]
    }
    let hasPort = rest.last != "]" && rest.contains(":")
    guard let address = ListenAddress(hasPort ? String(rest) : "\(rest):1"), address.port > 0,
      user.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else {
      return .failure(SettingComplaint("not a URL with a valid host and port; \(example)"))
    }
    return .success("\(scheme)://\(user)\(rest.lowercased())")
  }
}
