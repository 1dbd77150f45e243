import Sampling
import Telemetry
import Testing

@testable import SamplingSimulation

/// What must hold for any policy and any traffic; each failure names its seed.
@Suite struct SamplingPropertyTests {
  @Test(arguments: UInt64(0)..<200)
  func `an error is never dropped, nor does it wait`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let policy = Self.policy(&random)
    #expect(policy.problems.isEmpty, "seed \(seed)")
    var sampler = Sampler(policy: policy)
    var now: UInt64 = 1_000_000 * second
    for _ in 0..<500 {
      now += UInt64(random.below(2_000)) * 1_000_000
      if let due = sampler.nextDue, due <= now { _ = sampler.close(at: now) }
      var unit = Self.unit(&random)
      let isError = random.chance(0.3)
      if isError, random.chance(0.5) { unit.hasError = true }
      if isError, !unit.hasError { unit.patterns.append(SeenPattern(id: 99, severity: .fatal)) }
      let verdict = sampler.offer(unit, at: now).verdict
      if isError {
        let reason: SampleReason = sampler.policy.target == .everything ? .unsampled : .error
        #expect(verdict?.isKept == true && verdict?.reason == reason && verdict?.weight == 1, "seed \(seed)")
      }
      if random.chance(0.01) { sampler.apply(Self.policy(&random)) }
    }
  }

  @Test(arguments: UInt64(0)..<50)
  func `whatever waits is decided once, at the latest when its minute is over`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var sampler = Sampler(policy: Self.policy(&random))
    var waiting: [Sampler.Ticket: UInt64] = [:]
    var now: UInt64 = 1_000_000 * second
    for step in 0..<1_000 {
      now += UInt64(random.below(2_000)) * 1_000_000
      while let due = sampler.nextDue, due <= now {
        for release in sampler.close(at: due) {
          let since = waiting.removeValue(forKey: release.ticket)
          #expect(since.map { due - $0 <= 60 * second } == true, "seed \(seed)")
          let verdict = release.verdict
          #expect(verdict.isKept ? verdict.weight >= 1 : verdict.weight == 0, "seed \(seed): \(verdict)")
        }
      }
      guard step < 900 else { continue }
      if case .waits(let ticket) = sampler.offer(Self.unit(&random), at: now) { waiting[ticket] = now }
      #expect(sampler.waitingCount == waiting.count)
      if random.chance(0.01) { sampler.apply(Self.policy(&random)) }
    }
    while let due = sampler.nextDue {
      for release in sampler.close(at: due) { waiting[release.ticket] = nil }
    }
    #expect(waiting.isEmpty && sampler.waitingCount == 0, "seed \(seed)")
  }

  @Test(arguments: [false, true])
  func `weights add up to what there was, in the mean over many draws`(isCalibrated: Bool) {
    let units = Self.tenMinutes(seed: 5)
    let truth = units.reduce(0.0) { $0 + Double($1.unit.tokens) }
    var estimates: [Double] = []
    for seed in UInt64(0)..<40 {
      var random = SeededRandom(seed: seed)
      var sampler = Sampler(policy: .budget(60) { $0.isCalibrated = isCalibrated })
      var verdicts: [Sampler.Ticket: Double] = [:]
      var estimate = 0.0
      for (time, unit) in units {
        for release in sampler.close(at: time) { estimate += (verdicts[release.ticket] ?? 0) * release.verdict.weight }
        var unit = unit
        unit.randomness = random.next() >> 8
        switch sampler.offer(unit, at: time) {
        case .decided(let verdict): estimate += verdict.weight * Double(unit.tokens)
        case .waits(let ticket): verdicts[ticket] = Double(unit.tokens)
        }
      }
      for release in sampler.close(at: .max / 2) {
        estimate += (verdicts[release.ticket] ?? 0) * release.verdict.weight
      }
      estimates.append(estimate / truth)
    }
    let average = mean(estimates)
    let spread = (mean(estimates.map { ($0 - average) * ($0 - average) }) / Double(estimates.count)).squareRoot()
    // Calibration trades a little bias for much less spread.
    #expect(abs(average - 1) < max(4 * spread, isCalibrated ? 0.01 : 0), "\(average) ± \(spread)")
    #expect(spread < (isCalibrated ? 0.005 : 0.05), "\(spread)")
  }

  @Test(arguments: UInt64(0)..<20)
  func `the order in which units come within a window changes no decision`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let policy = SamplingPolicy.budget(Double(random.below(2_000) + 1)) { $0.guards.wholeErrorsPerMinute = nil }
    let windows = (0..<12).map { _ in (0..<random.below(200)).map { _ in Self.unit(&random) } }
    func decide(_ random: inout SeededRandom, isShuffled: Bool) -> [UInt64: Verdict] {
      var sampler = Sampler(policy: policy)
      var verdicts: [UInt64: Verdict] = [:]
      var tickets: [Sampler.Ticket: UInt64] = [:]
      for (number, window) in windows.enumerated() {
        let start = UInt64(number) * 10 * second
        for unit in isShuffled ? window.shuffled(using: &random) : window {
          switch sampler.offer(unit, at: start) {
          case .decided(let verdict): verdicts[unit.randomness] = verdict
          case .waits(let ticket): tickets[ticket] = unit.randomness
          }
        }
        for release in sampler.close(at: start + 10 * second) {
          if let unit = tickets[release.ticket] { verdicts[unit] = release.verdict }
        }
      }
      return verdicts
    }
    let first = decide(&random, isShuffled: false)
    for (unit, verdict) in decide(&random, isShuffled: true) {
      let other = first[unit]
      #expect(other?.isKept == verdict.isKept && other?.reason == verdict.reason, "seed \(seed)")
      #expect(abs((other?.weight ?? 0) - verdict.weight) < 1e-6 * max(verdict.weight, 1), "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(0)..<20)
  func `kept units and roll-ups add up exactly, whatever is restored and however often the table is stored`(
    seed: UInt64
  ) throws {
    var random = SeededRandom(seed: seed)
    var table = RollUpTable()
    var stored: [[UInt8]: [UInt8]] = [:]
    var (all, sum) = (RollUpAmounts(), RollUpAmounts())
    var parts: Set<UInt64> = []
    var dropped: [(RollUpAmounts, Label, UInt64)] = []
    var now: UInt64 = 1_000_000 * second
    for step in 0..<3_000 {
      now += UInt64(random.below(5_000)) * 1_000_000
      for rollUp in table.close(at: step == 2_999 ? now + 7_200 * second : now, eventsPerMinute: 100) {
        sum += rollUp.amounts
        #expect(parts.insert(rollUp.part).inserted, "seed \(seed)")
      }
      if step == 2_999 { break }
      let service = Label("service \(random.below(30))")
      if !dropped.isEmpty, random.chance(0.1) {
        let (amounts, service, time) = dropped.remove(at: random.below(dropped.count))
        table.subtract(amounts, service: service, model: Label("m"), status: .ok, time: time, at: now)
        all -= amounts
      } else {
        var amounts = RollUpAmounts()
        (amounts.units, amounts.events) = (1, Int64(random.below(100)))
        amounts.cost = NanoDollars(Int64(random.below(1_000_000_000)))
        amounts.latency.add(nanoseconds: random.next() >> 20)
        table.add(amounts, service: service, model: Label("m"), status: .ok, time: now, at: now)
        all += amounts
        dropped.append((amounts, service, now))
      }
      if random.chance(0.1) {
        for row in table.takeChangedRows() { stored[row.key] = row.value }
        table = try RollUpTable(rows: stored.map { RollUpTable.Row(key: $0.key, value: $0.value) })
      }
    }
    #expect(sum == all, "seed \(seed)")
  }
}

