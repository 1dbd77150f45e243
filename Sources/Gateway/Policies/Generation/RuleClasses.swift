import Sampling

/// A pattern's class, and why.
struct PatternClass: Sendable, Equatable {
  var signature: String
  var importance: Importance
  var reason: String
}

/// Classes by rule, without asking anybody: what a careful person would say at a glance.
enum RuleClasses {
  /// Words of what only asks whether a service lives.
  private static let checks: Set<String> = [
    "health", "healthz", "healthcheck", "livez", "readyz", "liveness", "readiness", "ping", "heartbeat", "keepalive",
  ]
  /// A share of all events above which one that never fails tells little more with each further one.
  static let repeatedShare = 0.2
  /// A share of all cost above which a pattern is worth knowing well.
  static let costShare = 0.05
  /// A share of errors among a pattern's events above which its successes matter as well: they are what to compare with.
  static let errorShare = 0.01

  /// Only those that are not `normal`.
  static func classify(_ patterns: [PatternStatistics]) -> [PatternClass] {
    let total = patterns.reduce(0) { $0 + $1.total }
    let cost = patterns.reduce(0) { $0 + $1.cost * $1.total }
    return patterns.compactMap { pattern in
      guard let (importance, reason) = classify(pattern, ofTotal: total, ofCost: cost) else { return nil }
      return PatternClass(signature: pattern.signature, importance: importance, reason: reason)
    }
  }

  private static func classify(
    _ pattern: PatternStatistics, ofTotal total: Double, ofCost cost: Double
  ) -> (Importance, String)? {
    if pattern.isAnomalous { return (.high, "behaves oddly") }
    if pattern.isNew, pattern.errors == 0 { return nil }
    if pattern.errors > 0, pattern.errors >= pattern.total * errorShare { return (.high, "comes with errors") }
    if cost > 0, pattern.cost * pattern.total > cost * costShare { return (.high, "more than 5 % of the cost") }
    let words = pattern.template.lowercased().split { !$0.isLetter }
    if words.contains(where: { checks.contains(String($0)) }) { return (.noise, "a health check") }
    let debug = pattern.perMinute[.debug] ?? 0
    if debug > pattern.total / 2 { return (.noise, "mostly DEBUG") }
    let warnings = pattern.perMinute[.warn] ?? 0
    if warnings > pattern.total / 2 { return (.high, "mostly warnings") }
    if pattern.errors == 0, pattern.total > total * repeatedShare { return (.low, "repeated success") }
    return nil
  }
}
