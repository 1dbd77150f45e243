import GRDB

/// Occurrences by severity, in the order of OpenTelemetry's bands.
package struct SeverityCounts: Sendable, Equatable {
  package var other: Int64 = 0
  package var debug: Int64 = 0
  package var info: Int64 = 0
  package var warn: Int64 = 0
  package var error: Int64 = 0
  package var fatal: Int64 = 0

  package init() {}

  package var total: Int64 { other + debug + info + warn + error + fatal }
  package var all: [Int64] { [other, debug, info, warn, error, fatal] }
}

/// What was seen of a pattern since somebody told of it last.
package struct PatternReport: Sendable {
  package var signature: String
  /// Its constant words; empty where nobody knows them.
  package var template: String
  package var model: String
  package var counts: SeverityCounts
  /// Of each severity, how many were kept.
  package var kept: [Double]
  /// Sums and sums of squares.
  package var tokens = 0.0
  package var tokens2 = 0.0
  package var cost = 0.0
  package var cost2 = 0.0
  package var firstSeen: Int64
  package var lastSeen: Int64

  package init(
    signature: String, template: String, model: String, counts: SeverityCounts, kept: [Double], firstSeen: Int64,
    lastSeen: Int64
  ) {
    self.signature = signature
    self.template = template
    self.model = model
    self.counts = counts
    self.kept = kept
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
  }
}

/// A pattern with what was seen of it in some hours.
package struct PatternTotals: Sendable, Equatable {
  package var service: String
  package var signature: String
  package var template: String
  package var model: String
  package var firstSeen: Int64
  package var lastSeen: Int64
  package var counts = SeverityCounts()
  package var tokens = 0.0
  package var tokens2 = 0.0
  package var cost = 0.0
  package var cost2 = 0.0
  /// When the counting began.
  package var since: Int64

  init(_ row: Row) {
    service = row["service"]
    signature = row["signature"]
    template = row["template"]
    model = row["model"]
    firstSeen = row["first_seen"]
    lastSeen = row["last_seen"]
    counts.other = row["other"]
    counts.debug = row["debug"]
    counts.info = row["info"]
    counts.warn = row["warn"]
    counts.error = row["error"]
    counts.fatal = row["fatal"]
    tokens = row["tokens"]
    tokens2 = row["tokens2"]
    cost = row["cost"]
    cost2 = row["cost2"]
    since = row["since"]
  }
}

/// One severity of one day.
package struct DayTotals: Sendable, Equatable {
  /// Days since 1970.
  package var day: Int64
  /// As in `SeverityCounts.all`.
  package var severity: Int
  package var total: Double
  package var kept: Double

  init(_ row: Row) {
    day = row["day"]
    severity = row["severity"]
    total = row["total"]
    kept = row["kept"]
  }
}
