/// Patterns of which something unusual was seen lately.
struct Boosts: Sendable, Equatable {
  /// When more are unusual at once, none is; then those that end first make room.
  static let patternsMax = 1_000

  /// Pattern → until when.
  private(set) var ends: [UInt64: UInt64] = [:]

  mutating func add(_ pattern: UInt64, until end: UInt64, at now: UInt64) {
    ends[pattern] = max(end, ends[pattern] ?? 0)
    guard ends.count > Self.patternsMax else { return }
    ends = ends.filter { $0.value > now }
    guard ends.count > Self.patternsMax else { return }
    if let first = ends.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) { ends[first.key] = nil }
  }

  func contains(anyOf patterns: [SeenPattern], at now: UInt64) -> Bool {
    if ends.isEmpty { return false }
    return patterns.contains { ends[$0.id].map { $0 > now } ?? false }
  }
}
