import Telemetry

/// Traces that sampling left out a short while ago. Their requests stay in the spool so that an error that comes late can
/// still bring the whole trace out; memory holds where they are, oldest first.
struct LeftOutTraces {
  struct Entry {
    var units: [UnitReference]
    /// Marks of the parts that were left out, for the decision log.
    var through: [UInt64]
    /// What each part added to roll-ups, as `LeftOut.amounts`.
    var amounts: [[UInt8]]
    /// Its records, all of which are counted.
    var spans: Int
    var logs: Int
    /// Arrival time at which it was left out.
    var time: UInt64
    /// Parts whose decision is not on disk yet.
    var unsaved = 1

    /// What it holds in memory, about.
    var cost: Int {
      Self.entryBytes + units.count * MemoryLayout<UnitReference>.size + through.count * 8
        + amounts.reduce(0) { $0 + $1.count }
    }
    private static let entryBytes = 250

    mutating func join(_ later: Entry) {
      units += later.units
      through += later.through
      amounts += later.amounts
      spans += later.spans
      logs += later.logs
      unsaved += later.unsaved
    }
  }

  private var entries: [TraceID: Entry] = [:]
  /// In the order in which they came; those that were taken out meanwhile are passed over.
  private var order: [(trace: TraceID, time: UInt64)] = []
  private var oldest = 0
  /// What all of them take in memory.
  private(set) var cost = 0

  var count: Int { entries.count }
  func contains(_ trace: TraceID) -> Bool { entries[trace] != nil }

  /// Adds a trace, or a further part of one, which leaves together with the first.
  mutating func insert(_ trace: TraceID, _ entry: Entry) {
    cost += entry.cost
    if let known = entries[trace] {
      cost -= known.cost + entry.cost
      entries[trace]?.join(entry)
      cost += entries[trace]?.cost ?? 0
      return
    }
    entries[trace] = entry
    order.append((trace, entry.time))
  }

  /// Takes a trace out, to send it after all.
  mutating func take(_ trace: TraceID) -> Entry? {
    guard let entry = entries.removeValue(forKey: trace) else { return nil }
    cost -= entry.cost
    return entry
  }

  /// A part of a trace is on disk.
  mutating func saved(_ trace: TraceID) { entries[trace]?.unsaved -= 1 }

  /// Takes out the oldest, if it was left out before `time`, or more is held than may be.
  mutating func popOldest(before time: UInt64, isTooMuch: Bool) -> (trace: TraceID, entry: Entry)? {
    while oldest < order.count {
      let next = order[oldest]
      // It may have been taken out, and come again.
      guard let known = entries[next.trace], known.time == next.time else {
        skipOldest()
        continue
      }
      guard next.time < time || isTooMuch, known.unsaved <= 0 else { return nil }
      skipOldest()
      return take(next.trace).map { (next.trace, $0) }
    }
    return nil
  }

  private mutating func skipOldest() {
    oldest += 1
    // Half of it is of the past: moving the rest down costs as much as was passed over.
    if oldest * 2 > order.count, oldest > 64 {
      order.removeFirst(oldest)
      oldest = 0
    }
  }
}
