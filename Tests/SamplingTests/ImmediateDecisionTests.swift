import Telemetry
import Testing

@testable import Sampling
@testable import SamplingSimulation

/// Log records that do not wait for their window.
@Suite struct ImmediateDecisionTests {
  struct Hour {
    var kept = [Double](repeating: 0, count: 60)
    var weights = 0.0
    var offered = 0.0
    var patterns: Set<UInt64> = []
    var patternsKept: Set<UInt64> = []
  }

  /// 6,000 records a minute of ten services, a thousand patterns by Zipf's law; ten times as many where there is a burst.
  static func hour(seed: UInt64, budget: Double, burst: Range<Int> = 0..<0) -> Hour {
    var random = SeededRandom(seed: seed)
    let names = Zipf(1_000, 1.1)
    let services = (0..<10).map { Label("service \($0)") }
    var sampler = Sampler(policy: .budget(budget))
    var hour = Hour()
    for minute in 0..<60 {
      let count = burst.contains(minute) ? 60_000 : 6_000
      for step in 0..<count {
        let now = (UInt64(minute) * 60 * second) + UInt64(step) * (60 * second / UInt64(count))
        if let due = sampler.nextDue, due <= now { #expect(sampler.close(at: due).isEmpty) }
        let service = services[random.below(10)]
        var unit = SamplingUnit(randomness: random.next() >> 8, service: service, stratum: service, items: 1)
        let pattern = UInt64(names.draw(&random))
        unit.patterns = [SeenPattern(id: pattern, severity: .info)]
        let verdict = sampler.decide(unit, at: now)
        hour.offered += 1
        hour.patterns.insert(pattern)
        guard verdict.isKept else { continue }
        hour.kept[minute] += 1
        hour.weights += verdict.weight
        hour.patternsKept.insert(pattern)
      }
    }
    return hour
  }

  @Test(arguments: [UInt64(1), 2])
  func `they keep to the budget, stand for all, and show every pattern`(seed: UInt64) {
    let hour = Self.hour(seed: seed, budget: 600)
    #expect(abs(mean(hour.kept) / 600 - 1) < 0.03, "seed \(seed): \(mean(hour.kept))")
    #expect((hour.kept.dropFirst().max() ?? 0) < 1.15 * 600, "seed \(seed): \(hour.kept)")
    #expect(abs(hour.weights / hour.offered - 1) < 0.02, "seed \(seed): \(hour.weights / hour.offered)")
    #expect(Double(hour.patternsKept.count) > 0.99 * Double(hour.patterns.count), "seed \(seed)")
  }

  @Test func `a burst costs no more than the budget for long`() {
    let hour = Self.hour(seed: 3, budget: 600, burst: 30..<35)
    #expect(mean(Array(hour.kept[30..<35])) < 1.15 * 600, "\(hour.kept[28..<38])")
    #expect(abs(mean(hour.kept) / 600 - 1) < 0.03, "\(hour.kept)")
    #expect(abs(hour.weights / hour.offered - 1) < 0.05, "\(hour.weights / hour.offered)")
  }

  @Test func `what must be kept is, and without a budget the policy says`() {
    var sampler = Sampler(policy: .budget(1))
    var unit = SamplingUnit.sample(randomness: 0)
    unit.forced = .attribute
    #expect(sampler.decide(unit, at: 0) == .certain(.keep))
    unit.patterns = [SeenPattern(id: 1, severity: .error)]
    #expect(sampler.decide(unit, at: 0) == .certain(.error))
    sampler.apply(.rates { $0.global = 0 })
    #expect(sampler.decide(.sample(randomness: 0), at: 0).isKept == false)
    sampler.apply(SamplingPolicy())
    #expect(sampler.decide(.sample(randomness: 0), at: 0) == .certain(.unsampled))
  }

  @Test func `beside traces that wait they have their part of the budget`() {
    var random = SeededRandom(seed: 4)
    var sampler = Sampler(policy: .budget(600) { $0.guards.firstSightings = 0 })
    var (logs, traces) = (0, 0)
    for window in UInt64(0)..<60 {
      for _ in 0..<100 {
        if sampler.decide(.sample(randomness: random.next() >> 8), at: window * 10 * second).isKept { logs += 1 }
        _ = sampler.offer(.sample(randomness: random.next() >> 8, items: 10), at: window * 10 * second)
      }
      traces += sampler.close(at: (window + 1) * 10 * second).count { $0.verdict.isKept }
    }
    #expect(abs(Double(logs + 10 * traces) / 6_000 - 1) < 0.03)
    // By the root of what they cost: a log is kept √10 times as often as a trace of ten events.
    #expect(abs(Double(logs) / Double(traces) / 10.0.squareRoot() - 1) < 0.15, "\(logs) \(traces)")
  }
}
