import Bytes
import Sampling
import Testing

@testable import SamplingSimulation

@Suite struct PatternMinerTests {
  @Test func `a known line keeps its pattern, and only the first is new`() {
    var miner = PatternMiner()
    let first = miner.match("order 17 shipped")
    #expect(first.isNew)
    let second = miner.match("order 18 shipped")
    #expect(second.id == first.id && !second.isNew)
    #expect(miner.match("order 18 returned").id != first.id)
    #expect(miner.lines == 3 && miner.learned == 2)
    #expect(miner.template(of: first.id) == "order <*> shipped")
  }

  @Test func `five different words in one place are values, and what was told of them before is an alias`() {
    var miner = PatternMiner()
    let words = ["red", "green", "blue", "black"]
    let ids = words.map { miner.match("paint it \($0) now").id }
    #expect(Set(ids).count == 4)
    #expect(miner.takeAliases().isEmpty)
    let joined = miner.match("paint it white now")
    #expect(!joined.isNew)
    #expect(miner.template(of: joined.id) == "paint it <*> now")
    let aliases = miner.takeAliases()
    #expect(Set(aliases.map(\.old)).isSuperset(of: ids))
    for id in ids { #expect(miner.canonical(id) == joined.id) }
    #expect(miner.takeAliases().isEmpty)
    let sixth = miner.match("paint it violet now")
    #expect(sixth == joined, "and the next needs no alias")
    #expect(miner.aliasCount == 0)
  }

  /// One fewer than the threshold stays apart.
  @Test(arguments: [
    (PatternCase("paint it W now", count: 5)), (PatternCase("W is what it was", count: 10)),
    (PatternCase("hello W", count: 20)), (PatternCase("by user W again", count: 4)),
    (PatternCase("in W-x it was", count: 5)),
  ])
  func `how many words make a value depends on the place`(_ example: PatternCase) {
    var miner = PatternMiner()
    let names =
      "amber beige coral denim ebony fawn green henna ivory jade khaki lemon mauve navy ochre pink quartz rose sand teal umber"
    for (index, name) in names.split(separator: " ").enumerated() {
      let match = miner.match(
        example.line.split(separator: "W", omittingEmptySubsequences: false).joined(separator: String(name)))
      #expect(match.isNew == (index < example.count - 1), "\(index + 1) words in \(example.line)")
    }
  }

  struct PatternCase: Sendable {
    var line: String
    var count: Int

    init(_ line: String, count: Int) { (self.line, self.count) = (line, count) }
  }

  @Test func `a word where others had a value is one`() {
    var miner = PatternMiner()
    let number = miner.match("listening on port 80 now").id
    let word = miner.match("listening on port https now")
    #expect(word.id == number && !word.isNew)
  }

  @Test func `a value where others had a word makes one of both`() {
    var miner = PatternMiner()
    let word = miner.match("listening on port https now").id
    let number = miner.match("listening on port 80 now")
    #expect(miner.canonical(word) == number.id)
    #expect(miner.takeAliases().map { [$0.old, $0.new] } == [[word, number.id]])
  }

  @Test func `a template shows the values that came later`() {
    var miner = PatternMiner()
    let id = miner.match("order shipped").id
    #expect(miner.template(of: id) == "order shipped")
    _ = miner.match("order 7 shipped")
    #expect(miner.template(of: id) == "order <*> shipped")
    for colour in ["red", "green", "blue", "black", "white"] { _ = miner.match("paint \(colour) now") }
    let joined = miner.match("paint pink now 5")
    #expect(miner.template(of: joined.id) == "paint <*> now <*>")
  }

  @Test func `what arrives in another order ends at the same ids`() {
    let lines = MixedLines(4_000, seed: 5)
    var order = Array(lines.lines.indices)
    var random = SeededRandom(seed: 6)
    var found: [[PatternID]] = []
    var accuracies: [Double] = []
    for _ in 0..<6 {
      var miner = PatternMiner()
      var ids = [PatternID](repeating: PatternID(0), count: order.count)
      for index in order { ids[index] = miner.match(lines.lines[index]).id }
      ids = ids.map { miner.canonical($0) }
      found.append(ids)
      accuracies.append(MixedLines.accuracy(lines.labels, ids))
      order.shuffle(using: &random)
    }
    let (least, most) = (accuracies.min() ?? 0, accuracies.max() ?? 0)
    #expect(most - least <= 0.004 && least >= 0.97, "\(accuracies)")
    for ids in found.dropFirst() {
      let same = zip(ids, found[0]).count { $0 == $1 }
      #expect(Double(same) >= 0.99 * Double(ids.count), "\(same) of \(ids.count)")
    }
  }

  @Test func `an alias leads to fewer words or a lower id, so never in a circle`() {
    var miner = PatternMiner()
    var next: [PatternID: PatternID] = [:]
    var random = SeededRandom(seed: 8)
    let words = (0..<14).map { "w" + String(repeating: "x", count: $0) }
    for _ in 0..<5_000 {
      _ = miner.match((0..<4).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " "))
      for alias in miner.takeAliases() { next[alias.old] = alias.new }
    }
    #expect(!next.isEmpty)
    for start in next.keys {
      var (id, steps) = (start, 0)
      while let further = next[id], steps <= next.count { (id, steps) = (further, steps + 1) }
      #expect(steps <= next.count)
    }
  }

