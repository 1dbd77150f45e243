import Bytes

/// What a sampler keeps over a restart: what it learnt and what it owes, not the units that wait; those are offered again.
extension Sampler {
  static let version: UInt8 = 1

  package func encoded() -> [UInt8] {
    var out = ByteBuffer(capacity: 64 + budget.strata.rows.count * 64 + budget.sightings.entries.count * 17)
    out.append(Self.version)
    for value in [budget.carry.events, budget.carry.never, budget.carry.rare] { out.append(value) }
    // A unit that waits in the minute comes again: what it was to account for is taken out.
    var rows = budget.strata.rows
    for unit in budget.held { rows[Int(unit.slot)].deficit -= unit.totals }
    out.appendLittleEndian(UInt32(rows.count))
    for row in rows {
      out.append(row.label)
      out.append(UInt8(row.hasLevel ? 1 : 0))
      out.append(UInt8(clamping: row.idleMinutes))
      for totals in [row.level, row.deficit] {
        for value in [totals.count, totals.tokens, totals.cost] { out.append(value) }
      }
    }
    out.appendLittleEndian(UInt32(budget.sightings.entries.count))
    for (pattern, entry) in budget.sightings.entries {
      out.appendLittleEndian(pattern)
      out.append(entry.kept)
      out.appendLittleEndian(entry.since)
      out.appendLittleEndian(entry.occurred)
    }
    out.appendLittleEndian(UInt32(boosts.ends.count))
    for (pattern, end) in boosts.ends {
      out.appendLittleEndian(pattern)
      out.appendLittleEndian(end)
    }
    return out.array()
  }

  /// Reads what `encoded` wrote.
  package init(policy: SamplingPolicy, state: [UInt8]) throws(SamplingStateError) {
    self.init(policy: policy)
    let bytes = state.span
    var reader = StateReader()
    let version = try reader.integer(bytes, UInt8.self)
    guard version == Self.version else { throw .version(version) }
    budget.carry.events = try reader.double(bytes)
    budget.carry.never = try reader.double(bytes)
    budget.carry.rare = try reader.double(bytes)
    for _ in 0..<(try reader.count(bytes, rowsOf: 51, most: Strata.rowsMax)) {
      budget.strata.append(try Self.row(bytes, &reader))
    }
    for _ in 0..<(try reader.count(bytes, rowsOf: 17, most: Sightings.patternsMax)) {
      let pattern = try reader.integer(bytes, UInt64.self)
      let kept = try reader.integer(bytes, UInt8.self)
      let since = try reader.integer(bytes, UInt32.self)
      budget.sightings.restore(
        pattern, Sightings.Entry(kept: kept, since: since, occurred: try reader.integer(bytes, UInt32.self)))
    }
    for _ in 0..<(try reader.count(bytes, rowsOf: 16, most: Boosts.patternsMax)) {
      let pattern = try reader.integer(bytes, UInt64.self)
      boosts.add(pattern, until: try reader.integer(bytes, UInt64.self), at: 0)
    }
    try reader.end(bytes)
  }

  private static func row(_ bytes: ByteSpan, _ reader: inout StateReader) throws(SamplingStateError) -> Strata.Row {
    var row = Strata.Row(label: try reader.label(bytes))
    row.hasLevel = try reader.integer(bytes, UInt8.self) != 0
    row.idleMinutes = Int(try reader.integer(bytes, UInt8.self))
    row.level.count = try reader.double(bytes)
    row.level.tokens = try reader.double(bytes)
    row.level.cost = try reader.double(bytes)
    row.deficit.count = try reader.double(bytes)
    row.deficit.tokens = try reader.double(bytes)
    row.deficit.cost = try reader.double(bytes)
    return row
  }
}
