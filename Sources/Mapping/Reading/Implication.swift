/// Whether one condition holds wherever another does, as far as their form tells.
struct Implication {
  private var steps = 0

  /// Whether `other` holds for each span for which `one` does. False also means "cannot tell".
  static func holds(from one: Condition, to other: Condition) -> Bool {
    var implication = Implication()
    return implication.follows(one, other)
  }

  private mutating func follows(_ one: Condition, _ other: Condition) -> Bool {
    steps += 1
    guard steps <= ReadingLimits.implicationStepsMax else { return false }
    if one == other { return true }
    if case .any(let parts) = one { return all(parts) { $0.follows($1, other) } }
    if case .all(let parts) = other { return all(parts) { $0.follows(one, $1) } }
    if case .any(let parts) = other, some(parts, { $0.follows(one, $1) }) { return true }
    if case .all(let parts) = one { return some(parts) { $0.follows($1, other) } }
    if case .not(let inner) = one, case .not(let outer) = other { return follows(outer, inner) }
    return Self.follows(comparing: one, other)
  }

  private mutating func all(_ parts: [Condition], _ test: (inout Implication, Condition) -> Bool) -> Bool {
    for part in parts where !test(&self, part) { return false }
    return true
  }

  private mutating func some(_ parts: [Condition], _ test: (inout Implication, Condition) -> Bool) -> Bool {
    for part in parts where test(&self, part) { return true }
    return false
  }

  /// Comparisons of one path: whatever compares it needs it present, and narrower values imply wider ones.
  private static func follows(comparing one: Condition, _ other: Condition) -> Bool {
    guard one.paths == other.paths else { return false }
    switch (one, other) {
    case (.equals, .present), (.prefix, .present), (.suffix, .present), (.atLeast, .present), (.below, .present):
      return true
    case (.equals(_, let values), .equals(_, let wider)): return values.allSatisfy { wider.contains($0) }
    case (.equals(_, let values), .prefix(_, let wider)):
      return values.allSatisfy { value in wider.contains { value.bytes.starts(with: $0.utf8) } }
    case (.prefix(_, let values), .prefix(_, let wider)):
      return values.allSatisfy { value in wider.contains { value.utf8.starts(with: $0.utf8) } }
    default: return false
    }
  }
}
