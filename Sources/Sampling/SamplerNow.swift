import Telemetry

/// Deciding without a wait: for log records of no trace, which are too many to hold.
extension Sampler {
  /// Judges a unit at once, whatever the policy. Under a budget the windows before tell how many more like it will come.
  package mutating func decide(_ unit: SamplingUnit, at now: UInt64) -> Verdict {
    if case .budget(let limits) = policy.target {
      budget.open(limits, at: now)
      if unit.isError { return budget.keep(unit, .error, at: now) }
      return budget.decideNow(unit)
    }
    guard case .decided(let verdict) = offer(unit, at: now) else { return .kept(unit, .unsampled) }
    return verdict
  }
}

extension BudgetState {
  /// As many as come in a window share what it may send; a unit that the policy favours has more of it.
  fileprivate mutating func decideNow(_ unit: SamplingUnit) -> Verdict {
    guard let open = window else { return .kept(unit, .unsampled) }
    let slot = strata.slot(unit.stratum)
    let totals = Totals(unit)
    strata[slot].window += totals
    window?.offeredItems += Double(unit.items)
    let expected = strata.rows.reduce(0) { $0 + $1.level.count }
    let share = open.events / max(open.offeredItems, expected, 1)
    let probability = min(1, max(open.budget.guards.floor, share * open.budget.bias(of: unit)))
    let verdict = Verdict.drawn(unit.randomness, probability: probability, upstream: unit.upstream, .probability)
    strata[slot].deficit += totals
    if verdict.isKept {
      strata[slot].deficit -= totals * (1 / probability)
      window?.forcedItems += Double(unit.items)
    }
    return verdict
  }
}
