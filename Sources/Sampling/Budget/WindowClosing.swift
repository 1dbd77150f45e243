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
    if window.isOpen, window.end <= now {
      minuteEnd = (window.end + SamplingTime.minute - 1) / SamplingTime.minute * SamplingTime.minute
      var open = Window()
      swap(&open, &window)
      closeWindow(open, &released)
      open.reset()
      window = open
    }
    if let end = minuteEnd, end <= now, !window.isOpen {
      minuteEnd = nil
      closeMinute(&released)
    }
    return released
  }

  private mutating func closeWindow(_ open: Window, _ released: inout [Sampler.Release]) {
    let immediate = strata.rows.map(\.immediate).filter { $0.items > 0 }
    strata.closeWindow()
    released.reserveCapacity(open.waiting.count)
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
    let (scores, mixed) = scores(open, isForced, immediate)
    let least = Self.freeShareMin * open.events
    let all = scores + immediate.map { ($0.meanScore + mixed, $0.items) }
    market = Market(
      level: WaterLevel.solve(all, budget: max(allowed - spent, least)), mixed: mixed, offeredItems: open.offeredItems)
    spent += open.drawnItems
    let level = WaterLevel.solve(scores, budget: max(allowed - spent, least))
    let floor = open.budget.guards.floor
    for index in open.waiting.indices where !isForced[index] {
      let probability = level.isInfinite ? 1 : min(1, max(floor, level * scores[index].score))
      if decide(open.waiting[index], probability, isCalibrated: open.budget.isCalibrated, &released) {
        spent += Double(open.waiting[index].items)
        for pattern in open.patterns(of: open.waiting[index]) { sightings.keep(pattern, at: second) }
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
    let candidates = open.waiting.indices.filter { open.waiting[$0].isBoosted || !open.waiting[$0].fresh.isEmpty }
      .sorted { order(open.waiting[$0]) < order(open.waiting[$1]) }
    var chosen: [Int] = []
    var isChosen: Set<Int> = []
    for wanted in [Sightings.Standing.never, .rare] {
      let share = wanted == .never ? guards.neverShare : guards.rareShare
      var left = share * open.events
      left += wanted == .never ? carry.never - open.neverItems : carry.rare - open.rareItems
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

  /// How much each unit matters: what its probability is in proportion to, and what was mixed into all. Forced ones take no
  /// part.
  private func scores(
    _ open: Window, _ isForced: [Bool], _ immediate: [Strata.Immediate]
  ) -> (scores: [(score: Double, items: Double)], mixed: Double) {
    let scales = strata.rows.map { $0.level.scales(open.budget.objectives) }
    var scores: [(score: Double, items: Double)] = []
    scores.reserveCapacity(open.waiting.count)
    var sum = immediate.reduce(0) { $0 + $1.meanScore * $1.items }
    var count = immediate.reduce(0) { $0 + $1.items }
    for index in open.waiting.indices {
      if isForced[index] {
        scores.append((0, 0))
        continue
      }
      let items = Double(open.waiting[index].items)
      let score = Self.score(open.waiting[index].totals, items, scales[Int(open.waiting[index].slot)])
      scores.append((score, items))
      sum += score
      count += 1
    }
    let mixed = Self.mixing * sum / max(count, 1)
    for index in scores.indices where !isForced[index] {
      scores[index].score = (scores[index].score + mixed) * open.waiting[index].bias
    }
    return (scores, mixed)
  }

  /// How much a unit matters for the totals of its stratum, and the less the more it costs.
  static func score(_ totals: Totals, _ items: Double, _ scales: Totals) -> Double {
    let share =
      scales.count * totals.count * totals.count + scales.tokens * totals.tokens * totals.tokens
      + scales.cost * totals.cost * totals.cost
    return (share / items).squareRoot()
  }

  private mutating func closeMinute(_ released: inout [Sampler.Release]) {
    var calibrations = Array(repeating: Calibration(), count: strata.rows.count)
    for unit in held { calibrations[Int(unit.slot)].add(unit.totals, probability: unit.verdict.probability) }
    let slopes = calibrations.indices.map { calibrations[$0].solve(for: strata[$0].deficit) }
    released.reserveCapacity(released.count + held.count)
    for unit in held {
      var verdict = unit.verdict
      let factor = slopes[Int(unit.slot)]?.factor(unit.totals, probability: verdict.probability) ?? 1
      strata[Int(unit.slot)].deficit -= unit.totals * (factor / verdict.probability)
      // Rounding must not make it less than one.
      verdict.weight = max(verdict.weight * factor, 1)
      released.append(Sampler.Release(ticket: unit.ticket, verdict: verdict))
    }
    held.removeAll(keepingCapacity: true)
    strata.closeMinute()
  }
}
