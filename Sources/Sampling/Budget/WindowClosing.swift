/// What happens when ten seconds, and when a minute, are over.
extension BudgetState {
  /// Free units get at least this part of the budget, however many errors there are, so that totals stay known.
  static let freeShareMin = 0.05
  /// A window may be ahead of the budget by a quarter of a minute and pay back a whole one.
  static let carryAheadMax = 0.25
  /// Of unused shares, in minutes.
  static let shareCarryMinutes = 2.0
  /// Mixed into each score, of their mean: bounds the largest weight.
  static let mixing = 0.1

  mutating func close(at now: UInt64) -> [Sampler.Release] {
    var released: [Sampler.Release] = []
    if let open = window, open.end <= now {
      window = nil
      closeWindow(open, &released)
      minuteEnd = (open.end + SamplingTime.minute - 1) / SamplingTime.minute * SamplingTime.minute
    }
    if let end = minuteEnd, end <= now, window == nil {
      minuteEnd = nil
      closeMinute(&released)
    }
    return released
  }

  private mutating func closeWindow(_ open: Window, _ released: inout [Sampler.Release]) {
    strata.closeWindow()
    let second = UInt32(truncatingIfNeeded: open.end / SamplingTime.second)
    var isForced = [Bool](repeating: false, count: open.waiting.count)
    var spent = open.forcedItems
    for index in chooseFirstSightings(open, second) {
      let unit = open.waiting[index]
      isForced[index] = true
      spent += Double(unit.items)
      let verdict = Verdict(
        isKept: true, probability: 1, weight: 1 / unit.upstream.probability,
        reason: unit.fresh.isEmpty ? .boost : .newPattern, threshold: unit.upstream)
      released.append(Sampler.Release(ticket: unit.ticket, verdict: verdict))
    }
    let allowed = open.events + carry.events
    let free = open.waiting.indices.filter { !isForced[$0] }
    let left = max(allowed - spent, Self.freeShareMin * open.events)
    for (index, probability) in zip(free, probabilities(open, free, left)) {
      let unit = open.waiting[index]
      if decide(unit, probability, isCalibrated: open.budget.isCalibrated, &released) {
        spent += Double(unit.items)
        for pattern in open.patterns(of: unit) { sightings.keep(pattern, at: second) }
      }
    }
    let minute = open.budget.perMinute
    carry.events = min(max(allowed - spent, -minute), minute * Self.carryAheadMax)
  }

  /// Returns whether the unit is kept.
  private mutating func decide(
    _ unit: Waiting, _ probability: Double, isCalibrated: Bool, _ released: inout [Sampler.Release]
  ) -> Bool {
    let verdict = Verdict.drawn(unit.randomness, probability: probability, upstream: unit.upstream, .probability)
    guard isCalibrated, probability < 1 else {
      released.append(Sampler.Release(ticket: unit.ticket, verdict: verdict))
      return verdict.isKept
    }
    strata[Int(unit.slot)].deficit += unit.totals
    if verdict.isKept {
      held.append(Held(ticket: unit.ticket, slot: unit.slot, totals: unit.totals, verdict: verdict))
    } else {
      released.append(Sampler.Release(ticket: unit.ticket, verdict: verdict))
    }
    return verdict.isKept
  }

  /// Units that are kept for a pattern that was not kept, or not lately, or that is boosted, as far as the shares go. The
  /// smallest first, because they show as much for less; not by randomness, which decides about the others.
  private mutating func chooseFirstSightings(_ open: Window, _ second: UInt32) -> [Int] {
    let guards = open.budget.guards
    let candidates = open.waiting.indices.filter { !open.waiting[$0].fresh.isEmpty || open.waiting[$0].isBoosted }
      .sorted { order(open.waiting[$0]) < order(open.waiting[$1]) }
    var chosen: [Int] = []
    var isChosen: Set<Int> = []
    for wanted in [Sightings.Standing.never, .rare] {
      let share = wanted == .never ? guards.neverShare : guards.rareShare
      var left = share * open.events + (wanted == .never ? carry.never : carry.rare)
      for index in candidates where !isChosen.contains(index) {
        let unit = open.waiting[index]
        guard Double(unit.items) <= left else { continue }
        let standings = open.patterns(of: unit).map {
          sightings.standing(of: $0, first: guards.firstSightings, at: second)
        }
        guard standings.contains(wanted) || (wanted == .rare && unit.isBoosted) else { continue }
        left -= Double(unit.items)
        chosen.append(index)
        isChosen.insert(index)
        for pattern in open.patterns(of: unit) { sightings.keep(pattern, at: second) }
      }
      let most = share * open.budget.perMinute * Self.shareCarryMinutes
      if wanted == .never { carry.never = min(left, most) } else { carry.rare = min(left, most) }
    }
    return chosen
  }

  private func order(_ unit: Waiting) -> (Int32, UInt64) {
    (unit.items, (unit.randomness &* 0x9e37_79b9_7f4a_7c15).byteSwapped &* 0xff51_afd7_ed55_8ccd)
  }

  /// For each free unit, so that together they are expected to spend `left`: in proportion to how much the unit matters for
  /// the totals of its stratum, and less the more it costs.
  private func probabilities(_ open: Window, _ free: [Int], _ left: Double) -> [Double] {
    let objectives = open.budget.objectives
    var scores = free.map { index -> (score: Double, items: Double) in
      let unit = open.waiting[index]
      let level = strata[Int(unit.slot)].level
      let parts = [
        Self.share(unit.totals.count, of: level.count, objectives.count),
        Self.share(unit.totals.tokens, of: level.tokens, objectives.tokens),
        Self.share(unit.totals.cost, of: level.cost, objectives.cost),
      ]
      let items = Double(unit.items)
      return ((parts[0] + parts[1] + parts[2]).squareRoot() / items.squareRoot(), items)
    }
    let mean = scores.reduce(0) { $0 + $1.score } / Double(max(scores.count, 1))
    for place in scores.indices {
      scores[place].score = (scores[place].score + Self.mixing * mean) * open.waiting[free[place]].bias
    }
    let level = WaterLevel.solve(scores, budget: left)
    let floor = open.budget.guards.floor
    return scores.map { level.isInfinite ? 1 : min(1, max(floor, level * $0.score)) }
  }

  /// How much of a total one unit is, squared and weighed.
  private static func share(_ part: Double, of total: Double, _ weight: Double) -> Double {
    if part == 0 || total <= 0 { return 0 }
    return weight * (part / total) * (part / total)
  }

  private mutating func closeMinute(_ released: inout [Sampler.Release]) {
    var calibrations: [Int32: Calibration] = [:]
    for unit in held {
      calibrations[unit.slot, default: Calibration()].add(unit.totals, probability: unit.verdict.probability)
    }
    let slopes = calibrations.reduce(into: [Int32: Calibration.Slope]()) { slopes, stratum in
      slopes[stratum.key] = stratum.value.solve(for: strata[Int(stratum.key)].deficit)
    }
    for unit in held {
      var verdict = unit.verdict
      let factor = slopes[unit.slot]?.factor(unit.totals, probability: verdict.probability) ?? 1
      strata[Int(unit.slot)].deficit -= unit.totals * (factor / verdict.probability)
      // Rounding must not make it less than one.
      verdict.weight = max(verdict.weight * factor, 1)
      released.append(Sampler.Release(ticket: unit.ticket, verdict: verdict))
    }
    held.removeAll(keepingCapacity: true)
    strata.closeMinute()
  }
}
