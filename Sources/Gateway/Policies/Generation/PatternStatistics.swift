import Sampling
import Store

/// What is known of a pattern's recent traffic: per minute, of which the errors, and what its events hold.
struct PatternStatistics: Sendable, Equatable {
  var signature: String
  var service = ""
  var template = ""
  /// Empty where no model is involved.
  var model = ""
  /// Events a minute, by severity.
  var perMinute: [Severity: Double]
  /// Means of an event's tokens and cost, and of their squares.
  var tokens = 0.0
  var tokens2 = 0.0
  var cost = 0.0
  var cost2 = 0.0
  /// First seen less than a day ago.
  var isNew = false
  var isAnomalous = false

  init(signature: String, perMinute: [Severity: Double]) {
    self.signature = signature
    self.perMinute = perMinute
  }

  var total: Double { perMinute.values.reduce(0, +) }
  /// Always kept.
  var errors: Double { perMinute.reduce(0) { $0 + ($1.key >= .error ? $1.value : 0) } }
  /// What sampling decides about.
  var free: Double { total - errors }
}

extension PatternStatistics {
  /// A pattern is new for so many seconds.
  static let newSeconds: Int64 = 86_400

  /// `minutes`: how long the counts were gathered.
  init(_ totals: PatternTotals, minutes: Double, now: Int64) {
    let counts = zip([Severity.unspecified, .debug, .info, .warn, .error, .fatal], totals.counts.all)
    self.init(
      signature: totals.signature,
      perMinute: Dictionary(uniqueKeysWithValues: counts.map { ($0, Double($1) / minutes) }.filter { $0.1 > 0 }))
    service = totals.service
    template = totals.template
    model = totals.model
    let count = max(1, Double(totals.counts.total))
    tokens = totals.tokens / count
    tokens2 = totals.tokens2 / count
    cost = totals.cost / count
    cost2 = totals.cost2 / count
    isNew = now - totals.firstSeen < Self.newSeconds
  }
}