extension SamplingPropertyTests {
  static func unit(_ random: inout SeededRandom) -> SamplingUnit {
    var unit = SamplingUnit(
      randomness: random.next() >> 8, service: Label("s\(random.below(5))"), stratum: Label("m\(random.below(4))"),
      items: 1 + random.below(30), tokens: random.below(5_000), cost: NanoDollars(Int64(random.below(1_000_000))))
    unit.patterns = (0..<random.below(5)).map { _ in
      SeenPattern(id: UInt64(random.below(300)), severity: [.unspecified, .debug, .info, .warn][random.below(4)])
    }
    unit.essentials.items = 1 + random.below(unit.items)
    return unit
  }

  static func policy(_ random: inout SeededRandom) -> SamplingPolicy {
    switch random.below(5) {
    case 0: return SamplingPolicy()
    case 1, 2:
      return .rates {
        $0.global = random.chance(0.3) ? 0 : random.uniform()
        $0.severities = [.debug: random.uniform(), .info: 0, .warn: random.uniform()]
        $0.patterns = [99: 0, UInt64(random.below(99)): 0]
        $0.maxPerMinute = random.chance(0.5) ? 1 + random.below(50) : nil
        $0.anomalyBoost = random.uniform(1, 10)
      }
    default:
      return .budget(random.uniform(1, 2_000)) {
        $0.isCalibrated = random.chance(0.7)
        $0.guards.wholeErrorsPerMinute = random.chance(0.5) ? random.below(3) : nil
        $0.guards.firstSightings = random.below(4)
        $0.guards.neverShare = random.uniform(0, 0.5)
        $0.severityWeights = [.error: 0.05, .info: random.uniform(0.05, 20)]
        $0.patternWeights = [99: 0.05, 1: 20]
      }
    }
  }

  /// Ten units a second.
  static func tenMinutes(seed: UInt64) -> [(time: UInt64, unit: SamplingUnit)] {
    var random = SeededRandom(seed: seed)
    return (0..<6_000).map { step in
      var unit = unit(&random)
      unit.items = 1
      unit.patterns = [SeenPattern(id: UInt64(random.below(20)))]
      return (UInt64(step) * second / 10, unit)
    }
  }
}
