/// Keys and tokens of the big vendors, private keys, credentials in headers and URLs.
///
/// Found by what vendors put in front, so that scanners can find them; what has no such mark (an AWS secret access key, a
/// bare hexadecimal key) cannot be told from a hash or an id and stays. Test keys count as keys. PostHog's project key
/// (`phc_…`) is public and stays. A slug such as `sk-2024-annual-report-final` is masked too: better than a key that leaks.
extension PresetScan {
  private struct Kind {
    var prefix: [UInt8]
    var body: ByteSet
    var least: Int
    /// Exactly as long, not longer.
    var isExact = false
  }

  private static let kinds: [Kind] =
    [
      Kind(prefix: Array("sk-".utf8), body: TextClass.token, least: 17),
      Kind(prefix: Array("sk_live_".utf8), body: TextClass.alphanumeric, least: 16),
      Kind(prefix: Array("rk_live_".utf8), body: TextClass.alphanumeric, least: 16),
      Kind(prefix: Array("sk_test_".utf8), body: TextClass.alphanumeric, least: 16),
      Kind(prefix: Array("rk_test_".utf8), body: TextClass.alphanumeric, least: 16),
      Kind(prefix: Array("AKIA".utf8), body: awsID, least: 16, isExact: true),
      Kind(prefix: Array("ASIA".utf8), body: awsID, least: 16, isExact: true),
      Kind(prefix: Array("AIza".utf8), body: TextClass.token, least: 30),
      Kind(prefix: Array("ya29.".utf8), body: TextClass.token, least: 20),
      Kind(prefix: Array("github_pat_".utf8), body: TextClass.word, least: 22),
      Kind(prefix: Array("glpat-".utf8), body: TextClass.token, least: 16),
      Kind(prefix: Array("phx_".utf8), body: TextClass.alphanumeric, least: 20),
      Kind(prefix: Array("hf_".utf8), body: TextClass.alphanumeric, least: 30),
      Kind(prefix: Array("npm_".utf8), body: TextClass.alphanumeric, least: 30),
    ] + "pousr".utf8.map { Kind(prefix: [0x67, 0x68, $0, 0x5f], body: TextClass.alphanumeric, least: 30) }
    + "abprse".utf8.map { Kind(prefix: [0x78, 0x6f, 0x78, $0, 0x2d], body: slack, least: 16) }

  private static let awsID = TextClass.digit.union(TextClass.upper)
  /// The same by their first byte: most bytes begin none.
  private static let kindsByFirst: [[Kind]] = (0..<256).map { byte in kinds.filter { Int($0.prefix[0]) == byte } }

  private static let slack = TextClass.alphanumeric.union(ByteSet { $0 == UInt8(ascii: "-") })

  /// Where a key can begin, and the `@` behind a password.
  static let keyAnchors: [UInt8] = Array(Set(kinds.compactMap(\.prefix.first))) + Array("S-BbAa@".utf8)

  mutating func findKey(at index: Int) {
    switch text[index] {
    case UInt8(ascii: "@"): return findCredential(at: index)
    case UInt8(ascii: "-"): return findPrivateKey(at: index)
    case UInt8(ascii: "B"), UInt8(ascii: "b"): return findHeader(at: index)
    default: break
    }
    guard index >= keysDone, isEdge(index, TextClass.alphanumeric) else { return }
    if text[index] == UInt8(ascii: "S"), begins(index, Array("SG.".utf8)) { return findSendGrid(at: index) }
    for kind in Self.kindsByFirst[Int(text[index])] where begins(index, kind.prefix) {
      let body = index + kind.prefix.count
      let end = run(body, kind.body)
      keysDone = end
      guard kind.isExact ? end - body == kind.least && isLast(end) : end - body >= kind.least else { return }
      if isRandom(body, end) { add(index, end, .keys) }
      return
    }
  }

  private func isLast(_ end: Int) -> Bool { !has(end, TextClass.alphanumeric) }

  private mutating func isRandom(_ start: Int, _ end: Int) -> Bool {
    steps += end - start
    return text[start..<end].contains { TextClass.random.contains($0) }
  }

  /// `SG.` and two parts.
  private mutating func findSendGrid(at index: Int) {
    let first = run(index + 3, TextClass.token)
    guard first - index - 3 >= 16, has(first, ByteSet { $0 == UInt8(ascii: ".") }) else { return }
    let end = run(first + 1, TextClass.token)
    guard end - first - 1 >= 16, isRandom(index + 3, end) else { return }
    keysDone = end
    add(index, end, .keys)
  }

  // MARK: Headers

  /// `Bearer` or `Basic` and what follows: of at least 20 characters, so that prose about bearers and basics stays.
  private mutating func findHeader(at index: Int) {
    guard isEdge(index, TextClass.alphanumeric), let scheme = scheme(at: index) else { return }
    let start = run(scheme, Self.blank, limit: 8)
    guard start > scheme, start >= keysDone else { return }
    let end = run(start, TextClass.bearer)
    guard end - start >= 20, isRandom(start, end) else { return }
    keysDone = end
    add(start, end, .keys)
  }

  private static let blank = ByteSet { $0 == 0x20 }

  private func scheme(at index: Int) -> Int? {
    for word in Self.schemes where index + word.count <= text.count {
      if word.indices.allSatisfy({ text[index + $0] | 0x20 == word[$0] }) { return index + word.count }
    }
    return nil
  }

  private static let schemes = [Array("bearer".utf8), Array("basic".utf8)]

  // MARK: URLs

