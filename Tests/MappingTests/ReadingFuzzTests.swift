import Testing

@testable import Mapping

@Suite struct ReadingFuzzTests {
  private static let pieces = [
    "&a ", "*a", "? ", ": ", "- ", "[", "]", "{", "}", "\"", "'", "|", ">", "#", "\n", "\t", "\r", "%", "@", "!",
    "!!int ",
    "---\n", "...\n", "<<: ", "any: ", "not: ", "from: ", "\u{85}", "\u{2028}", "\u{0}", "~",
    "$ai_model: a\n",
    "  ", ".*", ".**", "#/", "event:", "resource:", "((", "extract: '(a{1000}){1000}'", "\u{feff}", "é", "null",
  ]

  private func mutate(_ text: [UInt8], _ other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var text = text
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let place = Int.random(in: 0...text.count, using: &random)
      let end = min(text.count, place + Int.random(in: 0...20, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0: text.removeSubrange(place..<end)
      case 1: text.insert(contentsOf: (Self.pieces.randomElement(using: &random) ?? "").utf8, at: place)
      case 2: text.insert(contentsOf: text[place..<end], at: Int.random(in: 0...text.count, using: &random))
      case 3: if place < text.count { text[place] = UInt8.random(in: 0...255, using: &random) }
      case 4:
        let start = Int.random(in: 0...other.count, using: &random)
        text.insert(contentsOf: other[start..<min(other.count, start + 60)], at: place)
      default: text = Array(text[..<place])
      }
    }
    return text
  }

  @Test func `no file makes the reader trap, and an unusable set always has a reason`() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    let good = try MappingFixtures.examples()
    var errors = 0
    for round in 0..<5000 {
      var files = good
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let chosen = Int.random(in: 0..<files.count, using: &random)
        let other = Int.random(in: 0..<files.count, using: &random)
        files[chosen].text = mutate(files[chosen].text, files[other].text, &random)
      }
      let (set, diagnostics) = MappingReader.read(files: files)
      let seen = "seed \(seed), round \(round)"
      #expect(diagnostics.map { $0.position ?? Position(file: -1, line: 0, column: 0) }.isSorted, "\(seen)")
      for diagnostic in diagnostics {
        let position = diagnostic.position ?? Position(file: 0, line: 1, column: 1)
        #expect(position.line >= 1 && position.column >= 1 && position.length >= 1, "\(seen)")
        #expect(!diagnostic.message.isEmpty && !diagnostic.description.contains("\u{f0000}'"), "\(seen)")
      }
      if diagnostics.contains(where: { $0.severity == .error }) { errors += 1 }
      // What could be understood compiles, whole or not.
      if round % 10 == 0 { _ = Program(set) }
    }
    #expect(errors > 1000, "seed \(seed): the mutations are too tame")
    #expect(errors < 5000, "seed \(seed): the mutations are too wild")
  }
}

extension [Position] {
  fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}
