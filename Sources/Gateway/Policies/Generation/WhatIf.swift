import Sampling

/// What recent traffic would have become under some rates.
struct WhatIf: Sendable, Equatable {
  struct Severities: Sendable, Equatable {
    var severity: Severity
    var incoming: Double
    var kept: Double
  }

  /// Relative errors of an hour's totals, estimated from what is kept.
  struct Model: Sendable, Equatable {
    var model: String
    var count: Double
    var tokens: Double
    var cost: Double
  }

  var incomingPerMinute = 0.0
  var eventsPerMinute = 0.0
  /// Of all errors; anything but 1 would be a fault.
  var errorsKept = 1.0
  var severities: [Severities] = []
  var models: [Model] = []
  /// Patterns of which less than one event an hour is expected.
  var starved: [String] = []

  /// `rate`: with which probability an event of this pattern and severity is kept.
  init(_ patterns: [PatternStatistics], rate: (PatternStatistics, Severity) -> Double) {
    var errors = (incoming: 0.0, kept: 0.0)
    var bySeverity: [Severity: (incoming: Double, kept: Double)] = [:]
    var byModel: [String: Sums] = [:]
    for pattern in patterns {
      var keptOfPattern = 0.0
      for (severity, count) in pattern.perMinute where count > 0 {
        let rate = rate(pattern, severity)
        keptOfPattern += count * rate
        bySeverity[severity, default: (0, 0)].incoming += count
        bySeverity[severity, default: (0, 0)].kept += count * rate
        if severity >= .error {
          errors.incoming += count
          errors.kept += count * rate
        }
        byModel[pattern.model, default: Sums()].add(pattern, hourly: count * 60, rate)
      }
      incomingPerMinute += pattern.total
      eventsPerMinute += keptOfPattern
      if keptOfPattern * 60 < 1 { starved.append(pattern.signature) }
    }
    if errors.incoming > 0 { errorsKept = errors.kept / errors.incoming }
    severities = bySeverity.sorted { $0.key < $1.key }.map {
      Severities(severity: $0.key, incoming: $0.value.incoming, kept: $0.value.kept)
    }
    models = byModel.sorted { $0.key < $1.key }.map { $0.value.errors(of: $0.key) }
  }

  /// Var(total) = sum of n (1/p - 1) E[y²], for y = 1, tokens and cost.
  private struct Sums {
    var totals = (count: 0.0, tokens: 0.0, cost: 0.0)
    var variances = (count: 0.0, tokens: 0.0, cost: 0.0)

    mutating func add(_ pattern: PatternStatistics, hourly count: Double, _ rate: Double) {
      totals.count += count
      totals.tokens += count * pattern.tokens
      totals.cost += count * pattern.cost
      guard rate > 0 else { return }
      let left = count * (1 / rate - 1)
      variances.count += left
      variances.tokens += left * pattern.tokens2
      variances.cost += left * pattern.cost2
    }

    func errors(of model: String) -> Model {
      func relative(_ variance: Double, _ total: Double) -> Double { total > 0 ? variance.squareRoot() / total : 0 }
      return Model(
        model: model, count: relative(variances.count, totals.count), tokens: relative(variances.tokens, totals.tokens),
        cost: relative(variances.cost, totals.cost))
    }
  }
}

extension PolicyPlan {
  var whatIf: WhatIf {
    let rates = Dictionary(rules.map { ($0.pattern.signature, $0.rate) }) { one, _ in one }
    return WhatIf(rules.map(\.pattern)) { pattern, severity in severity >= .error ? 1 : rates[pattern.signature] ?? 1 }
  }

  /// The same as fixed rates.
  var rates: ServedRates {
    var rates = ServedRates()
    rates.global = normalRate
    for rule in rules where rule.rate != normalRate && rates.patterns.count < SamplingRates.patternsMax {
      rates.patterns[rule.pattern.signature] = rule.rate
    }
    return rates
  }
}