  /// What the search to the left of an `@` found, so that the next one need not pass it again.
  struct Credential {
    var at = -1
    /// Where the scheme begins; nil if there is none.
    var scheme: Int?
    /// Behind the first colon of user and password.
    var password: Int?
  }

  /// The password of `scheme://user:password@host`, where that has at least 20 characters: shorter ones are examples.
  private mutating func findCredential(at index: Int) {
    var found = Credential(at: index)
    var colon: Int?
    var place = index - 1
    while place >= 0, Self.userInfo.contains(text[place]) {
      if text[place] == UInt8(ascii: ":") { colon = place }
      place -= 1
    }
    steps += index - place
    if place >= 0, place == lastCredential.at {
      // An @ in the password, or in the user's name.
      found.scheme = lastCredential.scheme
      found.password = lastCredential.password ?? colon.map { $0 + 1 }
    } else {
      found.scheme = scheme(endingAt: place)
      found.password = colon.map { $0 + 1 }
    }
    lastCredential = found
    guard let scheme = found.scheme, let password = found.password, password < index else { return }
    if run(index + 1, Self.host, limit: 20) - scheme >= 20 { add(password, index, .keys) }
  }

  /// Where a scheme begins that ends in `://`, the slashes escaped or not; `slash` is the last of them.
  private mutating func scheme(endingAt slash: Int) -> Int? {
    var place = slash
    for wanted in "//:".utf8 {
      guard place >= 0, text[place] == wanted else { return nil }
      place -= 1
      if wanted != UInt8(ascii: ":"), place >= 0, text[place] == UInt8(ascii: "\\") { place -= 1 }
    }
    let end = place
    while place >= 0, end - place < 20, TextClass.alphanumeric.contains(text[place]) { place -= 1 }
    steps += slash - place
    return place < end ? place + 1 : nil
  }

  private static let userInfo = ByteSet { $0 > 0x20 && $0 < 0x7f && !"/?#\"<>\\@".utf8.contains($0) }
  private static let host = TextClass.token.union(ByteSet { ".:/[]".utf8.contains($0) })

  // MARK: Private keys

  /// A PEM block of a private key, from its first line to its last; without a last line (cut text), as far as lines of
  /// base64 go.
  private mutating func findPrivateKey(at index: Int) {
    guard index >= keysDone, begins(index, Self.begin), !has(index - 1, Self.dash) else { return }
    let titleEnd = run(index + Self.begin.count, Self.title, limit: 48)
    let title = text[index + Self.begin.count..<titleEnd]
    guard title.contains(Self.privateKey), begins(titleEnd, Self.dashes) else { return }
    var place = titleEnd + 5
    var end = place
    var hasBody = false
    var short = 0
    // Headers such as "Proc-Type: 4,ENCRYPTED" and the last line are short.
    while short < 12 {
      place = blanks(place)
      if begins(place, Self.end) {
        end = run(place + Self.end.count, Self.title, limit: 48)
        end = min(end + 5, text.count)
        break
      }
      if has(place, Self.dash), !begins(place, Self.dashes) { place += 1 }
      let next = run(place, Self.line)
      if next == place { break }
      short += 1
      if next - place >= 20, isRandom(place, next) {
        (end, hasBody, short) = (next, true, 0)
      }
      place = next
    }
    guard hasBody else { return }
    keysDone = end
    add(index, end, .keys)
  }

  /// Blanks, also as the escapes that they are in JSON inside a string.
  private mutating func blanks(_ start: Int) -> Int {
    var index = start
    while true {
      let next = run(index, TextClass.space)
      if has(next, Self.backslash), has(next + 1, Self.backslash.union(TextClass.escapes)) {
        index = next + (has(next + 1, TextClass.escapes) ? 2 : 1)
      } else {
        return next
      }
    }
  }

  private static let begin = Array("-----BEGIN ".utf8)
  private static let end = Array("-----END ".utf8)
  private static let dashes = Array("-----".utf8)
  private static let privateKey = Array("PRIVATE KEY".utf8)
  private static let dash = ByteSet { $0 == UInt8(ascii: "-") }
  private static let backslash = ByteSet { $0 == UInt8(ascii: "\\") }
  private static let title = TextClass.upper.union(TextClass.digit).union(ByteSet { $0 == 0x20 })
  private static let line = TextClass.alphanumeric.union(ByteSet { "+/=:,".utf8.contains($0) })
}

/// JSON Web Tokens: three parts of base64url, or five of an encrypted one. The second begins like a JSON object too, or
/// the token has its third part: `eyJ` alone is also how a page of base64 begins.
extension PresetScan {
  mutating func findToken(at index: Int) {
    guard index >= jwtDone, begins(index, Array("eyJ".utf8)), isEdge(index, TextClass.token) else { return }
    let header = run(index, TextClass.token)
    jwtDone = header
    guard header - index >= 12, has(header, Self.dot) else { return }
    let payload = run(header + 1, TextClass.token)
    guard payload - header > 8, has(payload, Self.dot) || begins(header + 1, Array("eyJ".utf8)) else { return }
    var end = payload
    // The signature of an unsigned token is empty; an encrypted one may have an empty key.
    for _ in 0..<3 where has(end, Self.dot) { end = run(end + 1, TextClass.token) }
    jwtDone = end
    if end > payload, text[end - 1] == UInt8(ascii: ".") { end -= 1 }
    guard end - index >= 20 else { return }
    add(index, end, .jwt)
  }

  private static let dot = ByteSet { $0 == UInt8(ascii: ".") }
}
