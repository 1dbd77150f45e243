import Sampling
import Telemetry
import Testing

@testable import SamplingSimulation

/// The simple face of a policy.
@Suite struct RatesTests {
  /// The table this product is sold with.
  @Test(arguments: [UInt64(1)])
  func `of a million records those are kept that the rates say, and every error`(seed: UInt64) {
    var sampler = Sampler(policy: .bySeverity)
    var random = SeededRandom(seed: seed)
    var kept: [Severity: Int] = [:]
    var weights: [Severity: Double] = [:]
    let shares: [(Severity, Int)] = [(.debug, 400_000), (.info, 400_000), (.warn, 150_000), (.error, 50_000)]
    for (severity, count) in shares {
      var unit = SamplingUnit(randomness: 0, service: Label("api"), stratum: Label("api"), items: 1)
      unit.patterns = [SeenPattern(id: 1, severity: severity)]
      for _ in 0..<count {
        unit.randomness = random.next() >> 8
        guard let verdict = sampler.offer(unit, at: 0).verdict, verdict.isKept else { continue }
        kept[severity, default: 0] += 1
        weights[severity, default: 0] += verdict.weight
      }
    }
    #expect(kept[.error] == 50_000)
    // Four standard errors of the binomial.
    for ((severity, count), rate) in zip(shares, [0.05, 0.2, 0.5, 1]) {
      let spread = 4 * (Double(count) * rate * (1 - rate)).squareRoot()
      #expect(abs(Double(kept[severity] ?? 0) - Double(count) * rate) <= spread, "seed \(seed), \(severity)")
      #expect(abs((weights[severity] ?? 0) - Double(count)) <= spread / rate + 1e-6, "seed \(seed), \(severity)")
    }
    #expect(abs(kept.values.reduce(0, +) - 225_000) < 1_500)
  }

  @Test func `an item has its pattern's rate, else its severity's, else the global one; a trace the highest`() {
    let rates = SamplingPolicy.rates {
      $0.global = 0.3
      $0.severities = [.debug: 0.1, .warn: 0.6]
      $0.patterns = [7: 0.2]
    }
    func rate(_ patterns: [SeenPattern]) -> Double? {
      var sampler = Sampler(policy: rates)
      var unit = SamplingUnit.sample(randomness: 0)
      unit.patterns = patterns
      return sampler.offer(unit, at: 0).verdict?.probability
    }
    #expect(rate([]) == 0.3)
    #expect(rate([SeenPattern(id: 1)]) == 0.3)
    #expect(rate([SeenPattern(id: 1, severity: .debug)]) == 0.1)
    #expect(rate([SeenPattern(id: 7, severity: .warn)]) == 0.2)
    #expect(rate([SeenPattern(id: 7, severity: .warn), SeenPattern(id: 8, severity: .info)]) == 0.3)
    #expect(rate([SeenPattern(id: 8, severity: .debug), SeenPattern(id: 9, severity: .warn)]) == 0.6)
    #expect(rate([SeenPattern(id: 7, severity: .fatal)]) == 1)
  }

  @Test func `a rate of 0 keeps nothing but errors and what somebody asked for`() {
    var sampler = Sampler(policy: .rates { $0.global = 0 })
    var unit = SamplingUnit.sample(randomness: SamplingThreshold.end - 1)
    #expect(sampler.offer(unit, at: 0).verdict?.isKept == false)
    unit.forced = .guardrail
    #expect(sampler.offer(unit, at: 0) == .decided(.certain(.guardrail)))
    unit.forced = .attribute
    #expect(sampler.offer(unit, at: 0) == .decided(.certain(.keep)))
    unit.hasError = true
    #expect(sampler.offer(unit, at: 0) == .decided(.certain(.error)))
  }

  @Test func `what is boosted is kept more often for a while, and never more than always`() {
    var sampler = Sampler(
      policy: .rates {
        $0.global = 0.25
        $0.anomalyBoost = 3
      })
    var unit = SamplingUnit.sample(randomness: SamplingThreshold.end / 2)
    unit.patterns = [SeenPattern(id: 5)]
    #expect(sampler.offer(unit, at: 0).verdict?.isKept == false)
    sampler.boost(pattern: 5, until: 100, at: 0)
    let verdict = sampler.offer(unit, at: 99).verdict
    #expect(verdict?.isKept == true && verdict?.reason == .boost && verdict?.probability == 0.75)
    #expect(sampler.offer(unit, at: 100).verdict?.isKept == false)
  }

  @Test(arguments: [1, 3, 100, 1_000])
  func `a limit a minute holds, and weights stay right below it`(limit: Int) {
    var sampler = Sampler(policy: .rates { $0.maxPerMinute = limit })
    var random = SeededRandom(seed: UInt64(limit))
    for minute in UInt64(0)..<20 {
      var (kept, weight, offered) = (0, 0.0, 0)
      // From a half to fifteen times what fits.
      for _ in 0..<(minute < 10 ? limit / 2 : limit * 15) {
        offered += 1
        let unit = SamplingUnit.sample(randomness: random.next() >> 8)
        guard let verdict = sampler.offer(unit, at: minute * 60 * second).verdict, verdict.isKept else { continue }
        kept += 1
        weight += verdict.weight
      }
      #expect(kept <= limit)
      if minute < 10 { #expect(kept == offered) }
      if limit == 1_000 { #expect(abs(weight / Double(offered) - 1) < 0.5, "\(weight) of \(offered)") }
    }
    // Errors are beyond the limit.
    var broken = SamplingUnit.sample(randomness: 0)
    broken.hasError = true
    #expect(sampler.offer(broken, at: 19 * 60 * second) == .decided(.certain(.error)))
  }
}

extension SamplingPolicy {
  static let bySeverity = SamplingPolicy.rates { $0.severities = [.debug: 0.05, .info: 0.2, .warn: 0.5, .error: 1] }
}
