import Bytes
import Testing

@testable import Mapping

/// Secrets of every kind in random places of random events: none is left, and nothing else has changed.
@Suite struct PlantedSecretsTests {
  static let rounds = 300

  @Test(arguments: [[Preset.keys, .jwt], Preset.allCases])
  func `no planted secret is left and nothing else changes`(presets: [Preset]) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let names = presets.map(\.rawValue).joined(separator: ", ")
    let redactor = try RedactionStage.redactor("rules: [{action: mask, match: [\(names)]}]")
    #expect(redactor.program.hintsSuffice == (presets.count == 2))
    var random = SeededRandom(seed: seed)
    for _ in 0..<Self.rounds {
      var writer = EventWriting(random: random, presets: presets)
      writer.members()
      random = writer.random
      let redacted = RedactionStage.members(writer.event, redactor)
      #expect(redacted == writer.wanted, "seed \(seed)")
    }
  }
}

/// Writes a random event twice: with secrets, and as it must be after redaction.
private struct EventWriting {
  var random: SeededRandom
  let presets: [Preset]
  var event = ""
  var wanted = ""
  private var names = 0

  init(random: SeededRandom, presets: [Preset]) {
    self.random = random
    self.presets = presets
  }

  mutating func members() {
    for number in 0..<Int.random(in: 1...6, using: &random) {
      both("\"otel.m\(number)\":")
      value(depth: 0)
      both(",")
    }
  }

  private mutating func both(_ text: String) {
    event += text
    wanted += text
  }

  private mutating func value(depth: Int) {
    switch Int.random(in: 0...(depth < 4 ? 6 : 3), using: &random) {
    case 0: both("\(Int64.random(in: .min ... .max, using: &random))")
    case 1: both(["true", "false", "null", "4111111111111111", "-0.5e-7"].randomElement(using: &random) ?? "null")
    case 2, 3: string()
    case 4, 5:
      both("[")
      for number in 0..<Int.random(in: 0...3, using: &random) {
        if number > 0 { both(",") }
        value(depth: depth + 1)
      }
      both("]")
    default:
      both("{")
      for number in 0..<Int.random(in: 0...3, using: &random) {
        if number > 0 { both(",") }
        both("\"k\(number)\":")
        value(depth: depth + 1)
      }
      both("}")
    }
  }

  private static let words = [
    "the", "quick", "brown-fox", "über", "say \"hi\"", "C:\\dir", "line\n", "a_long_identifier_of_words", "gpt-4o-mini",
    "2026-11-25T10:00:00Z", "{\"a\":1}", "😀", "\u{7}", "x=y", "chatcmpl-Abc123Def456Ghi789", "task-force", "",
  ]

  private mutating func string() {
    both("\"")
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      if Int.random(in: 0..<4, using: &random) == 0 {
        secret()
      } else {
        both(Self.escaped(Self.words.randomElement(using: &random) ?? ""))
      }
      both(" | ")
    }
    both("\"")
  }

  private mutating func secret() {
    let preset = presets.randomElement(using: &random) ?? .keys
    let text = PresetSamples.positives[preset]?.randomElement(using: &random) ?? ""
    event += Self.escaped(text)
    wanted += "[redacted:\(preset.rawValue)]"
  }

  private static func escaped(_ text: String) -> String {
    var out = ByteBuffer()
    let bytes = Array(text.utf8)
    out.appendJSONContent(bytes.span, Slice(0, bytes.count))
    return out.string
  }
}
