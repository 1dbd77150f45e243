import Bytes
import Testing

@testable import Mapping

@Suite struct PresetTests {
  @Test(arguments: Preset.allCases)
  func `a preset finds what it is for, alone and in a sentence`(preset: Preset) throws {
    let redactor = try RedactionStage.mask(preset)
    for sample in try #require(PresetSamples.positives[preset]) {
      for (before, after) in [("", ""), ("it is ", " today"), ("\"", "\""), ("=", "\n"), ("(", ")")] {
        let redacted = redactor.redact(before + sample + after)
        #expect(redacted == before + "[redacted:\(preset.rawValue)]" + after, "\(before)\(sample)\(after)")
      }
    }
  }

  @Test(arguments: Preset.allCases)
  func `of a longer text only that part goes`(preset: Preset) throws {
    let redactor = try RedactionStage.mask(preset)
    for (text, wanted) in try #require(PresetSamples.parts[preset]) { #expect(redactor.redact(text) == wanted) }
  }

  @Test(arguments: Preset.allCases)
  func `a near miss stays`(preset: Preset) throws {
    let redactor = try RedactionStage.mask(preset)
    for sample in try #require(PresetSamples.nearMisses[preset]) {
      for text in [sample, "it is \(sample) today"] { #expect(redactor.redact(text) == text) }
    }
  }

  /// What makes detectors look far, again and again.
  static let nasty: [String] = [
    "a", "@", "a@", "a.b@", "%40", "a%40", "://a:@", "://a:b@c ", "x://", "sk-", "-sk-", "sk--", "eyJ", "eyJ.",
    "-eyJ-.",
    "eyJhbGciOiJIUzI1NiJ9.", "bearer ", "Bearer -", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\\n", "-----BEGIN PRIVATE KEY-----a b c d ", "-", "SG.", "SG.aaaaaaaaaaaaaaaaaaaaaa.",
    "1",
    "1 ", "4 ", "4-", "4111 ", "+1", "+1 ", "(2", "2-", "212-", "DE89", "DE89 ", "A", ":", "1:", "a:", "1.", "1.1.1.1",
    "1.1.1.1:", "::", "::1 ", "\\", "\\u0040", "\\\\", "\\n", "ghp_", "\u{e9}",
  ]

  @Test(arguments: Preset.allCases)
  func `a preset looks at each byte a bounded number of times`(preset: Preset) {
    for piece in Self.nasty { Self.expectFewSteps(preset, piece, bytes: 1 << 13) }
  }

  /// Of each preset what costs most.
  @Test(arguments: [
    (Preset.keys, "sk--"), (.keys, "@"), (.keys, "-----BEGIN PRIVATE KEY-----a b c d "), (.jwt, "-eyJ-."),
    (.email, "a%40"),
    (.phone, "+1 "), (.card, "4 "), (.iban, "DE89 "), (.ip, "1.1.1.1:"),
  ])
  func `a mebibyte costs as much for each byte as a page does`(preset: Preset, piece: String) {
    Self.expectFewSteps(preset, piece, bytes: 1 << 20)
  }

  /// 64 characters before each @ are the most that is looked at.
  private static func expectFewSteps(_ preset: Preset, _ piece: String, bytes: Int) {
    let unit = Array(piece.utf8)
    var text: [UInt8] = []
    while text.count + unit.count <= bytes { text += unit }
    var scan = PresetScan(text)
    scan.run(preset.bit)
    #expect(scan.steps <= 72 * text.count, "\(piece): \(scan.steps) steps for \(text.count) bytes")
  }

  @Test func `a key is hinted at wherever it is found`() throws {
    for preset in [Preset.keys, .jwt] {
      let samples = PresetSamples.positives[preset].map { $0 + (PresetSamples.parts[preset] ?? []).map(\.0) } ?? []
      for sample in samples {
        for (before, after) in [
          ("", ""), ("it is ", " today"), ("\n\t", "\n"), ("\\n", "\\n"), ("  ", "é"), ("\"", "\""),
        ] {
          var out = ByteBuffer()
          out.append("{\"otel.x\":")
          out.appendJSONString(before + sample + after)
          out.append("}")
          #expect(out.withSpan { SecretHint.isIn($0, Slice(0, $0.count)) }, "\(before)\(sample)\(after)")
        }
      }
    }
    let indented = PresetSamples.pem.split(separator: "\n").map { "    \($0)\n" }.joined()
    var out = ByteBuffer()
    out.appendJSONString(indented)
    #expect(out.withSpan { SecretHint.isIn($0, Slice(0, $0.count)) })
    #expect(try RedactionStage.mask(.keys).redact(indented) == "    [redacted:keys]\n")
  }
}
