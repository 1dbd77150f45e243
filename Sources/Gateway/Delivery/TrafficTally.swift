import Sampling
import Store
import Telemetry

/// What came of each pattern since it was taken last: what policies are worked out from. Delivery's own, so that counting
/// is one look-up.
struct TrafficTally {
  /// In a minute; what is more is counted in none. Half of what the store keeps.
  static let patternsMax = 10_000
  /// How often it is written down.
  static let interval: UInt64 = 60_000_000_000

  struct Entry {
    var service: String
    var model: String
    var counts = SeverityCounts()
    var tokens = 0.0
    var tokens2 = 0.0
    var cost = 0.0
    var cost2 = 0.0
  }

  private(set) var entries: [UInt64: Entry] = [:]
  private var began: UInt64 = 0

  mutating func count(_ pattern: UInt64, _ fact: EventFacts) {
    let tokens = Double(fact.tokens)
    let cost = Double(fact.nanoDollars) / 1e9
    update(pattern, fact.service, fact.model) { entry in
      if fact.isError { entry.counts.error += 1 } else { entry.counts.other += 1 }
      entry.tokens += tokens
      entry.tokens2 += tokens * tokens
      entry.cost += cost
      entry.cost2 += cost * cost
    }
  }

  mutating func count(_ pattern: UInt64, _ severity: Severity, _ service: String) {
    update(pattern, service, "") { $0.counts.add(1, severity) }
  }

  private mutating func update(_ pattern: UInt64, _ service: String, _ model: String, _ change: (inout Entry) -> Void) {
    if entries.count >= Self.patternsMax, entries[pattern] == nil { return }
    change(&entries[pattern, default: Entry(service: service, model: model)])
  }

  /// Whether it should be taken, by the wall clock.
  func isDue(at now: UInt64) -> Bool { !entries.isEmpty && now >= began &+ Self.interval }

  mutating func take(at now: UInt64) -> [UInt64: Entry] {
    defer { (entries, began) = ([:], now) }
    return entries
  }
}

/// A pattern of the gateway's own traffic, as it is handed to the policies.
struct CountedPattern: Sendable {
  var id: UInt64
  /// Its constant words.
  var name: String
  var service: String
  var model: String
  var counts: SeverityCounts
  var tokens: Double
  var tokens2: Double
  var cost: Double
  var cost2: Double

  init(_ id: UInt64, _ entry: TrafficTally.Entry, name: String) {
    self.id = id
    self.name = name
    (service, model, counts) = (entry.service, entry.model, entry.counts)
    (tokens, tokens2, cost, cost2) = (entry.tokens, entry.tokens2, entry.cost, entry.cost2)
  }
}
