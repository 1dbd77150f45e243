import Telemetry
import Testing

@testable import Sampling
@testable import SamplingSimulation

@Suite struct BudgetTests {
  @Test(arguments: UInt64(0)..<50)
  func `the water level spends the budget, or keeps all that fits`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let units = (0..<1 + random.below(300)).map { _ in
      (score: random.pareto(0.7), items: Double(1 + random.below(30)))
    }
    let all = units.reduce(0) { $0 + $1.items }
    let budget = all * random.uniform(0, 1.1)
    let level = WaterLevel.solve(units, budget: budget)
    let spent = units.reduce(0) { $0 + $1.items * min(1, level.isInfinite ? 1 : level * $1.score) }
    #expect(abs(spent - min(budget, all)) < 1e-6 * all, "seed \(seed)")
    #expect(WaterLevel.solve(units, budget: 0) == 0 && WaterLevel.solve(units, budget: all) == .infinity)
  }

  @Test func `scores of zero take nothing and stop nothing`() {
    #expect(WaterLevel.solve([(score: 0, items: 5), (score: 1, items: 5)], budget: 4) == 0.8)
    #expect(WaterLevel.solve([(score: 0, items: 5), (score: 0, items: 5)], budget: 6) == 0)
  }

  @Test(arguments: UInt64(0)..<50)
  func `calibrated weights meet three totals, within their bounds`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let units = (0..<40).map { _ in
      let tokens = random.uniform(10, 5_000)
      return (Totals(count: 1, tokens: tokens, cost: tokens * random.uniform(1e-6, 3e-6)), random.uniform(0.1, 0.9))
    }
    var calibration = Calibration()
    for (totals, probability) in units { calibration.add(totals, probability: probability) }
    let target = calibration.plain * 1.05
    let slope = try #require(calibration.solve(for: target))
    let met = units.reduce(Totals()) { sum, unit in
      sum + unit.0 * (slope.factor(unit.0, probability: unit.1) / unit.1)
    }
    for path in [\Totals.count, \.tokens, \.cost] {
      #expect(abs(met[keyPath: path] / target[keyPath: path] - 1) < 1e-3, "seed \(seed)")
    }
    // What cannot be met stays within bounds, and no unit stands for less than itself.
    for wrong in [calibration.plain * 100, calibration.plain * -1] {
      let slope = try #require(calibration.solve(for: wrong))
      for (totals, probability) in units {
        let factor = slope.factor(totals, probability: probability)
        #expect(Calibration.range.contains(factor) && factor / probability >= 1)
      }
    }
  }

  @Test func `two units meet no three totals, three are tried`() {
    var calibration = Calibration()
    for count in 1...3 {
      calibration.add(Totals(count: 1, tokens: Double(count), cost: 0), probability: 0.5)
      let isTried = calibration.solve(for: Totals(count: 8, tokens: 14, cost: 0)) != nil
      #expect(isTried == (count >= Calibration.unitsMin))
    }
  }

  @Test func `the first sighting of a pattern is kept, the smallest unit that shows it, and not the next`() {
    var sampler = Sampler(policy: .budget(600) { $0.guards.neverShare = 0.3 })
    var tickets: [Sampler.Ticket: Int] = [:]
    for items in [9, 5, 8] {
      // The lowest randomness: nothing else keeps them.
      var unit = SamplingUnit.sample(randomness: 0, items: items)
      unit.patterns = [SeenPattern(id: 1)]
      if case .waits(let ticket) = sampler.offer(unit, at: 0) { tickets[ticket] = items }
    }
    for _ in 0..<400 { _ = sampler.offer(.sample(randomness: 0, items: 5), at: 0) }
    let kept = sampler.close(at: 10 * second).filter(\.verdict.isKept)
    #expect(kept.map { tickets[$0.ticket] } == [5])
    #expect(kept.map(\.verdict) == [.certain(.newPattern)])
  }

  @Test func `what is boosted is kept as far as its share goes`() {
    var sampler = Sampler(policy: .budget(600) { $0.guards.firstSightings = 0 })
    sampler.boost(pattern: 1, until: 60 * second, at: 0)
    var unit = SamplingUnit.sample(randomness: 0, items: 4)
    unit.patterns = [SeenPattern(id: 1)]
    for _ in 0..<50 { _ = sampler.offer(unit, at: 0) }
    // A tenth of a hundred events.
    let kept = sampler.close(at: 10 * second).filter(\.verdict.isKept)
    #expect(kept.map(\.verdict) == [.certain(.boost), .certain(.boost)])
  }

  @Test func `a policy that wants a pattern more keeps more of it for the same budget`() {
    var random = SeededRandom(seed: 1)
    var sampler = Sampler(
      policy: .budget(600) {
        $0.patternWeights = [1: 8]
        $0.severityWeights = [.debug: 0.25]
        $0.guards.firstSightings = 0
      })
    var patterns: [Sampler.Ticket: UInt64] = [:]
    var kept: [UInt64: Int] = [:]
    for window in UInt64(0)..<60 {
      for step in 0..<300 {
        let pattern = UInt64(1 + step % 3)
        var unit = SamplingUnit.sample(randomness: random.next() >> 8)
        unit.patterns = [SeenPattern(id: pattern, severity: pattern == 3 ? .debug : .info)]
        if case .waits(let ticket) = sampler.offer(unit, at: window * 10 * second) { patterns[ticket] = pattern }
      }
      for release in sampler.close(at: (window + 1) * 10 * second) where release.verdict.isKept {
        kept[patterns[release.ticket] ?? 0, default: 0] += 1
      }
    }
    #expect(abs(kept.values.reduce(0, +) - 6_000) < 300)
    #expect(Double(kept[1] ?? 0) > 6 * Double(kept[2] ?? 0))
    #expect(Double(kept[2] ?? 0) > 2.5 * Double(kept[3] ?? 0))
  }

  @Test func `a late error takes its weight off what the others stand for`() {
    var sampler = Sampler(policy: .budget(600) { $0.guards.firstSightings = 0 })
    let units = (0..<300).map { SamplingUnit.sample(randomness: UInt64($0) * (SamplingThreshold.end / 300)) }
    for unit in units { _ = sampler.offer(unit, at: 0) }
    var released = sampler.close(at: 10 * second)
    #expect(sampler.restore(units[0], at: 20 * second) == .certain(.lateError))
    released += sampler.close(at: 60 * second)
    #expect(abs(released.reduce(0) { $0 + $1.verdict.weight } - 299) < 1e-3)
  }

  @Test func `what is sent beside units is charged to the budget`() {
    var sampler = Sampler(policy: .budget(600) { $0.guards.firstSightings = 0 })
    sampler.spend(events: 60, at: 0)
    for step in 0..<1_000 {
      _ = sampler.offer(.sample(randomness: UInt64(step) * (SamplingThreshold.end / 1_000)), at: 0)
    }
    _ = sampler.close(at: 10 * second)
    #expect(abs(sampler.waitingCount - 40) <= 1)
  }

  @Test func `a change of policy leaves the open window its budget`() {
    var sampler = Sampler(policy: .budget(600) { $0.guards.firstSightings = 0 })
    for step in 0..<1_000 {
      _ = sampler.offer(.sample(randomness: UInt64(step) * (SamplingThreshold.end / 1_000)), at: 0)
    }
    sampler.apply(SamplingPolicy())
    #expect(sampler.offer(.sample(randomness: 0), at: 0) == .decided(.certain(.unsampled)))
    let dropped = sampler.close(at: 10 * second)
    #expect(abs(dropped.count - 900) <= 1)
    let kept = sampler.close(at: 60 * second)
    #expect(dropped.count + kept.count == 1_000 && sampler.nextDue == nil)
  }
}

