/// Which words were seen in one place between the same others: many different ones are values, not words.
struct VariableWords: Sendable {
  struct Word: Sendable {
    /// Half of its hash; a place has too few words for two to meet.
    var hash: UInt32
    /// The pattern it was seen in.
    var node: PatternGroups.Node
    var next: Int32
    /// Variable values that stood around it.
    var gap: UInt16
    var looksVariable: Bool
  }

  private struct Place: Sendable {
    var first: Int32 = -1
    var count: UInt32 = 0
    var variable: UInt32 = 0
  }

  private var places = RecencyTable<Place>()
  private var words: [Word] = []
  private var free: Int32 = -1
  private static let nowhere = PatternGroups.Node.max

  var placeCount: Int { places.count }
  private(set) var wordCount = 0

  private static func hash(_ key: PatternID, _ position: Int) -> UInt64 {
    PatternHash.mix(key.value, UInt64(truncatingIfNeeded: position) &+ 0x3c6e_f372_fe94_f82b)
  }

  /// Remembers that `word` was seen at `position` of `key`; returns how many different ones were, and how many of them
  /// look like values.
  mutating func note(_ key: PatternID, _ position: Int, _ word: Word) -> (count: Int, variable: Int) {
    let hash = Self.hash(key, position)
    let place = places.place(of: hash) ?? places.insert(hash, Place())
    places.touch(place)
    var index = places[place].first
    while index >= 0, words[Int(index)].hash != word.hash { index = words[Int(index)].next }
    if index >= 0 {
      words[Int(index)].node = word.node
      words[Int(index)].gap = word.gap
    } else {
      var word = word
      word.next = places[place].first
      places[place].first = add(word)
      places[place].count += 1
      if word.looksVariable { places[place].variable += 1 }
    }
    return (Int(places[place].count), Int(places[place].variable))
  }

  /// The words seen at `position` of `key`.
  func seen(_ key: PatternID, _ position: Int) -> [Word] {
    guard let place = places.place(of: Self.hash(key, position)) else { return [] }
    var found: [Word] = []
    var index = places[place].first
    while index >= 0 {
      found.append(words[Int(index)])
      index = words[Int(index)].next
    }
    return found
  }

  mutating func removeOldest() {
    guard let place = places.removeOldest() else { return }
    var index = place.first
    while index >= 0 {
      let next = words[Int(index)].next
      words[Int(index)].next = free
      words[Int(index)].node = Self.nowhere
      free = index
      index = next
      wordCount -= 1
    }
  }

  /// Visits the pattern of each word, to mark it or to say where it went.
  mutating func forEachNode(_ body: (inout PatternGroups.Node) -> Void) {
    for index in words.indices where words[index].node != Self.nowhere { body(&words[index].node) }
  }

  private mutating func add(_ word: Word) -> Int32 {
    wordCount += 1
    guard free >= 0 else {
      words.append(word)
      return Int32(truncatingIfNeeded: words.count - 1)
    }
    let index = free
    free = words[Int(index)].next
    words[Int(index)] = word
    return index
  }
}
