import Telemetry

/// Deciding under a budget without waiting for the window to close.
extension BudgetState {
  mutating func decideNow(_ unit: SamplingUnit, isBoosted: Bool, at now: UInt64) -> Verdict {
    let slot = strata.slot(unit.stratum)
    let totals = Totals(unit)
    let items = Double(max(unit.items, 1))
    strata[slot].window += totals
    window.offeredItems += items
    if let reason = firstSighting(unit, items, isBoosted, at: now) {
      window.forcedItems += items
      return .kept(unit, reason)
    }
    let score = Self.score(totals, items, strata[slot].level.scales(window.budget.objectives))
    let bias = window.budget.bias(of: unit)
    strata[slot].immediate.add(score: score * bias, items: items)
    let verdict = Verdict.drawn(
      unit.randomness, probability: probability(score, bias), upstream: unit.upstream, .probability)
    // Its weight is given away now; what it gets wrong is made up for by units that wait.
    strata[slot].deficit += totals
    if verdict.isKept {
      strata[slot].deficit -= totals * (1 / verdict.probability)
      window.drawnItems += items
      see(unit, at: now)
    }
    return verdict
  }

  private func probability(_ score: Double, _ bias: Double) -> Double {
    let floor = window.budget.guards.floor
    // As many as came so far share what the window may send.
    guard let market else { return min(1, max(floor, bias * window.events / max(window.offeredItems, 1))) }
    // When more comes than came before, what is left is shared among more.
    let surge = min(1, max(market.offeredItems, window.events) / window.offeredItems)
    if market.level.isInfinite { return max(floor, surge) }
    return min(1, max(floor, surge * market.level * (score + market.mixed) * bias))
  }

  /// Why a unit is kept for its patterns, as far as the shares go; nil if it is not.
  private mutating func firstSighting(
    _ unit: SamplingUnit, _ items: Double, _ isBoosted: Bool, at now: UInt64
  ) -> SampleReason? {
    let guards = window.budget.guards
    let second = UInt32(truncatingIfNeeded: now / SamplingTime.second)
    var standing = Sightings.Standing.known
    if guards.firstSightings > 0 {
      for pattern in unit.patterns where standing != .never {
        let one = sightings.standing(of: pattern.id, first: guards.firstSightings, at: second)
        if one != .known { standing = one }
      }
    }
    if standing == .never, window.neverItems + items <= guards.neverShare * window.events + carry.never {
      window.neverItems += items
    } else if standing == .rare || isBoosted, window.rareItems + items <= guards.rareShare * window.events + carry.rare
    {
      window.rareItems += items
    } else {
      return nil
    }
    see(unit, at: now)
    return standing == .known ? .boost : .newPattern
  }

  private mutating func see(_ unit: SamplingUnit, at now: UInt64) {
    let second = UInt32(truncatingIfNeeded: now / SamplingTime.second)
    for pattern in unit.patterns { sightings.keep(pattern.id, at: second) }
  }
}
