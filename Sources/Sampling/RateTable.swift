/// The rates of a policy, as they are looked up.
struct RateTable: Sendable, Equatable {
  let maxPerMinute: Int?
  let anomalyBoost: Double
  private let patterns: [UInt64: Double]
  private let global: Double
  /// By `Severity.rawValue`; the global rate where the policy does not say.
  private let severities: [Double]

  /// Nil for policies without rates.
  init?(_ policy: SamplingPolicy) {
    guard case .rates(let rates) = policy.target else { return nil }
    maxPerMinute = rates.maxPerMinute
    anomalyBoost = rates.anomalyBoost
    patterns = rates.patterns
    global = rates.global
    severities = Severity.allCases.map { rates.severities[$0] ?? rates.global }
  }

  /// The highest rate of the unit's items.
  func rate(of unit: SamplingUnit) -> Double {
    var highest = unit.patterns.isEmpty ? global : 0
    for pattern in unit.patterns {
      let rate = patterns.isEmpty ? nil : patterns[pattern.id]
      highest = max(highest, rate ?? severities[Int(pattern.severity.rawValue)])
    }
    return highest
  }
}
