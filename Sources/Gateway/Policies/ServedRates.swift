import Sampling

/// A policy as fixed rates, as clients that sample by themselves read it.
struct ServedRates: Sendable, Equatable {
  var global = 1.0
  var severities: [Severity: Double] = [:]
  /// By signature, of whatever form clients have.
  var patterns: [String: Double] = [:]
  var maxPerMinute: Int?
  var anomalyBoost = 1.0

  /// The words clients of Python, JavaScript and OpenTelemetry have for a severity.
  private static let words: [(severity: Severity, names: [String])] = [
    (.debug, ["DEBUG"]), (.info, ["INFO"]), (.warn, ["WARN", "WARNING"]), (.error, ["ERROR"]),
    (.fatal, ["FATAL", "CRITICAL"]),
  ]

  init() {}

  /// The members of a policy document as clients have it.
  var members: [JSONValue.Member] {
    var severities: [String: Double] = [:]
    for (severity, names) in Self.words {
      let rate = severity >= .error ? 1 : self.severities[severity] ?? global
      for name in names { severities[name] = rate }
    }
    return [
      JSONValue.Member(name: "global_rate", value: .number(global)),
      JSONValue.Member(name: "sampling_rate", value: .number(global)),
      JSONValue.Member(name: "severity_rates", value: JSONValue(severities)),
      JSONValue.Member(name: "pattern_rates", value: JSONValue(patterns)),
      JSONValue.Member(name: "patterns", value: .array(patterns.keys.sorted().map { .string($0) })),
      JSONValue.Member(name: "max_logs_per_minute", value: JSONValue(maxPerMinute)),
      JSONValue.Member(name: "anomaly_boost", value: .number(anomalyBoost)),
    ]
  }

  /// Reads what `members` wrote.
  init(_ json: JSONValue) {
    global = json["global_rate"]?.number ?? 1
    for member in json["severity_rates"]?.members ?? [] {
      if let severity = Severity(name: member.name) { severities[severity] = member.value.number }
    }
    for member in json["pattern_rates"]?.members ?? [] { patterns[member.name] = member.value.number }
    maxPerMinute = json["max_logs_per_minute"]?.number.map { Int($0) }
    anomalyBoost = json["anomaly_boost"]?.number ?? 1
  }

  /// With which probability an event is kept.
  func rate(_ signature: String, _ severity: Severity) -> Double {
    if severity >= .error { return 1 }
    return patterns[signature] ?? severities[severity] ?? global
  }
}
