import Glibc
import Sampling

/// What a decision costs, closing of windows and minutes included: `SamplingSimulation cost`.
enum DecisionCost {
  static func report() {
    for (name, patterns, policy) in cases {
      let units = units(patterns: patterns)
      var sampler = Sampler(policy: policy)
      var kept = 0
      let before = processorTime()
      for number in 0..<count {
        // Two thousand units a second.
        let now = UInt64(number) * 500_000
        if let due = sampler.nextDue, due <= now { kept += sampler.close(at: now).count { $0.verdict.isKept } }
        if case .decided(let verdict) = sampler.offer(units.span[number & (units.count - 1)], at: now), verdict.isKept {
          kept += 1
        }
      }
      let each = Double(processorTime() - before) / Double(count)
      print("\(name), \(patterns) patterns: \(fixed(each, 0)) ns a unit (\(kept) of \(count) kept)")
    }
    anomalies()
  }

  private static let cases: [(String, Int, SamplingPolicy)] = [
    ("no policy: what handing over a unit costs", 3, SamplingPolicy()),
    ("rates", 1, rates), ("rates", 3, rates), ("budget of a tenth", 1, budget), ("budget of a tenth", 3, budget),
  ]

  private static var rates: SamplingPolicy {
    var rates = SamplingRates()
    rates.severities = [.debug: 0.05, .info: 0.2]
    return SamplingPolicy(target: .rates(rates))
  }

  private static var budget: SamplingPolicy { SamplingPolicy(target: .budget(SamplingBudget(eventsPerMinute: 12_000))) }

  private static let count = 4_000_000

  /// As in delivery, where a unit was just made, they are near; of one event each, of ten thousand patterns and eight models.
  private static func units(patterns: Int) -> [SamplingUnit] {
    var random = SeededRandom(seed: 1)
    let services = (0..<20).map { Label("service-\($0)") }
    let names = Zipf(10_000, 1)
    let models = (0..<8).map { Label("model-\($0)") }
    return (0..<4_096).map { _ in
      var unit = SamplingUnit(
        randomness: random.next() >> 8, service: services[random.below(20)], stratum: models[random.below(8)], items: 1,
        tokens: random.below(1_000))
      unit.patterns = (0..<patterns).map { _ in
        SeenPattern(id: UInt64(names.draw(&random)) &* 0x9e37_79b9_7f4a_7c15, severity: .info)
      }
      return unit
    }
  }

  private static func anomalies() {
    var random = SeededRandom(seed: 1)
    var detector = AnomalyDetector()
    let patterns = (0..<1_000_000).map { _ in UInt64(random.below(10_000)) }
    var before = processorTime()
    for pattern in patterns { detector.count(pattern: pattern, at: 0) }
    print("counting a pattern: \(fixed(Double(processorTime() - before) / Double(patterns.count), 0)) ns")
    before = processorTime()
    for minute in UInt64(1)...10 { _ = detector.tick(at: minute * 60_000_000_000) }
    print("ending a minute: \(fixed(Double(processorTime() - before) / 100_000, 0)) ns a pattern")
  }

  private static func processorTime() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
