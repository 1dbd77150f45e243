import Telemetry

/// What a budget needs to remember from unit to unit: the open window, the minute it is in, and what was learnt.
struct BudgetState: Sendable {
  /// How long a window collects units before it decides.
  static let windowLength = 10 * SamplingTime.second
  /// Units that wait in the window or for the minute, at most; each takes some 120 bytes. Beyond, units are decided at
  /// once, all with the same probability.
  static let waitingMax = 50_000
  /// Fresh patterns of a waiting unit that are looked at when the window closes; for one of them it is kept, so that more
  /// would seldom matter. With `waitingMax` they take 6.4 MB at most.
  static let freshMax = 16

  var strata = Strata()
  var sightings = Sightings()
  var errors = ErrorAllowance()
  var carry = Carry()
  /// What the last window came to; nil before the first.
  var market: Market?
  var window = Window()
  /// Kept units that wait for the minute to close.
  var held: [Held] = []
  /// When the minute closes that `held` belongs to.
  var minuteEnd: UInt64?

  /// Budget that is left over or was overspent, in events.
  struct Carry: Sendable, Equatable {
    /// Of the whole budget.
    var events = 0.0
    /// Of the share for patterns that were never kept.
    var never = 0.0
    /// Of the share for rare patterns.
    var rare = 0.0
  }

  /// By which units are decided that do not wait for their window: what the window before would have given them.
  struct Market: Sendable {
    /// Times the score of a unit it is its probability; infinite when everything fitted.
    var level: Double
    /// What was mixed into each score.
    var mixed: Double
    /// How many items came.
    var offeredItems: Double
  }

  /// Units that came within ten seconds.
  struct Window: Sendable {
    /// 0 while it is not open.
    private(set) var end: UInt64 = 0
    private(set) var budget = SamplingBudget(eventsPerMinute: 1)
    /// Of what was decided without being asked of the budget.
    var forcedItems = 0.0
    /// Of what was kept at once by its probability.
    var drawnItems = 0.0
    /// Of first sightings that were kept at once, by the share that they came out of.
    var neverItems = 0.0
    var rareItems = 0.0
    /// Of all that came.
    var offeredItems = 0.0
    var waiting: [Waiting] = []
    /// The fresh patterns of all waiting units.
    var fresh: [UInt64] = []

    var isOpen: Bool { end > 0 }
    /// What the budget comes to.
    var events: Double { budget.perMinute * Double(BudgetState.windowLength) / Double(SamplingTime.minute) }

    func patterns(of unit: Waiting) -> ArraySlice<UInt64> {
      fresh[Int(unit.fresh.lowerBound)..<Int(unit.fresh.upperBound)]
    }

    /// Opens the window that `now` is in.
    mutating func open(_ budget: SamplingBudget, at now: UInt64) {
      end = (now / BudgetState.windowLength + 1) * BudgetState.windowLength
      self.budget = budget
    }

    /// Keeps the memory for the next one, unless it was much more than was needed.
    mutating func reset() {
      end = 0
      (forcedItems, drawnItems, neverItems, rareItems, offeredItems) = (0, 0, 0, 0, 0)
      waiting.removeAll(keepingCapacity: waiting.count > waiting.capacity / 4)
      fresh.removeAll(keepingCapacity: fresh.count > fresh.capacity / 4)
    }
  }

  /// A unit that is decided when its window closes.
  struct Waiting: Sendable {
    var ticket: Sampler.Ticket
    var randomness: UInt64
    var upstream: SamplingThreshold
    var totals: Totals
    /// What the policy says of it: bias by severity and patterns.
    var bias: Double
    var slot: Int32
    var items: Int32
    /// Its patterns that were not kept often enough, in `Window.fresh`.
    var fresh: Range<Int32>
    var isBoosted: Bool
  }

  /// A kept unit whose weight is not settled.
  struct Held: Sendable {
    var ticket: Sampler.Ticket
    var slot: Int32
    var totals: Totals
    var verdict: Verdict
  }

