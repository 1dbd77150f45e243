package import Telemetry

/// What the sampler says of one unit: what `$sample_weight`, `$sample_rate`, `$sample_reason` and `ot=th` are written from.
package struct Verdict: Sendable, Equatable {
  package var isKept: Bool
  /// Only error items, their ancestors and the root are sent.
  package var isEssentialsOnly = false
  /// With which it was kept here; 0 only where a rate is 0.
  package var probability: Double
  /// How many units it stands for; 0 for one that is dropped.
  package var weight: Double
  package var reason: SampleReason
  /// Of all sampling so far, upstream's too: what is written to `ot=th` of what is forwarded.
  package var threshold: SamplingThreshold

  package init(
    isKept: Bool, probability: Double, weight: Double, reason: SampleReason, threshold: SamplingThreshold
  ) {
    self.isKept = isKept
    self.probability = probability
    self.weight = weight
    self.reason = reason
    self.threshold = threshold
  }

  /// One that is kept with certainty.
  static func kept(_ unit: SamplingUnit, _ reason: SampleReason) -> Verdict {
    Verdict(
      isKept: true, probability: 1, weight: unit.upstreamWeight, reason: reason, threshold: unit.upstream)
  }

  /// One that a rate of 0 drops.
  static func dropped(_ unit: SamplingUnit, _ reason: SampleReason) -> Verdict {
    Verdict(isKept: false, probability: 0, weight: 0, reason: reason, threshold: unit.upstream)
  }

  /// One that its randomness decides: kept where that is at or above the threshold.
  static func drawn(
    _ randomness: UInt64, probability: Double, upstream: SamplingThreshold, _ reason: SampleReason
  ) -> Verdict {
    // What came through a sampler before has randomness above that sampler's threshold only.
    let before = upstream == .keepAll ? 1 : upstream.probability
    let threshold = SamplingThreshold(probability: probability * before)
    let isKept = threshold.keeps(randomness)
    return Verdict(
      isKept: isKept, probability: probability, weight: isKept ? 1 / (probability * before) : 0, reason: reason,
      threshold: threshold)
  }
}
