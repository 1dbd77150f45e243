package import Bytes

/// Finds out which lines are of one kind, line by line, with one setting for all of them and within bounded memory.
///
/// Most lines are of a kind that is known: their words are looked up, and nothing is allocated. Only words that were never
/// seen together are compared with those of other lines that differ in one place: where that place has seen enough
/// different words, it holds a value, and those patterns become one. What is forgotten is learned again under the same id.
package struct PatternMiner: Sendable {
  package struct Match: Sendable, Equatable {
    /// The pattern as it is known now. It may become another's alias later.
    package let id: PatternID
    /// Nothing like it was known.
    package let isNew: Bool
  }

  /// How much is remembered: about the kinds of lines that a large installation has, and within 64 MB whatever comes.
  package struct Limits: Sendable {
    /// Sequences of words.
    package var keysMax = 20_000
    /// Places in them where words were compared.
    package var placesMax = 200_000

    package init() {}

    /// Words seen in those places; each has few, or it is known to hold values.
    var wordsMax: Int { placesMax * 2 }
  }

  /// Templates are for people and for models: longer ones say no more.
  package static let templateBytesMax = 512
  /// Aliases that nobody has taken yet.
  package static let aliasesMax = 16_384

  /// How many different words make a place a value's.
  enum Threshold {
    static let words = 5
    /// Sentences begin with more different words than they have values there.
    static let firstWords = 10
    /// With one other word, any two-word lines would fall together.
    static let besideOneWord = 20
    static let afterAnnouncement = 4
    /// Words that look like values.
    static let variableWords = 5
  }

  struct Key: Sendable {
    var node: PatternGroups.Node
    /// The most variable values that were seen in each gap.
    var gaps: InlineArray<49, UInt16>

    init(_ node: PatternGroups.Node, _ gaps: [UInt16]) {
      self.node = node
      self.gaps = InlineArray(repeating: 0)
      for (index, gap) in gaps.enumerated() { self.gaps[index] = gap }
    }
  }

  package let limits: Limits
  /// Lines read.
  package internal(set) var lines: UInt64 = 0
  /// Lines whose words had to be learned.
  package internal(set) var learned: UInt64 = 0

  var scanner = LineScanner()
  var keys = RecencyTable<Key>()
  /// By key, the places that hold values, one bit each.
  var values = RecencyTable<UInt64>()
  var seen = VariableWords()
  var groups = PatternGroups()
  var nodesAfterSweep = 0
  /// What is put together of several pieces before it is scanned.
  var text: [UInt8] = []
  /// The names of a body's members, in order.
  var sorted: [Slice] = []

  package init(_ limits: Limits = Limits()) {
    self.limits = limits
  }

  /// How many sequences of words are remembered.
  package var keyCount: Int { keys.count }

  /// How much of what is bounded otherwise there is.
  package var counts: (places: Int, words: Int, groups: Int) { (seen.placeCount, seen.wordCount, groups.count) }

  /// The pattern of a line of text; its first `whole` bytes are one word whatever they are.
  package mutating func pattern(of bytes: ByteSpan, _ slice: Slice, whole: Int = 0) -> Match {
    scanner.scan(bytes, slice, whole: whole)
    lines &+= 1
    let id = scanner.id
    guard let place = keys.place(of: id.value) else { return learn(bytes) }
    keys.touch(place)
    if raisesGaps(place) { learnGaps(place, id, bytes) }
    return Match(id: groups.id(keys[place].node), isNew: false)
  }

  /// How a pattern is shown, `<*>` standing for values; empty if it is forgotten.
  package mutating func template(of id: PatternID) -> String {
    String(decoding: templateBytes(of: id), as: UTF8.self)
  }

  package mutating func templateBytes(of id: PatternID) -> [UInt8] {
    groups.node(of: id).map { groups.template($0) } ?? []
  }

  /// What `id` is now; `id` itself where nothing else is known.
  package mutating func canonical(_ id: PatternID) -> PatternID {
    let node = keys.place(of: id.value).map { keys[$0].node } ?? groups.node(of: id)
    return node.map { groups.id($0) } ?? id
  }

  /// How many ids became others since they were taken last; those beyond `aliasesMax` are lost, and counted.
  package var aliasCount: Int { groups.aliases.count }

  package var aliasesDropped: Int { groups.aliasesDropped }

  /// The ids that became others since this was asked last.
  package mutating func takeAliases() -> [PatternAlias] { groups.takeAliases() }
}