  var nextDue: UInt64? { window.isOpen ? window.end : minuteEnd }
  var waitingCount: Int { window.waiting.count + held.count }

  /// A unit that is kept whatever the budget says; over the allowance an error is cut to its essentials.
  mutating func keep(_ unit: SamplingUnit, _ reason: SampleReason, at now: UInt64) -> Verdict {
    var verdict = Verdict.kept(unit, reason)
    let slot = strata.slot(unit.stratum)
    strata[slot].window += Totals(unit)
    window.offeredItems += Double(unit.items)
    if reason == .error, let most = window.budget.guards.wholeErrorsPerMinute,
      unit.essentials.items < unit.items, !errors.take(unit.service, most: most, at: now)
    {
      verdict.isEssentialsOnly = true
      // What is left out must be represented by others.
      let missing = Totals(
        count: 0, tokens: Double(unit.tokens - unit.essentials.tokens),
        cost: (unit.cost - unit.essentials.cost).dollars)
      strata[slot].deficit += missing * unit.upstreamWeight
    }
    window.forcedItems += Double(verdict.isEssentialsOnly ? unit.essentials.items : unit.items)
    let second = UInt32(truncatingIfNeeded: now / SamplingTime.second)
    for pattern in unit.patterns { sightings.keep(pattern.id, at: second) }
    return verdict
  }

  /// A unit that was dropped and is sent after all.
  mutating func restore(_ unit: SamplingUnit, at now: UInt64) {
    strata[strata.slot(unit.stratum)].deficit -= Totals(unit)
    window.forcedItems += Double(unit.items)
    let second = UInt32(truncatingIfNeeded: now / SamplingTime.second)
    for pattern in unit.patterns { sightings.keep(pattern.id, at: second) }
  }

  /// Puts a unit into the open window; where there is no room, decides it at once.
  mutating func waitOrDecide(
    _ unit: SamplingUnit, ticket: Sampler.Ticket, isBoosted: Bool, at now: UInt64
  ) -> Verdict? {
    guard waitingCount < Self.waitingMax else { return decideNow(unit, isBoosted: isBoosted, at: now) }
    let slot = strata.slot(unit.stratum)
    let totals = Totals(unit)
    strata[slot].window += totals
    window.offeredItems += Double(unit.items)
    let first = window.fresh.count
    let second = UInt32(truncatingIfNeeded: now / SamplingTime.second)
    let sightingsMin = window.budget.guards.firstSightings
    if sightingsMin > 0 {
      for pattern in unit.patterns
      where sightings.standing(of: pattern.id, first: sightingsMin, at: second) != .known {
        window.fresh.append(pattern.id)
        if window.fresh.count - first == Self.freshMax { break }
      }
    }
    let waiting = Waiting(
      ticket: ticket, randomness: unit.randomness, upstream: unit.upstream, totals: totals,
      bias: window.budget.bias(of: unit), slot: Int32(slot), items: Int32(clamping: max(unit.items, 1)),
      fresh: Int32(first)..<Int32(window.fresh.count), isBoosted: isBoosted)
    window.waiting.append(waiting)
    return nil
  }
}

extension SamplingBudget {
  /// How much the policy wants this unit more than others.
  func bias(of unit: SamplingUnit) -> Double {
    if severityWeights.isEmpty && patternWeights.isEmpty && serviceWeights.isEmpty && modelWeights.isEmpty { return 1 }
    var weight = 1.0
    var highest = Severity.unspecified
    for pattern in unit.patterns {
      highest = max(highest, pattern.severity)
      if !patternWeights.isEmpty { weight *= patternWeights[pattern.id] ?? 1 }
    }
    weight *= severityWeights[highest] ?? 1
    if !serviceWeights.isEmpty { weight *= serviceWeights[unit.service] ?? 1 }
    if !modelWeights.isEmpty { weight *= modelWeights[unit.stratum] ?? 1 }
    return min(max(weight, Self.weightRange.lowerBound), Self.weightRange.upperBound)
  }
}