@Suite struct SamplerStateTests {
  static func used() -> Sampler {
    var random = SeededRandom(seed: 4)
    var sampler = Sampler(policy: .budget(100))
    sampler.boost(pattern: 3, until: 1_000 * second, at: 0)
    for step in UInt64(0)..<2_000 {
      let now = step * second / 10
      if let due = sampler.nextDue, due <= now { _ = sampler.close(at: now) }
      _ = sampler.offer(SamplingPropertyTests.unit(&random), at: now)
    }
    _ = sampler.close(at: 600 * second)
    return sampler
  }

  @Test func `a sampler that is stored and read decides as if nothing had been`() throws {
    var sampler = Self.used()
    let state = sampler.encoded()
    var read = try Sampler(policy: sampler.policy, state: state)
    #expect(read.budget.strata.rows == sampler.budget.strata.rows)
    #expect(read.budget.sightings.entries == sampler.budget.sightings.entries)
    #expect(read.boosts == sampler.boosts && read.budget.carry == sampler.budget.carry)
    var random = SeededRandom(seed: 9)
    for _ in 0..<200 {
      let unit = SamplingPropertyTests.unit(&random)
      #expect(sampler.offer(unit, at: 600 * second).verdict == read.offer(unit, at: 600 * second).verdict)
    }
    #expect(sampler.close(at: 660 * second).map(\.verdict) == read.close(at: 660 * second).map(\.verdict))
  }

  @Test func `what a waiting unit was to account for is not stored, since it is offered again`() throws {
    var sampler = Sampler(policy: .budget(600) { $0.guards.firstSightings = 0 })
    for step in 0..<100 {
      _ = sampler.offer(.sample(randomness: UInt64(step) * (SamplingThreshold.end / 100), items: 10), at: 0)
    }
    let dropped = sampler.close(at: 10 * second)
    let read = try Sampler(policy: sampler.policy, state: sampler.encoded())
    #expect(abs(read.budget.strata.rows[0].deficit.count - Double(dropped.count)) < 1e-9)
  }

  @Test func `a state that is cut, of another version or with bytes left over is refused`() {
    let sampler = Self.used()
    let state = sampler.encoded()
    for end in stride(from: 0, to: state.count, by: 7) {
      #expect(throws: SamplingStateError.self) { try Sampler(policy: sampler.policy, state: Array(state.prefix(end))) }
    }
    #expect(throws: SamplingStateError.version(9)) {
      try Sampler(policy: sampler.policy, state: [9] + state.dropFirst())
    }
    #expect(throws: SamplingStateError.self) { try Sampler(policy: sampler.policy, state: state + [0]) }
  }

  @Test(arguments: UInt64(0)..<300)
  func `a damaged state is refused or read, and never traps`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var state = Self.state
    for _ in 0..<1 + random.below(20) { state[random.below(state.count)] = UInt8(truncatingIfNeeded: random.next()) }
    guard var sampler = try? Sampler(policy: .budget(100), state: state) else { return }
    for _ in 0..<50 { _ = sampler.offer(SamplingPropertyTests.unit(&random), at: 600 * second) }
    _ = sampler.close(at: 700 * second)
  }

  static let state = used().encoded()
}
