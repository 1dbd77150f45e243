import Sampling
import Testing

@testable import SamplingSimulation

/// A third of the traffic of docs/sampling.md, so that it runs in seconds; the targets are those of the design.
@Suite struct SamplerSimulationTests {
  static let steady = Workload(seed: 7, tracesPerMinute: 500, hasBurst: false)

  static func measure(_ workload: Workload, part: Double, seed: UInt64) -> Metrics {
    let row = SamplerTable.row("", part: part) { _ in }
    return SamplerTable.measure(row, workload, seeds: seed..<seed + 1)[0]
  }

  @Test(arguments: [UInt64(0), 1])
  func `an hour is told right by its weights, within its budget, with every error and whole traces`(
    seed: UInt64
  ) {
    // A third of the traffic at the budget of the study.
    let found = Self.measure(Self.steady, part: 0.3, seed: seed)
    #expect(max(found.count, found.tokens, found.cost) <= 0.005, "seed \(seed): \(found)")
    #expect(found.serviceTokens <= 0.09, "seed \(seed): \(found.serviceTokens)")
    #expect(found.isExact == true, "seed \(seed)")
    #expect(abs(found.baseline - 1) <= 0.03, "seed \(seed): \(found.baseline)")
    #expect(found.worstMinute <= 1.15, "seed \(seed): \(found.worstMinute)")
    #expect(found.errorsKept == 1 && found.lateErrorsKept == 1, "seed \(seed)")
    #expect(found.patterns >= 0.98, "seed \(seed): \(found.patterns)")
  }

  @Test func `a burst of ten times the traffic stays in the budget, and its totals are told`() {
    let workload = Workload(seed: 8, tracesPerMinute: 500, hasBurst: true)
    let found = Self.measure(workload, part: 0.3, seed: 3)
    #expect(found.burstMean <= 1.15 && found.burstMax <= 1.15, "\(found)")
    #expect(max(found.count, found.tokens, found.cost) <= 0.015, "\(found)")
    #expect(found.errorsKept == 1 && found.lateErrorsKept == 1 && found.isExact == true)
  }
}

@Suite struct AnomalySimulationTests {
  @Test func `surges and silences are found in time, and little else is`() {
    var (surges, silences) = (0.0, 0.0)
    for incident in AnomalySimulation.Incident.allCases {
      let found = AnomalySimulation.run(
        RealDetector(), band: (5, 50), dispersion: 8, incident: incident, patterns: 40, seed: 3)
      #expect(found.found >= (incident == .surge3 ? 0.95 : 1), "\(incident): \(found)")
      #expect((found.delayMedian ?? .max) <= (incident == .surge10 ? 2 : 5), "\(incident): \(found)")
      surges += found.falseSurges / 3
      silences += found.falseSilences / 3
    }
    // 40 patterns over three days: one false alarm is 2.7 of 1,000 pattern-days.
    #expect(surges <= 6 && silences <= 6, "\(surges) \(silences)")
  }
}
