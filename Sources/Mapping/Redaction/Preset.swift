import Bytes

/// What can be found by name: each has its own code, with checks that no pattern can express.
package enum Preset: String, Sendable, CaseIterable {
  case keys, jwt, email, phone, card, iban, ip

  /// Its place among all.
  var number: Int { Preset.allCases.firstIndex(of: self) ?? 0 }
  var bit: UInt8 { 1 << UInt8(number) }

  /// What `SecretHint` knows of.
  static let secrets = keys.bit | jwt.bit
}

/// A stretch of text that was found.
struct Finding: Equatable, Comparable {
  var start: Int
  var end: Int
  /// A preset's place among all, or the number of presets plus that of a pattern.
  var matcher: Int

  static func < (one: Finding, other: Finding) -> Bool { (one.start, other.end) < (other.start, one.end) }
}

/// Finds presets in a text: one table look-up a byte, and a detector's own code where a match may begin.
///
/// Detectors look at a bounded stretch around their place, or remember up to where they have decided and do not look
/// again: the whole is linear in the text. `steps` counts the bytes looked at.
struct PresetScan {
  let text: [UInt8]
  var steps = 0
  var findings: [Finding] = []
  /// Up to where runs have been decided, by detector.
  var keysDone = 0
  var jwtDone = 0
  var phoneDone = 0
  var addressDone = 0
  var lastCredential = Credential()

  init(_ text: [UInt8]) { self.text = text }

  /// Finds what the presets of `wanted` look for. Of keys and tokens alone it looks only at what hints at them: the
  /// detectors see the whole text, but begin nowhere else.
  mutating func run(_ wanted: UInt8) {
    guard wanted & ~Preset.secrets == 0 else { return run(wanted, 0..<text.count) }
    var done = 0
    for hint in SecretHint.all(in: text.span, Slice(0, text.count)) {
      let start = max(done, hint.start - SecretHint.beforeMax)
      done = max(start, hint.end)
      run(wanted, start..<done)
    }
  }

  /// The same in a stretch of the text.
  mutating func run(_ wanted: UInt8, _ range: Range<Int>) {
    let anchors = Self.anchors
    var isInWord = has(range.lowerBound - 1, TextClass.alphanumeric)
    for index in range {
      let byte = text[index]
      let here = anchors[Int(byte)] & wanted
      let isLetter = byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
      // No key begins inside a word, but behind an escape such as \n one may.
      let isInside = isInWord && isLetter && !(index > 1 && text[index - 2] == UInt8(ascii: "\\"))
      isInWord = isLetter || byte >= 0x30 && byte <= 0x39
      if here == 0 { continue }
      if here & Preset.keys.bit != 0, !isInside { findKey(at: index) }
      if here & Preset.jwt.bit != 0 { findToken(at: index) }
      if here & Preset.email.bit != 0 { findEmail(at: index) }
      if here & Preset.phone.bit != 0 { findPhone(at: index) }
      if here & Preset.card.bit != 0 { findCard(at: index) }
      if here & Preset.iban.bit != 0 { findAccount(at: index) }
      if here & Preset.ip.bit != 0 { findAddress(at: index) }
    }
    steps += range.count
  }

  /// For each byte, which presets can be found where it stands.
  private static let anchors: [UInt8] = (UInt8.min...UInt8.max).map { byte in
    var bits: UInt8 = 0
    let isDigit = TextClass.digit.contains(byte)
    if keyAnchors.contains(byte) { bits |= Preset.keys.bit }
    if byte == UInt8(ascii: "e") { bits |= Preset.jwt.bit }
    if byte == UInt8(ascii: "@") || byte == UInt8(ascii: "%") { bits |= Preset.email.bit }
    if isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "(") { bits |= Preset.phone.bit }
    if isDigit { bits |= Preset.card.bit }
    if TextClass.upper.contains(byte) { bits |= Preset.iban.bit }
    if TextClass.hex.contains(byte) || byte == UInt8(ascii: ":") { bits |= Preset.ip.bit }
    return bits
  }

  // MARK: What detectors ask

  mutating func add(_ start: Int, _ end: Int, _ preset: Preset) {
    findings.append(Finding(start: start, end: end, matcher: preset.number))
  }

  /// Whether a byte is there and of the class.
  func has(_ index: Int, _ set: ByteSet) -> Bool {
    index >= 0 && index < text.count && set.contains(text[index])
  }

  /// The end of the run of a class that begins at `start`, at most `limit` bytes on.
  mutating func run(_ start: Int, _ set: ByteSet, limit: Int = .max) -> Int {
    var index = start
    let end = limit < text.count - start ? start + limit : text.count
    while index < end, set.contains(text[index]) { index += 1 }
    steps += index - start + 1
    return index
  }

  func begins(_ index: Int, _ word: [UInt8]) -> Bool {
    guard index >= 0, index + word.count <= text.count else { return false }
    for place in word.indices where text[index + place] != word[place] { return false }
    return true
  }

  /// Whether something may begin at `index`: what stands before it is not of the class. A letter that is itself part of
  /// an escape (`\n` in JSON inside a string) does not count.
  func isEdge(_ index: Int, _ set: ByteSet) -> Bool {
    guard index > 0, set.contains(text[index - 1]) else { return true }
    return index > 1 && text[index - 2] == UInt8(ascii: "\\") && TextClass.escapes.contains(text[index - 1])
  }
}

/// Classes of bytes that detectors share.
enum TextClass {
  static let digit = ByteSet.digit
  static let upper = ByteSet { $0 >= 0x41 && $0 <= 0x5a }
  static let letter = ByteSet { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }
  static let alphanumeric = digit.union(letter)
  static let word = ByteSet.word
  static let space = ByteSet.space
  /// Letters and digits of base64url and of most keys.
  static let token = word.union(ByteSet { $0 == UInt8(ascii: "-") })
  /// RFC 6750, section 2.1.
  static let bearer = alphanumeric.union(ByteSet { "-._~+/=".utf8.contains($0) })
  static let hex = digit.union(ByteSet { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66 })
  static let escapes = ByteSet { "nrtbf".utf8.contains($0) }
  /// What tells a random text from words: some digit or capital is in nearly every key (a key of 17 random letters and
  /// digits has none with a probability of one in a million).
  static let random = digit.union(upper)
}
