import Bytes
import Testing

@testable import Mapping

@Suite struct PatternSearchTests {
  static let nasty = ["(?:a+)+b", "(?:a|a)*c", ".*.*.*x", "(?:a*)*b", "(?:a?){30}a{30}b", "a.{0,200}b", "(?:.*a){20}b"]

  @Test(arguments: nasty)
  func `a nasty pattern costs no more than its instructions at each byte`(text: String) throws {
    let pattern = try Pattern(text, needsGroup: false)
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
    var search = PatternSearch(PatternSet([pattern]))
    #expect(search.patterns(in: bytes) == 0)
    // One step a byte, and now and then the making of a state; never as many as the worst case allows.
    #expect(search.steps <= 2 * bytes.count + 256 * pattern.instructions.count)
  }

  @Test func `patterns that make ever new states stay within their instructions`() throws {
    let pattern = try Pattern("(?:a|b)*a(?:a|b){14}c", needsGroup: false)
    var random = SeededRandom(seed: 7)
    let bytes = (0..<20_000).map { _ in Bool.random(using: &random) ? UInt8(ascii: "a") : UInt8(ascii: "b") }
    var search = PatternSearch(PatternSet([pattern]))
    #expect(search.patterns(in: bytes) == 0)
    #expect(search.steps <= (pattern.instructions.count + 1) * (bytes.count + 1))
  }

  @Test func `a pattern that looks far ahead in vain gives up the rest of the text as one match`() throws {
    let redactor = try RedactionStage.redactor(#"rules: [{action: mask, match: [{pattern: "a(?:.*b)?"}]}]"#)
    let text = String(repeating: "a", count: 1 << 16)
    let redacted = redactor.redact(text)
    #expect(redacted.replacing("[redacted:pattern]", with: "").isEmpty)
    #expect(redactor.steps <= (RedactionLimits.rereadsMax + 4) * text.utf8.count)
  }

  @Test(arguments: [
    ("cat|dog", "a cat, a dog", "a [redacted:pattern], a [redacted:pattern]"),
    (#"\bno\b"#, "no know no", "[redacted:pattern] know [redacted:pattern]"),
    ("^x+", "xx xx", "[redacted:pattern] xx"), ("x+$", "xx xx", "xx [redacted:pattern]"),
    (#"id=(\d+)"#, "id=12 id=3", "id=[redacted:pattern] id=[redacted:pattern]"),
    (#"".*?""#, #"say "a" or "b""#, "say [redacted:pattern] or [redacted:pattern]"),
    ("(?i)acme-[0-9]{3}", "ACME-123 Acme-99", "[redacted:pattern] Acme-99"),
    ("é+", "éé e", "[redacted:pattern] e"), ("a.", "aé!", "[redacted:pattern]!"), ("z", "no such", "no such"),
  ])
  func `own patterns are found from left to right`(pattern: String, text: String, wanted: String) throws {
    let quoted = pattern.replacing("'", with: "''")
    let redactor = try RedactionStage.redactor("rules: [{action: mask, match: [{pattern: '\(quoted)'}]}]")
    #expect(redactor.redact(text) == wanted)
  }

  /// Every pattern by itself and all together, over random texts.
  @Test func `one pass over many patterns finds what each finds alone`() throws {
    let texts = [#"\bab"#, "a+b", "(?:ab|ba)+c?", "^b", "c$", #"a\b"#, "[^a]c", "(?:a|b|c){5}", "ca*?b", "b.c"]
    let patterns = try texts.map { try Pattern($0, needsGroup: false) }
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    var all = PatternSearch(PatternSet(patterns))
    for _ in 0..<2_000 {
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        "abc \n-".utf8.randomElement(using: &random) ?? 0
      }
      let found = all.patterns(in: text)
      for (number, pattern) in patterns.enumerated() {
        var steps = 0
        let matches = !pattern.matches(in: text.span, rereads: 100, steps: &steps).isEmpty
        #expect(matches == (found >> UInt64(number) & 1 == 1), "seed \(seed): \(texts[number]) in \(text)")
      }
    }
  }

  @Test(arguments: ["a**", "a{2}{3}", "[é]", "[a-é]", "(a)(b)", String(repeating: "a", count: 4_097)])
  func `a pattern that cannot be used is refused`(text: String) {
    #expect(throws: PatternError.self) { try Pattern(text, needsGroup: false) }
  }

  @Test func `the longest pattern is taken`() throws {
    #expect(try Pattern(String(repeating: "a", count: 4_095), needsGroup: false).instructions.count == 4_096)
  }

  @Test func `nothing repeated a thousand times a thousand times takes no time`() throws {
    var text = "a{0}"
    for _ in 0..<20 { text = "(?:\(text)){1000}" }
    #expect(try Pattern(text + "b", needsGroup: false).instructions.count == 2)
  }
}