  @Test func `a template ends after 512 bytes`() {
    var miner = PatternMiner()
    let word = String(repeating: "x", count: 509)
    #expect(miner.template(of: miner.match(word).id) == word)
    let cut = miner.template(of: miner.match(word + "x").id)
    #expect(cut == word + "..." && cut.utf8.count == PatternMiner.templateBytesMax)
  }

  @Test func `an id that nobody knows has no template and is itself`() {
    var miner = PatternMiner()
    #expect(miner.template(of: PatternID(1)) == "")
    #expect(miner.canonical(PatternID(1)) == PatternID(1))
  }
}

@Suite struct PatternBoundsTests {
  private func limits(keys: Int, places: Int) -> PatternMiner.Limits {
    var limits = PatternMiner.Limits()
    limits.keysMax = keys
    limits.placesMax = places
    return limits
  }

  private func word(_ random: inout SeededRandom) -> String {
    String(
      (0..<Int.random(in: 3...9, using: &random)).map { _ in
        "abcdefghijklmnopqrstuvwxyz".randomElement(using: &random) ?? "a"
      })
  }

  @Test func `what was forgotten is learned again under the same id`() {
    var miner = PatternMiner(limits(keys: 3, places: 100))
    let first = miner.match("alpha comes first").id
    for line in ["beta goes", "gamma went", "delta gone"] { _ = miner.match(line) }
    #expect(miner.keyCount == 3)
    #expect(miner.match("alpha comes first").id == first)
  }

  @Test func `the one that was used longest ago is forgotten`() {
    var miner = PatternMiner(limits(keys: 2, places: 100))
    _ = miner.match("alpha comes first")
    _ = miner.match("beta goes")
    _ = miner.match("alpha comes first")
    _ = miner.match("gamma went away")
    let learned = miner.learned
    _ = miner.match("alpha comes first")
    #expect(miner.learned == learned)
    _ = miner.match("beta goes")
    #expect(miner.learned == learned + 1)
  }

  @Test(arguments: [(1, 1), (50, 100), (200, 100_000)])
  func `lines without end that have nothing in common stay within the bounds`(keys: Int, places: Int) {
    var miner = PatternMiner(limits(keys: keys, places: places))
    var random = SeededRandom(seed: 21)
    var known: [String] = []
    for round in 0..<4_000 {
      let line: String
      if round % 5 == 0, let again = known.randomElement(using: &random) {
        line = again
      } else {
        line = (0..<Int.random(in: 0...6, using: &random)).map { _ in word(&random) }.joined(separator: " ")
        if known.count < 300 { known.append(line) }
      }
      let match = miner.match(line)
      #expect(miner.keyCount <= keys)
      #expect(miner.counts.places <= places && miner.counts.words <= places * 2)
      #expect(miner.counts.groups <= keys + places * 2 + keys + 64)
      #expect(match.id == miner.canonical(match.id))
    }
    #expect(miner.learned > 2_500)
  }

  @Test func `aliases that nobody takes are bounded and counted`() {
    var miner = PatternMiner()
    var random = SeededRandom(seed: 22)
    var rounds = 0
    while miner.aliasesDropped == 0, rounds < 20_000 {
      let (left, right) = (word(&random), word(&random))
      for color in ["red", "green", "blue", "black", "white"] { _ = miner.match("\(left) then \(color) \(right)") }
      rounds += 1
    }
    #expect(miner.aliasesDropped > 0)
    #expect(miner.aliasCount == PatternMiner.aliasesMax)
    #expect(miner.takeAliases().count == PatternMiner.aliasesMax)
    #expect(miner.aliasCount == 0)
  }

  @Test func `random bytes crash nothing`() {
    var miner = PatternMiner(limits(keys: 100, places: 300))
    var random = SeededRandom(seed: 23)
    let hard = Array("abC1_ user\"=:/.#-\u{0}".utf8)
    for round in 0..<5_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        round % 2 == 0 ? UInt8.random(in: 0...255, using: &random) : hard.randomElement(using: &random) ?? 0
      }
      let match = miner.match(bytes)
      #expect(miner.template(of: match.id).utf8.count <= PatternMiner.templateBytesMax * 3)
    }
  }
}
