import Bytes
import Sampling

/// How many lines each pattern has.
struct PatternSummary {
  /// Patterns that are counted by themselves. With more, the rarer half of them becomes one number.
  static let rowsMax = 50_000

  struct Row {
    var id: PatternID
    var lines: UInt64
    var template: [UInt8]
  }

  private var rows: [UInt64: Row] = [:]
  private(set) var rareLines: UInt64 = 0

  mutating func count(_ match: PatternMiner.Match, _ miner: inout PatternMiner) {
    if let index = rows.index(forKey: match.id.value) {
      rows.values[index].lines += 1
      return
    }
    if rows.count >= Self.rowsMax { dropRare() }
    rows[match.id.value] = Row(id: match.id, lines: 1, template: miner.templateBytes(of: match.id))
  }

  /// Moves what was counted under ids that are others now.
  mutating func move(_ aliases: [PatternAlias], _ miner: inout PatternMiner) {
    for alias in aliases {
      guard let old = rows.removeValue(forKey: alias.old.value) else { continue }
      if rows[alias.new.value] == nil {
        rows[alias.new.value] = Row(id: alias.new, lines: 0, template: miner.templateBytes(of: alias.new))
      }
      rows[alias.new.value]?.lines += old.lines
    }
  }

  /// The most frequent first.
  func sorted(_ miner: inout PatternMiner) -> [Row] {
    var sorted = rows.values.sorted { ($0.lines, $1.id.value) > ($1.lines, $0.id.value) }
    for index in sorted.indices {
      let template = miner.templateBytes(of: sorted[index].id)
      if !template.isEmpty { sorted[index].template = template }
    }
    return sorted
  }

  private mutating func dropRare() {
    // By id where they are equally rare: in the dictionary's own order, one end of it would stay and fill up.
    let rising = rows.values.sorted { ($0.lines, $0.id.value) < ($1.lines, $1.id.value) }
    for row in rising.prefix(Self.rowsMax / 2) {
      rows[row.id.value] = nil
      rareLines += row.lines
    }
  }
}
