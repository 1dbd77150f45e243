import Bytes
import Testing

@testable import Mapping

/// Keys and tokens are looked for only where something hints at them. That must find what reading everything finds.
@Suite struct HintedReadingTests {
  static let rounds = 300

  /// What keys are made of, what stands around them, and what looks like either.
  static let pieces: [String] =
    PresetSamples.positives[.keys, default: []] + PresetSamples.positives[.jwt, default: []]
    + PresetSamples.parts[.keys, default: []].map(\.0) + PresetSamples.parts[.jwt, default: []].map(\.0)
    + PresetSamples.nearMisses[.keys, default: []] + PresetSamples.nearMisses[.jwt, default: []]
    + PresetTests.nasty + [
      " ", "    ", "\t", "\n", "\r\n", "\\n", "\\r\\n    ", "\\\\", "\"", "\\\"", "'", "#", "=", ":", "/", "://", "@",
      "-", "--", "---", "-----", "_", ".", "é", "😀", "\u{7}", "\\u0073k-", "\\u0020", "\\u000a", "s", "k", "Bearer",
      "basic ", "the quick brown fox", "_long_name_of_some_function(argument, other)", "0123456789", "ABCDEFGH",
      "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----\n    ",
      "Proc-Type: 4,ENCRYPTED", PresetSamples.body, PresetSamples.random(20), PresetSamples.random(19),
    ]

  static func text(_ random: inout SeededRandom) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      let piece = pieces.randomElement(using: &random) ?? ""
      switch Int.random(in: 0..<6, using: &random) {
      // A key cut somewhere is the edge of most lengths.
      case 0: text += piece.prefix(Int.random(in: 0...piece.count, using: &random))
      case 1: text += piece.suffix(Int.random(in: 0...piece.count, using: &random))
      default: text += piece
      }
      if Bool.random(using: &random) { text += " " }
    }
    return text
  }

  @Test func `in a text the same is found as by reading all of it`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<Self.rounds {
      let text = Array(Self.text(&random).utf8)
      for wanted in [Preset.secrets, Preset.keys.bit, Preset.jwt.bit] {
        var hinted = PresetScan(text)
        hinted.run(wanted)
        var whole = PresetScan(text)
        whole.run(wanted, 0..<text.count)
        #expect(hinted.findings == whole.findings, "seed \(seed): \(String(decoding: text, as: UTF8.self))")
      }
    }
  }

  /// Nothing may be asked to stand before a key: a text may be nothing else.
  @Test(arguments: [
    "Bearer \(PresetSamples.random(40))", "basic \(PresetSamples.random(40))",
    "Bearer        \(PresetSamples.random(40))",
    "sk-\(PresetSamples.random(40))", "-----BEGIN RSA PRIVATE KEY-----\n    \(PresetSamples.body)",
  ])
  func `a text that is a key from its first byte on is found`(text: String) {
    var hinted = PresetScan(Array(text.utf8))
    hinted.run(Preset.secrets)
    var whole = PresetScan(Array(text.utf8))
    whole.run(Preset.secrets, 0..<text.utf8.count)
    #expect(!whole.findings.isEmpty && hinted.findings == whole.findings)
  }

  /// A rule for a service that is none makes the redactor look at every string.
  @Test func `in an event the same is found as by looking at every string`() throws {
    let rules = "rules: [{action: mask, match: [keys, jwt]}"
    let hinted = try RedactionStage.redactor(rules + "]")
    let whole = try RedactionStage.redactor(rules + ", {action: mask, match: ip, services: [none]}]")
    #expect(hinted.program.hintsSuffice && !whole.program.hintsSuffice)
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<Self.rounds {
      var out = ByteBuffer()
      for number in 0..<Int.random(in: 1...4, using: &random) {
        out.append("\"otel.m\(number)\":[1.1659938089208146,{")
        out.appendJSONString(Self.text(&random))
        out.append(":")
        out.appendJSONString(Self.text(&random))
        out.append("}],")
      }
      let event = out.string
      #expect(
        RedactionStage.members(event, hinted) == RedactionStage.members(event, whole), "seed \(seed): \(event)")
    }
  }

  @Test func `of a long text with one key little is read closely`() throws {
    let prose = String(repeating: "it is a long and winding text about nothing. ", count: 2_000)
    var scan = PresetScan(Array((prose + PresetSamples.positives[.keys, default: [""]][0] + prose).utf8))
    scan.run(Preset.secrets)
    #expect(scan.findings.count == 1)
    #expect(scan.steps <= 400)
  }

  /// A resource that many events share is looked at once; what is found in it is masked in each.
  @Test(arguments: ["plain", "sk-" + PresetSamples.random(40)])
  func `members known to be clean are passed over, others are not`(value: String) throws {
    let redactor = try RedactionStage.redactor("rules: [{action: mask, match: [keys, jwt]}]")
    var out = ByteBuffer()
    out.append(RedactionStage.head)
    let body = out.count
    out.append(#""a":""# + value + #"","#)
    let clean = out.count
    out.append(#""otel.resource.x":"b","#)
    let end = out.count
    out.append(#""c":""# + value + #"""# + "}}")
    redactor.redact(&out, event: 0, body: body, clean: Slice(clean, end), dialect: 0, service: [])
    let left = value == "plain" ? value : "[redacted:keys]"
    #expect(out.string == RedactionStage.head + #""a":"\#(left)","otel.resource.x":"b","c":"\#(left)"}}"#)
  }
}
