import Bytes
import Codec

/// Applies redaction rules to finished events and to texts. Owned by one thread, as the mapper is.
package final class Redactor {
  let program: RedactionProgram
  var search: PatternSearch
  /// What is being written in place of an event's properties.
  var rewritten = ByteBuffer()
  /// Where the event hints at keys and tokens, if that is all that is looked for; and how many of them are passed.
  var hints: [Slice] = []
  var hintsPassed = 0
  var record = RedactionRecord()
  /// The text being looked at.
  var text: [UInt8] = []
  /// Bytes looked at and positions tried, since start: what tests hold against the size of the text.
  private(set) var steps = 0

  package init(_ program: RedactionProgram) {
    self.program = program
    search = PatternSearch(program.patternSet)
  }

  /// What rules look for in one property, and what becomes of it.
  struct Wanted {
    var rules: [RedactionProgram.Rule]
    var presets: UInt8 = 0
    var patterns: UInt64 = 0

    init(_ rules: [RedactionProgram.Rule]) {
      self.rules = rules.filter { !$0.isWhole }
      for rule in self.rules {
        presets |= rule.presets
        patterns |= rule.patterns
      }
    }

    /// The first rule that looks for it decides.
    func rule(_ matcher: Int) -> RedactionProgram.Rule? { rules.first { $0.looksFor(matcher) } }

    func action(_ matcher: Int) -> RedactionAction { rule(matcher)?.action ?? .mask }
  }

  /// A stretch of text and what becomes of it.
  struct Change {
    var start: Int
    var end: Int
    var matcher: Int
    var action: RedactionAction
  }

  // MARK: Finding

  /// What is to be changed in `text`, from left to right; findings that overlap are one.
  func changes(_ wanted: Wanted) -> [Change] {
    // "::1" is the shortest that a preset knows.
    if wanted.patterns == 0, text.count < 3 { return [] }
    // And no key or token is shorter than the runs that hint at them.
    if wanted.patterns == 0, wanted.presets & ~Preset.secrets == 0, text.count < LongRuns.least { return [] }
    var findings = findings(in: text, wanted)
    if let plain = PlainView(text) {
      findings += self.findings(in: plain.text, wanted).map { plain.original($0) }
    }
    if findings.isEmpty { return [] }
    findings.sort()
    var changes: [Change] = []
    for finding in findings {
      if let last = changes.last, finding.start < last.end {
        changes[changes.count - 1].end = max(last.end, finding.end)
        if wanted.action(finding.matcher) == .drop { changes[changes.count - 1].action = .drop }
      } else {
        changes.append(
          Change(
            start: finding.start, end: finding.end, matcher: finding.matcher, action: wanted.action(finding.matcher)))
      }
    }
    return changes
  }

  private func findings(in text: [UInt8], _ wanted: Wanted) -> [Finding] {
    var findings: [Finding] = []
    if wanted.presets != 0 {
      var scan = PresetScan(text)
      scan.run(wanted.presets)
      findings = scan.findings
      steps += scan.steps
    }
    guard wanted.patterns != 0 else { return findings }
    let before = search.steps
    var matching = search.patterns(in: text) & wanted.patterns
    steps += search.steps - before
    while matching != 0 {
      let number = matching.trailingZeroBitCount
      matching &= matching - 1
      let ranges = program.patterns[number].matches(
        in: text.span, rereads: RedactionLimits.rereadsMax, steps: &steps)
      for range in ranges where !range.isEmpty {
        let (start, end) = Self.whole(range, text)
        findings.append(Finding(start: start, end: end, matcher: Preset.allCases.count + number))
      }
    }
    return findings
  }

  /// Patterns see bytes; a letter of several goes whole.
  private static func whole(_ range: Range<Int>, _ text: [UInt8]) -> (start: Int, end: Int) {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start > 0, text[start] & 0xc0 == 0x80 { start -= 1 }
    while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
    return (start, end)
  }

  // MARK: Writing

  /// Writes `text` with its changes, as the content of a JSON string.
  func write(_ changes: [Change], to out: inout ByteBuffer) {
    let text = text
    var place = 0
    for change in changes {
      out.appendJSONContent(text.span, Slice(place, change.start))
      if change.action == .hash {
        out.append(hash(Array(text[change.start..<change.end])))
      } else {
        let marker = marker(change.matcher)
        out.appendJSONContent(marker.span, Slice(0, marker.count))
      }
      place = change.end
    }
    out.appendJSONContent(text.span, Slice(place, text.count))
  }

  func marker(_ matcher: Int) -> [UInt8] { Self.markerStart + program.labels[matcher] + [UInt8(ascii: "]")] }

  private static let markerStart = Array("[redacted:".utf8)
  /// What stands in place of a whole value.
  static let marker = Array("[redacted]".utf8)

  /// Sixteen bytes of the text's HMAC, in hexadecimal: enough that no two users ever share one.
  func hash(_ text: [UInt8]) -> [UInt8] {
    let salt = program.salt ?? []
    return Self.hexadecimal(HMACSHA256.code(key: salt.span, message: text.span))
  }

  private static func hexadecimal(_ code: [UInt8]) -> [UInt8] {
    code.prefix(16).flatMap { [Hex.character(UInt64($0 >> 4)), Hex.character(UInt64($0))] }
  }

  // MARK: Texts and users

  /// A text that belongs to no event (a line of a log) without what is to stay here: the rules that name no property and
  /// no dialect count.
  package func redact(_ plain: [UInt8], service: [UInt8] = []) -> [UInt8] {
    let wanted = Wanted(program.active(dialect: -1, service: service).filter { $0.names.isEmpty })
    text = plain
    let changes = changes(wanted)
    if changes.isEmpty { return plain }
    if changes.contains(where: { $0.action == .drop }) { return Self.marker }
    var redacted: [UInt8] = []
    var place = 0
    for change in changes {
      redacted += plain[place..<change.start]
      redacted += change.action == .hash ? hash(Array(plain[change.start..<change.end])) : marker(change.matcher)
      place = change.end
    }
    return redacted + plain[place...]
  }

  /// The user as events name it; nil if that is unchanged.
  ///
  /// A user is never masked, only hashed: masked ones would become one. That is done by the rules that say so; and where
  /// any other rule finds something in it and there is a salt. A key or token is hashed even without: nobody can guess
  /// one from its hash.
  func identity(_ user: [UInt8], dialect: Int, service: [UInt8]) -> [UInt8]? {
    let name = Array("distinct_id".utf8)
    let rules = program.active(dialect: dialect, service: service)
      .filter { $0.names(name.span, Slice(0, name.count)) }
    if rules.contains(where: { $0.isWhole && $0.action == .hash && !$0.names.isEmpty }) { return hash(user) }
    let wanted = Wanted(rules)
    text = user
    let changes = changes(wanted)
    if changes.isEmpty { return nil }
    if program.salt != nil { return hash(user) }
    let isSecret = changes.contains { $0.matcher == Preset.keys.number || $0.matcher == Preset.jwt.number }
    return isSecret ? Self.hexadecimal(SHA256.digest(user.span)) : nil
  }
}

