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
    var mutated = 0
    var understood = 0
    var round = 0
    while mutated < 5000 {
      round += 1
      var files = good
      for index in files.indices where Int.random(in: 0..<3, using: &random) > 0 {
        let other = Int.random(in: 0..<files.count, using: &random)
        files[index].text = mutate(files[index].text, good[other].text, &random)
        mutated += 1
      }
      let (set, diagnostics) = MappingReader.read(files: files)
      let seen = "seed \(seed), round \(round)"
      #expect(diagnostics.map { $0.position ?? Position(file: -1, line: 0, column: 0) }.isSorted, "\(seen)")
      for diagnostic in diagnostics {
        let position = diagnostic.position ?? Position(file: 0, line: 1, column: 1)
        #expect(position.line >= 1 && position.column >= 1 && position.length >= 1, "\(seen)")
        #expect(!diagnostic.message.isEmpty && !diagnostic.description.contains("\u{f0000}'"), "\(seen)")
      }
      understood += set.dialects.count
      // What could be understood compiles, whole or not.
      _ = Program(set)
    }
    // Of each set the dialects are three; too tame or too wild mutations would find nothing.
    #expect(understood > round / 2 && understood < round * 5 / 2, "seed \(seed): \(understood) of \(round * 3)")
  }
}

extension [Position] {
  fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}
