/// Which patterns were kept lately, so that each is seen sometimes.
struct Sightings: Sendable {
  /// As many as the signatures that are learnt; 40 bytes each. Beyond, those that did not occur for longest are forgotten
  /// and count as never kept.
  static let patternsMax = 20_000
  /// So many are forgotten at once that looking for them costs nothing for each.
  static let forgottenAtOnce = patternsMax / 4
  /// For which a number of sightings is promised, in seconds.
  static let period: UInt32 = 15 * 60

  struct Entry: Sendable, Equatable {
    /// Kept since `since`.
    var kept: UInt8
    /// Seconds since 1970.
    var since: UInt32
    /// Last occurred, in seconds since 1970.
    var occurred: UInt32
  }

  enum Standing: Sendable {
    /// Was never kept.
    case never
    /// Was kept, but not often enough in the last period.
    case rare
    case known
  }

  private(set) var entries: [UInt64: Entry] = [:]
  /// Patterns that were found to be known, and until when they are: most of what occurs is what occurred before, and to
  /// look there takes a tenth of the time. Empty until it is needed.
  private var known: [(pattern: UInt64, until: UInt32)] = []
  private static let knownCount = 2_048

  /// How well a pattern that occurs now is known.
  mutating func standing(of pattern: UInt64, first: Int, at second: UInt32) -> Standing {
    let place = Int(truncatingIfNeeded: pattern ^ pattern >> 32) & (Self.knownCount - 1)
    if !known.isEmpty, known[place].pattern == pattern, second < known[place].until { return .known }
    guard let index = entries.index(forKey: pattern) else { return .never }
    let entry = entries.values[index]
    if entry.occurred != second { entries.values[index].occurred = second }
    guard Int(entry.kept) >= first, Self.age(of: entry.since, at: second) <= Self.period else { return .rare }
    if known.isEmpty { known = Array(repeating: (0, 0), count: Self.knownCount) }
    // Not so long that a pattern which occurs all the time looks forgotten, or that a policy's change goes unnoticed.
    known[place] = (pattern, min(second &+ 60, entry.since &+ Self.period &+ 1))
    return .known
  }

  mutating func keep(_ pattern: UInt64, at second: UInt32) {
    if let index = entries.index(forKey: pattern) {
      let entry = entries.values[index]
      let isOver = Self.age(of: entry.since, at: second) > Self.period
      entries.values[index] = Entry(
        kept: isOver ? 1 : min(entry.kept, UInt8.max - 1) + 1, since: isOver ? second : entry.since, occurred: second)
      return
    }
    if entries.count >= Self.patternsMax { forgetOldest() }
    entries[pattern] = Entry(kept: 1, since: second, occurred: second)
  }

  mutating func restore(_ pattern: UInt64, _ entry: Entry) {
    if entries.count < Self.patternsMax { entries[pattern] = entry }
  }

  private mutating func forgetOldest() {
    let byAge = entries.sorted { ($0.value.occurred, $0.key) < ($1.value.occurred, $1.key) }
    for (pattern, _) in byAge.prefix(Self.forgottenAtOnce) { entries[pattern] = nil }
  }

  private static func age(of since: UInt32, at second: UInt32) -> UInt32 { second >= since ? second - since : 0 }
}
