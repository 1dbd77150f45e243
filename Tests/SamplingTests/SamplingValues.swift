import Sampling
import Telemetry

extension SamplingUnit {
  static func sample(randomness: UInt64, items: Int = 1) -> SamplingUnit {
    SamplingUnit(randomness: randomness, service: Label("api"), stratum: Label("gpt"), items: items, tokens: 10)
  }
}

extension SamplingPolicy {
  static func budget(_ eventsPerMinute: Double, _ change: (inout SamplingBudget) -> Void = { _ in }) -> SamplingPolicy {
    var budget = SamplingBudget(eventsPerMinute: eventsPerMinute)
    change(&budget)
    return SamplingPolicy(target: .budget(budget))
  }

  static func rates(_ change: (inout SamplingRates) -> Void) -> SamplingPolicy {
    var rates = SamplingRates()
    change(&rates)
    return SamplingPolicy(target: .rates(rates))
  }
}

extension Sampler.Offer {
  var verdict: Verdict? {
    if case .decided(let verdict) = self { verdict } else { nil }
  }
}

extension Verdict {
  static func certain(_ reason: SampleReason) -> Verdict {
    Verdict(isKept: true, probability: 1, weight: 1, reason: reason, threshold: .keepAll)
  }
}
