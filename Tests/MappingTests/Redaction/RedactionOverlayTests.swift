import Testing

@testable import Mapping

/// Small changes in `overlays/` to a redaction.yaml that stays as it is.
@Suite struct RedactionOverlayTests {
  static let stock = """
    privacy: none
    keep: otel.a
    rules:
      - {name: secrets, action: mask, match: [keys, jwt]}
      - {name: mail, action: mask, match: email}
      - {action: drop, properties: otel.x}
    """

  static func read(_ overlays: String...) throws -> (RedactionRules, String) {
    let files = overlays.enumerated().map { number, text in
      MappingFile(name: "overlays/\(number).yaml", path: "overlays/\(number).yaml", text: Array(text.utf8))
    }
    let (set, diagnostics) = MappingReader.read(
      files: MappingFiles.merged(try MappingFixtures.examples(with: "redaction.yaml", stock), files),
      redaction: RedactionSettings(salt: RedactionStage.salt))
    return (set.redaction, Diagnostic.render(diagnostics))
  }

  /// Each rule by its action and what it looks for or where.
  private func words(_ redaction: RedactionRules) -> [String] {
    redaction.rules.map { rule in
      let matchers = rule.matchers.map { matcher in
        switch matcher {
        case .preset(let preset): preset.rawValue
        case .pattern(_, let name): name
        }
      }
      return ([rule.action.rawValue] + matchers + rule.properties.map(\.value)).joined(separator: " ")
    }
  }

  @Test(arguments: [
    ("rules: {secrets: none}", ["mask email", "drop otel.x"]),
    ("rules: {mail: {action: hash, match: phone}}", ["mask keys jwt", "hash phone", "drop otel.x"]),
    (
      "rules: {before: [{action: mask, match: ip}], after: [{action: drop, properties: otel.y}]}",
      ["mask ip", "mask keys jwt", "mask email", "drop otel.x", "drop otel.y"]
    ),
    ("rules: [{action: mask, match: card}]", ["mask card"]),
    (
      "rules: {after: [{name: late, action: mask, match: iban}], late: none}",
      ["mask keys jwt", "mask email", "drop otel.x"]
    ),
  ])
  func `rules are taken away, changed and added`(change: String, wanted: [String]) throws {
    let (redaction, told) = try Self.read("overlay: redaction\n\(change)\n")
    #expect(told.isEmpty, "\(told)")
    #expect(words(redaction) == wanted)
  }

  @Test func `the last overlay wins, and finds the rule that the one before put in place`() throws {
    let (redaction, told) = try Self.read(
      "overlay: redaction\nrules: {mail: {action: mask, match: phone}}",
      "overlay: redaction\nrules: {mail: {action: mask, match: ip}}\nprivacy: no_content\nkeep: [otel.b, \"otel.c.*\"]")
    #expect(told.isEmpty, "\(told)")
    #expect(words(redaction) == ["mask keys jwt", "mask ip", "drop otel.x"])
    #expect(redaction.privacy == .noContent && redaction.keep == ["otel.a", "otel.b", "otel.c.*"])
    #expect(
      redaction.rules[1].position == Position(file: redaction.rules[1].position.file, line: 2, column: 24, length: 4))
  }

  @Test(arguments: [
    ("rules: {secret: none}", "2:9: error: no redaction rule has the name 'secret'"),
    ("rules: none", "2:8: error: 'rules' must be a list of rules"),
    (
      "rules: {after: [{name: mail, action: mask, match: ip}]}",
      "2:24: error: a rule on line 5 has the name 'mail' already"
    ),
    ("rules: {mail: {match: ip}}", "2:15: error: this rule has no 'action'"),
    ("rules: [{name: before, action: mask, match: ip}]", "2:16: error: 'before' names a place in overlays"),
    ("privacy: nothing", "2:10: error: 'nothing' is no privacy"),
    ("drop: otel.x", "2:1: error: 'drop' is nothing that an overlay of 'redaction' can change"),
  ])
  func `what cannot be done is told`(change: String, wanted: String) throws {
    let (_, told) = try Self.read("overlay: redaction\n\(change)\n")
    #expect(told.contains("overlays/0.yaml:\(wanted)"), "\(told)")
  }

  /// As many rules as there may be, and one more.
  @Test(arguments: [RedactionLimits.rulesMax - 3, RedactionLimits.rulesMax - 2])
  func `overlays and the file together keep to the limit of rules`(count: Int) throws {
    let rules = [String](repeating: "{action: mask, match: ip}", count: count).joined(separator: ",")
    let (redaction, told) = try Self.read("overlay: redaction\nrules: {after: [\(rules)]}")
    #expect(told.isEmpty == (redaction.rules.count == RedactionLimits.rulesMax), "\(told)")
  }

  @Test(arguments: [RedactionLimits.patternsMax, RedactionLimits.patternsMax + 1])
  func `no pattern beyond the limit is left out in silence`(count: Int) throws {
    let patterns = (0..<count).map { "{pattern: 'a\($0)b'}" }.joined(separator: ",")
    let (_, told) = try Self.read("overlay: redaction\nrules: {after: [{action: mask, match: [\(patterns)]}]}")
    #expect(told.isEmpty == (count == RedactionLimits.patternsMax), "\(told)")
    #expect(told.isEmpty || told.contains("at most \(RedactionLimits.patternsMax) patterns"))
  }
}
