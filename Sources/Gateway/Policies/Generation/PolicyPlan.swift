import Sampling

/// A policy worked out from classes and counts: whoever classified, the rates are set here, and nothing but rates follows
/// from a class. A pure value.
struct PolicyPlan: Sendable, Equatable {
  /// Rules of one policy; the rest of the patterns is `normal`.
  static let rulesMax = 200
  /// No generation changes a pattern's rate by more than this factor.
  static let stepMax = 10.0
  /// Of the target, what is expected to be sent at most.
  static let excessMax = 1.05
  /// The rate of nothing is below this, as in `SamplingBudget.Guards.floor`.
  static let floor = 0.002

  struct Rule: Sendable, Equatable {
    var pattern: PatternStatistics
    var importance: Importance
    var reason: String
    /// Of what is no error.
    var rate: Double
  }

  /// One for each pattern, in the order given.
  private(set) var rules: [Rule] = []
  /// What a class asked for and did not get.
  private(set) var clamped: [String] = []
  let target: Double
  /// Of patterns of which nothing is said, and of those that are not known yet.
  private(set) var normalRate = 1.0

  /// - Parameters:
  ///   - target: events a minute.
  ///   - classes: by anybody; of unknown patterns, repeated or missing ones nothing follows.
  ///   - before: the rates in force; rates move from there step by step.
  init(_ patterns: [PatternStatistics], target: Double, classes: [PatternClass], before: ServedRates? = nil) {
    self.target = target
    let known = Set(patterns.map(\.signature))
    var given: [String: PatternClass] = [:]
    for word in classes {
      if !known.contains(word.signature) {
        clamped.append("\(Self.shown(word.signature)): no such pattern, left out")
      } else if given[word.signature] == nil {
        given[word.signature] = word
      }
    }
    var ruleCount = 0
    for pattern in patterns {
      var importance = given[pattern.signature]?.importance ?? .normal
      if importance.weight < 1, pattern.isNew || pattern.isAnomalous {
        let why = pattern.isNew ? "new" : "behaves oddly"
        clamped.append("\(Self.shown(pattern.signature)): \(importance.rawValue) raised to normal, it is \(why)")
        importance = .normal
      }
      if importance != .normal {
        ruleCount += 1
        if ruleCount > Self.rulesMax { importance = .normal }
      }
      rules.append(
        Rule(pattern: pattern, importance: importance, reason: given[pattern.signature]?.reason ?? "", rate: 1))
    }
    if ruleCount > Self.rulesMax {
      clamped.append("\(ruleCount - Self.rulesMax) rules above \(Self.rulesMax), left out")
    }
    solve(before)
  }

  /// Sets the rates: one factor for all weights, so that what is expected is the target.
  private mutating func solve(_ before: ServedRates?) {
    let bounds = rules.map { Self.bounds(before?.rate($0.pattern.signature, .unspecified)) }
    func rates(_ factor: Double) -> [Double] {
      zip(rules, bounds).map { rule, bounds in
        min(max(factor * rule.importance.weight, bounds.lowerBound), bounds.upperBound)
      }
    }
    func expected(_ rates: [Double]) -> Double {
      zip(rules, rates).reduce(0) { $0 + $1.0.pattern.errors + $1.0.pattern.free * $1.1 }
    }
    // The least weight needs four times the factor of 1 to reach certainty.
    var low = 0.0
    var high = 1 / Importance.noise.weight
    if expected(rates(high)) > target {
      for _ in 0..<60 {
        let middle = (low + high) / 2
        if expected(rates(middle)) > target { high = middle } else { low = middle }
      }
    } else {
      low = high
    }
    let normal = Self.bounds(before?.global)
    normalRate = min(max(low, normal.lowerBound), normal.upperBound)
    for (place, rate) in rates(low).enumerated() {
      rules[place].rate = rate
      let wish = min(1, max(Self.floor, low * rules[place].importance.weight))
      if rate > wish * 1.001 || rate < wish * 0.999 {
        clamped.append("\(Self.shown(rules[place].pattern.signature)): the rate moves by a factor of 10 at most")
      }
    }
  }

  /// Where a rate may go from `last`.
  private static func bounds(_ last: Double?) -> ClosedRange<Double> {
    guard let last else { return floor...1 }
    let low = min(1, max(floor, last / stepMax))
    return low...max(low, min(1, last * stepMax))
  }

  /// Why this must not be activated; empty if it may.
  var refusals: [String] {
    let expected = whatIf.eventsPerMinute
    guard expected > target * Self.excessMax else { return [] }
    let errors = rules.reduce(0) { $0 + $1.pattern.errors }
    let sent = "\(Self.rounded(expected)) events a minute are expected, the target is \(Self.rounded(target))"
    if errors > target { return ["\(sent): errors alone are \(Self.rounded(errors)), and they are always kept"] }
    return ["\(sent): rates move by a factor of 10 at most, and to no less than \(Self.floor); generate again later"]
  }

  static func rounded(_ number: Double) -> Double { (number * 1_000).rounded() / 1_000 }

  private static func shown(_ signature: String) -> String { String(signature.prefix(64)) }
}