/// A text in which `\u0041` and the like have become the characters that they stand for, with the way back: JSON inside a
/// string may be unescaped once more by whoever reads it.
private struct PlainView {
  var text: [UInt8] = []
  /// Where each byte of `text` begins in the original, and the original's end.
  private var origins: [Int32] = []

  /// Nil if there is no such escape.
  init?(_ original: [UInt8]) {
    guard Self.hasEscape(original.span) else { return nil }
    text.reserveCapacity(original.count)
    origins.reserveCapacity(original.count + 1)
    var place = 0
    while place < original.count {
      origins.append(Int32(place))
      if original[place] == UInt8(ascii: "\\"), let byte = Self.escaped(original, place) {
        // Backslashes in front escape the backslash, once for each time that it was put into a string.
        while text.last == UInt8(ascii: "\\") {
          text.removeLast()
          origins.removeLast()
        }
        text.append(byte)
        place += 6
      } else {
        text.append(original[place])
        place += 1
      }
    }
    origins.append(Int32(place))
  }

  /// Whether some escape begins as those do that are undone.
  private static func hasEscape(_ text: ByteSpan) -> Bool {
    var place = 0
    while place + 6 <= text.count {
      if text[place] == UInt8(ascii: "\\"), text[place + 1] == UInt8(ascii: "u"), text[place + 2] == 0x30,
        text[place + 3] == 0x30
      {
        return true
      }
      place += 1
    }
    return false
  }

  private static func escaped(_ text: [UInt8], _ place: Int) -> UInt8? {
    guard place + 6 <= text.count, text[place + 1] == UInt8(ascii: "u"), text[place + 2] == 0x30,
      text[place + 3] == 0x30, let high = Hex.digit(text[place + 4]), high < 8, let low = Hex.digit(text[place + 5])
    else { return nil }
    return high << 4 | low
  }

  func original(_ finding: Finding) -> Finding {
    Finding(
      start: Int(origins[finding.start]), end: Int(origins[finding.end]), matcher: finding.matcher)
  }
}
