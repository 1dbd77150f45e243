import Telemetry

/// Decides which traces and free logs of one project are worth sending. A state machine as a value: times and units go in,
/// verdicts come out; it reads no clock and draws no random numbers, so the same units give the same decisions.
///
/// Without a budget each unit is decided at once. Under one, what must be kept is decided at once and everything else waits
/// for its window of ten seconds to close, and, where weights are calibrated, for its minute. Times are nanoseconds of
/// arrival since 1970 and do not go back.
package struct Sampler: Sendable {
  package private(set) var policy: SamplingPolicy
  private var rates: RateTable?
  var rateLimit = RateLimit()
  var boosts = Boosts()
  var budget = BudgetState()
  private var tickets: Ticket = 0

  /// Names a unit that waits.
  package typealias Ticket = UInt64

  package enum Offer: Sendable, Equatable {
    case decided(Verdict)
    /// `close` will decide it.
    case waits(Ticket)
  }

  /// A unit that no longer waits.
  package struct Release: Sendable, Equatable {
    package var ticket: Ticket
    package var verdict: Verdict
  }

  /// The policy must have no `problems`.
  package init(policy: SamplingPolicy = SamplingPolicy()) {
    precondition(policy.problems.isEmpty, "a policy with problems reached the sampler")
    self.policy = policy
    rates = RateTable(policy)
  }

  /// Changes the policy for what is offered from now on; a window that is open closes under the budget it was opened with.
  package mutating func apply(_ policy: SamplingPolicy) {
    precondition(policy.problems.isEmpty, "a policy with problems reached the sampler")
    self.policy = policy
    rates = RateTable(policy)
  }

  /// Judges a unit that is complete. Call `close` first when `nextDue` has passed.
  package mutating func offer(_ unit: SamplingUnit, at now: UInt64) -> Offer {
    // The parts of a policy are looked at where they stand: to take them out copies more than a decision costs.
    switch policy.target {
    case .everything: return .decided(.kept(unit, .unsampled))
    case .rates: return .decided(decideByRates(unit, at: now))
    case .budget: openWindow(at: now)
    }
    if let reason = mustKeep(unit) { return .decided(budget.keep(unit, reason, at: now)) }
    let isBoosted = boosts.contains(anyOf: unit.patterns, at: now)
    if let verdict = budget.waitOrDecide(unit, ticket: tickets + 1, isBoosted: isBoosted, at: now) {
      return .decided(verdict)
    }
    tickets += 1
    return .waits(tickets)
  }

  /// Judges a unit at once, whatever the policy: for log records of no trace, which are too many to wait. Under a budget the
  /// windows before tell what the others of its window are worth.
  package mutating func decide(_ unit: SamplingUnit, at now: UInt64) -> Verdict {
    switch policy.target {
    case .everything: return .kept(unit, .unsampled)
    case .rates: return decideByRates(unit, at: now)
    case .budget: openWindow(at: now)
    }
    if let reason = mustKeep(unit) { return budget.keep(unit, reason, at: now) }
    return budget.decideNow(unit, isBoosted: boosts.contains(anyOf: unit.patterns, at: now), at: now)
  }

  /// Decides what waits in windows and minutes that have ended; in no particular order.
  package mutating func close(at now: UInt64) -> [Release] { budget.close(at: now) }

  /// When `close` has something to do next; nil while nothing waits and nothing was spent.
  package var nextDue: UInt64? { budget.nextDue }
  /// How many units wait.
  package var waitingCount: Int { budget.waitingCount }

  /// An error came for a unit that was dropped, and it is sent after all, whole and for itself alone. Other units have been
  /// given its weight already, so it is taken off what they will stand for; its roll-up must be reduced by the caller.
  package mutating func restore(_ unit: SamplingUnit, at now: UInt64) -> Verdict {
    if case .budget = policy.target {
      openWindow(at: now)
      budget.restore(unit, at: now)
    }
    return .kept(unit, .lateError)
  }

  /// Charges the budget with events that are sent beside the units: roll-ups, anomalies.
  package mutating func spend(events: Int, at now: UInt64) {
    guard case .budget = policy.target else { return }
    openWindow(at: now)
    budget.window.forcedItems += Double(events)
  }

  /// Keeps units with this pattern for some time, as far as the policy allows.
  package mutating func boost(pattern: UInt64, until end: UInt64, at now: UInt64) {
    boosts.add(pattern, until: end, at: now)
  }

  private func mustKeep(_ unit: SamplingUnit) -> SampleReason? {
    if unit.isError { return .error }
    return switch unit.forced {
    case .attribute: .keep
    case .guardrail: .guardrail
    case nil: nil
    }
  }

  private mutating func openWindow(at now: UInt64) {
    if budget.window.isOpen { return }
    if case .budget(let limits) = policy.target { budget.window.open(limits, at: now) }
  }

  private mutating func decideByRates(_ unit: SamplingUnit, at now: UInt64) -> Verdict {
    if let reason = mustKeep(unit) { return .kept(unit, reason) }
    var rate = rates?.rate(of: unit) ?? 1
    var reason = SampleReason.policy
    if let boost = rates?.anomalyBoost, boost > 1, boosts.contains(anyOf: unit.patterns, at: now) {
      rate = min(1, rate * boost)
      reason = .boost
    }
    if let most = rates?.maxPerMinute { rate *= rateLimit.factor(for: unit.items, of: most, at: now) }
    if rate <= 0 { return .dropped(unit, reason) }
    let verdict = Verdict.drawn(unit.randomness, probability: rate, upstream: unit.upstream, reason)
    if verdict.isKept { rateLimit.spend(unit.items) }
    return verdict
  }
}
