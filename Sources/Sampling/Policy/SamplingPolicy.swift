/// What a policy document comes to for the sampler (sampling.md, section 5). Give it to a sampler only when `problems` is
/// empty.
package struct SamplingPolicy: Sendable, Equatable {
  /// Counts up with each change; 0 is the built-in one.
  package var version: UInt32 = 0
  package var target = Target.everything

  package enum Target: Sendable, Equatable {
    /// Everything is kept.
    case everything
    /// Fixed rates: what is kept follows the traffic.
    case rates(SamplingRates)
    /// So many events a minute, whatever the traffic.
    case budget(SamplingBudget)
  }

  package init(version: UInt32 = 0, target: Target = .everything) {
    self.version = version
    self.target = target
  }

  /// All that is wrong, for a person to mend.
  package var problems: [SamplingPolicyProblem] {
    switch target {
    case .everything: []
    case .rates(let rates): rates.problems
    case .budget(let budget): budget.problems
    }
  }
}

/// The simple face of a policy. The probability of an item is its pattern's rate if there is one, else that of its
/// severity, else the global one; a trace takes the highest of its items; ERROR and above are always kept.
package struct SamplingRates: Sendable, Equatable {
  /// More would be slow to look through for a person as well as for the sampler.
  package static let patternsMax = 10_000
  /// A thousand times more often is certainty for every rate that makes sense.
  package static let boostMax = 1_000.0

  /// `global_rate`
  package var global = 1.0
  /// `severity_rates`
  package var severities: [Severity: Double] = [:]
  /// `pattern_rates`
  package var patterns: [UInt64: Double] = [:]
  /// `max_per_minute`: events, errors not counted. From three quarters of it on rates are lowered step by step, so that it
  /// holds and weights stay right.
  package var maxPerMinute: Int?
  /// `anomaly_boost`: by how much more often a unit with an anomalous pattern is kept.
  package var anomalyBoost = 1.0

  package init() {}

  var problems: [SamplingPolicyProblem] {
    var found = SamplingPolicyProblem.List()
    found.check(global, in: 0...1, "global_rate")
    for (severity, rate) in severities.sorted(by: { $0.key < $1.key }) {
      found.check(rate, in: 0...1, "severity_rates.\(severity)")
      if severity >= .error, rate != 1 {
        found.add("severity_rates.\(severity)", "is \(rate), but errors are always kept: 1, or leave it out")
      }
    }
    for (id, rate) in patterns.sorted(by: { $0.key < $1.key }) {
      found.check(rate, in: 0...1, "pattern_rates.\(SamplingPolicyProblem.name(ofPattern: id))")
    }
    if patterns.count > Self.patternsMax {
      found.add("pattern_rates", "has \(patterns.count) patterns; \(Self.patternsMax) are the most")
    }
    if let most = maxPerMinute { found.check(Double(most), in: 1...SamplingBudget.eventsMax, "max_per_minute") }
    found.check(anomalyBoost, in: 1...Self.boostMax, "anomaly_boost")
    return found.problems
  }
}

/// A value of a policy that cannot be used.
package struct SamplingPolicyProblem: Sendable, Equatable, CustomStringConvertible {
  /// Its place in the document: `severity_rates.warn`.
  package var field: String
  package var message: String

  package var description: String { "\(field) \(message)" }

  static func name(ofPattern id: UInt64) -> String { String(id, radix: 16) }

  struct List {
    private(set) var problems: [SamplingPolicyProblem] = []

    mutating func add(_ field: String, _ message: String) {
      problems.append(SamplingPolicyProblem(field: field, message: message))
    }

    mutating func check(_ value: Double, in range: ClosedRange<Double>, _ field: String) {
      if !range.contains(value) {
        add(field, "is \(value); it must be from \(range.lowerBound) to \(range.upperBound)")
      }
    }
  }
}
