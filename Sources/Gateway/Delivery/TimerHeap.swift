import Telemetry

/// Deadlines of traces, earliest first (a binary heap). Entries are not removed when a deadline moves: whoever takes one
/// out compares it with what the trace says now.
struct TimerHeap {
  struct Entry {
    var deadline: UInt64
    var trace: TraceID
  }

  private var entries: [Entry] = []

  var earliest: UInt64? { entries.first?.deadline }

  mutating func push(_ deadline: UInt64, _ trace: TraceID) {
    entries.append(Entry(deadline: deadline, trace: trace))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if entries[parent].deadline <= entries[child].deadline { return }
      entries.swapAt(parent, child)
      child = parent
    }
  }

  /// Takes out the earliest entry if its deadline has come.
  mutating func pop(at now: UInt64) -> Entry? {
    guard let first = entries.first, first.deadline <= now else { return nil }
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
        if entries[child].deadline < entries[smallest].deadline { smallest = child }
      }
      if smallest == parent { return first }
      entries.swapAt(parent, smallest)
      parent = smallest
    }
  }
}
