import Sampling
import Testing

@testable import Gateway

/// Policies as people write them, right and wrong.
@Suite struct PolicyReaderTests {
  private static func read(_ text: String) -> (policy: SamplingPolicy?, errors: [String]) {
    var reader = PolicyReader(path: "p.yaml")
    let policy = reader.read(Array(text.utf8))
    #expect((policy == nil) == !reader.errors.isEmpty)
    return (policy, reader.errors)
  }

  private static func rates(_ text: String) throws -> SamplingRates {
    let read = read(text)
    guard case .rates(let rates) = try #require(read.policy, "\(read.errors)").target else {
      throw ReaderFailure.otherFace
    }
    return rates
  }

  private static func budget(_ text: String) throws -> SamplingBudget {
    let read = read(text)
    guard case .budget(let budget) = try #require(read.policy, "\(read.errors)").target else {
      throw ReaderFailure.otherFace
    }
    return budget
  }

  private enum ReaderFailure: Error { case otherFace }

  @Test(arguments: [
    """
    version: 7
    about: as it was sold
    global_rate: .5
    severity_rates: {DEBUG: 0.05, info: 0.2, WARNING: 0.5, ERROR: 1}
    pattern_rates: {9f86d081884c7d65: 0.01, "0000000000000007": 1e-3}
    max_per_minute: 6000
    anomaly_boost: 10
    """,
    """
    {"version": 7, "sampling_rate": 0.5, "severity_rates": {"TRACE": 0.05, "INFO": 0.2, "WARN": 0.5, "ERROR": 1.0},
    "pattern_rates": {"9F86D081884C7D65": 0.01, "0000000000000007": 0.001}, "max_logs_per_minute": 6000,
    "anomaly_boost": 10}
    """,
  ])
  func `the simple face is read from YAML and from JSON, in both spellings`(text: String) throws {
    let rates = try Self.rates(text)
    #expect(Self.read(text).policy?.version == 7)
    #expect(rates.global == 0.5)
    #expect(rates.severities == [.debug: 0.05, .info: 0.2, .warn: 0.5, .error: 1])
    #expect(rates.patterns == [0x9f86_d081_884c_7d65: 0.01, 7: 0.001])
    #expect(rates.maxPerMinute == 6000)
    #expect(rates.anomalyBoost == 10)
  }

  @Test func `a budget is read with its guards, objectives, severities and rules`() throws {
    let budget = try Self.budget(
      """
      target: {kind: events_per_minute, value: 6000}
      replicas: 3
      guards:
        error_keep: 1
        error_whole: always
        new_first_k: 2
        never_share: 0.2
        rare_share: 0.05
        floor: 0.001
        max_weight: 200
      objectives: {tokens: 0.5, cost: 0.5}
      severity: {DEBUG: 0.25, FATAL: 4}
      calibrated: false
      rules:
        - {id: checks, match: {pattern: 9f86d081884c7d65}, importance: noise, reason: health checks}
        - {match: {severity: WARNING}, importance: high}
        - {match: {service: checkout}, importance: critical}
        - {match: {model: gpt-5}, importance: low}
      """)
    #expect(budget.eventsPerMinute == 6000)
    #expect(budget.replicas == 3)
    #expect(budget.guards.wholeErrorsPerMinute == nil)
    #expect(budget.guards.firstSightings == 2)
    #expect(budget.guards.neverShare == 0.2)
    #expect(budget.guards.rareShare == 0.05)
    #expect(budget.guards.floor == 0.005)
    #expect(budget.objectives.count == 0 && budget.objectives.tokens == 0.5 && budget.objectives.cost == 0.5)
    #expect(budget.severityWeights == [.debug: 0.25, .warn: 2, .fatal: 4])
    #expect(budget.patternWeights == [0x9f86_d081_884c_7d65: 0.25])
    #expect(budget.serviceWeights == [Label("checkout"): 4])
    #expect(budget.modelWeights == [Label("gpt-5"): 0.5])
    #expect(!budget.isCalibrated)
  }

  @Test func `money buys events, and a share to keep is a rate that weights lean on`() throws {
    let money = try Self.budget("target: {kind: monthly_cost_usd, value: 438, usd_per_event: 0.0001}")
    #expect(abs(money.eventsPerMinute - 100) < 1e-9)
    #expect(money.guards == SamplingBudget.Guards())
    let share = try Self.rates(
      """
      target: {kind: keep_ratio, value: 0.1}
      severity: {DEBUG: 0.25, WARN: 20, ERROR: 4}
      rules: [{match: {pattern: "0000000000000001"}, importance: high}]
      """)
    #expect(share.global == 0.1)
    #expect(share.severities == [.debug: 0.025, .warn: 1, .error: 1])
    #expect(share.patterns == [1: 0.2])
  }

  @Test func `without a version the text gives one: the same for the same text, another for another`() throws {
    let one = try #require(Self.read("global_rate: 0.5").policy?.version)
    #expect(one > 0)
    #expect(Self.read("global_rate: 0.5").policy?.version == one)
    #expect(Self.read("global_rate: 0.6").policy?.version != one)
    #expect(PolicyReader.version(of: Array("global_rate: 0.5".utf8)) == one)
    #expect(Self.read("{global_rate: 1, version: 4294967295}").policy?.version == UInt32.max)
  }

  @Test(arguments: [
    ("", "p.yaml: error: the file is empty"),
    ("{}", "p.yaml:1:1: error: says nothing; give rates (global_rate, severity_rates, …) or a target"),
    (
      "- 1",
      "p.yaml:1:1: error: a policy is a map of version, about, global_rate, sampling_rate, severity_rates, "
        + "pattern_rates, max_per_minute, max_logs_per_minute, anomaly_boost, target, replicas, guards, objectives, "
        + "severity, rules, calibrated; this is a list"
    ),
    ("global_rat: 1", "p.yaml:1:1: error: a policy has no such word 'global_rat'; did you mean 'global_rate'?"),
    ("global_rate: 1.5", "p.yaml:1:14: error: global_rate is 1.5; it must be from 0.0 to 1.0"),
    ("global_rate: 5%", "p.yaml:1:14: error: global_rate is a share: write 0.05 for 5%"),
    ("global_rate: '1'", "p.yaml:1:14: error: global_rate is a number; this is text"),
    ("global_rate: nan", "p.yaml:1:14: error: global_rate is a number; this is text"),
    ("version: 4294967296\nglobal_rate: 1", "p.yaml:1:10: error: version is a whole number from 0 to 4294967295"),
    (
      "global_rate: 1\nsampling_rate: 1",
      "p.yaml:2:16: error: sampling_rate is another word for global_rate; give one"
    ),
    (
      "global_rate: 1\ntarget: {kind: keep_ratio, value: 1}",
      "p.yaml:2:9: error: global_rate and target belong to two kinds of policies: fixed rates, or a budget (target)"
    ),
    (
      "severity_rates: {WARNIN: 1}",
      "p.yaml:1:18: error: no such severity 'WARNIN' (DEBUG, INFO, WARN, ERROR, FATAL); did you mean 'WARNING'?"
    ),
    (
      "severity_rates: {WARN: 1, WARNING: 0.5}",
      "p.yaml:1:27: error: severity_rates: warn is given twice (WARNING is WARN, TRACE is DEBUG)"
    ),
    (
      "severity_rates: {ERROR: 0.5}",
      "p.yaml:1:25: error: severity_rates.error is 0.5, but errors are always kept: 1, or leave it out"
    ),
    (
      "severity_rates: 1",
      "p.yaml:1:17: error: severity_rates is a map of severities, such as DEBUG: 0.05; this is text"
    ),
    (
      "pattern_rates: {9f86d081: 1}",
      "p.yaml:1:17: error: no pattern '9f86d081': one is named by 16 hexadecimal digits, as in 9f86d081884c7d65"
    ),
    ("pattern_rates: {00000000000000ab: 2}", "p.yaml:1:35: error: pattern_rates.ab is 2.0; it must be from 0.0 to 1.0"),
    ("max_per_minute: 0", "p.yaml:1:17: error: max_per_minute is 0.0; it must be from 1.0 to 60000000.0"),
    ("max_per_minute: 0.5", "p.yaml:1:17: error: max_per_minute is a whole number from 0 to 60000000"),
    ("rules: []", "p.yaml:1:1: error: a budget needs a target, such as {kind: events_per_minute, value: 6000}"),
    (
      "target: {kind: events_per_minut, value: 1}",
      "p.yaml:1:16: error: kind is one of events_per_minute, keep_ratio, monthly_cost_usd; did you mean 'events_per_minute'?"
    ),
    ("target: {kind: keep_ratio}", "p.yaml:1:9: error: a target has a kind and a value"),
    ("target: {kind: keep_ratio, value: 2}", "p.yaml:1:35: error: global_rate is 2.0; it must be from 0.0 to 1.0"),
    (
      "target: {kind: events_per_minute, value: 0.5}",
      "p.yaml:1:42: error: target.value is 0.5; it must be from 1.0 to 60000000.0"
    ),
    (
      "target: {kind: monthly_cost_usd, value: 10}",
      "p.yaml:1:9: error: monthly_cost_usd needs usd_per_event, the price of one event (above 0)"
    ),
    (
      "target: {kind: monthly_cost_usd, value: 4.38, usd_per_event: 0.001}",
      "p.yaml:1:41: error: this money buys 0.1 events a minute; a budget is from 1 to 60000000"
    ),
  ])
  func `what is wrong is told with its place and what to do`(text: String, error: String) {
    #expect(Self.read(text).errors == [error])
  }

  private static let target = "target: {kind: events_per_minute, value: 9}\n"

  @Test(arguments: [
    ("guards: {error_keep: 0.5}", "2:22: error: error_keep is 1: errors are always kept"),
    (
      "guards: {error_whole: always, error_whole_per_min: 3}",
      "2:52: error: error_whole: always has no error_whole_per_min"
    ),
    ("guards: {new_first_k: 101}", "2:23: error: new_first_k is a whole number from 0 to 100"),
    ("guards: {never_share: 0.6}", "2:23: error: guards.never_share is 0.6; it must be from 0.0 to 0.5"),
    ("guards: {max_weight: 0.5}", "2:22: error: max_weight is 1 or more: one event stands for so many at most"),
    (
      "guards: {ring_seconds: 600}",
      "2:10: error: guards has no such word 'ring_seconds' (known: error_keep, error_whole, error_whole_per_min, "
        + "new_first_k, never_share, rare_share, floor, max_weight)"
    ),
    ("objectives: {count: 0.5}", "2:13: error: objectives add up to 0.5 instead of 1"),
    ("severity: {INFO: 21}", "2:18: error: severity.info is 21.0; it must be from 0.05 to 20.0"),
    ("replicas: 0", "2:11: error: replicas is 0.0; it must be from 1.0 to 1000.0"),
    ("calibrated: yes", "2:13: error: calibrated is one of true, false"),
    ("rules: {}", "2:8: error: rules is a list of {match: …, importance: …}; this is a map"),
    ("rules: [{importance: low}]", "2:9: error: a rule has match and importance"),
    (
      "rules: [{match: {pattern: x}, importance: hgh}]",
      "2:43: error: importance is one of noise, low, normal, high, critical; did you mean 'high'?"
    ),
    (
      "rules: [{match: {service: a, model: b}, importance: low}]",
      "2:17: error: match names one of pattern, severity, service, model"
    ),
    ("rules: [{match: {service: ~}, importance: low}]", "2:27: error: service is text; this is empty"),
    (
      "rules: [{match: {model: m}, importance: low}, {match: {model: m}, importance: high}]",
      "2:63: error: this model has an importance already"
    ),
  ])
  func `what is wrong in a budget is told too`(text: String, error: String) {
    #expect(Self.read(Self.target + text).errors == ["p.yaml:\(error)"])
  }

  @Test func `what looks like a key is not repeated`() {
    let key = "phc_" + String(repeating: "planted", count: 6)
    for text in ["\(key): 1", "pattern_rates: {\(key): 1}", "severity_rates: {\(key): 1}", "global_rate: \(key)"] {
      #expect(!Self.read(text).errors.joined().contains("planted"), "\(text)")
    }
  }

  /// The table this product is sold with, from the text of the file to the events that are kept.
  @Test func `of a million records those are kept that a file says, and every error`() throws {
    let policy = try #require(
      Self.read(
        """
        severity_rates:
          DEBUG: 0.05
          INFO: 0.20
          WARNING: 0.50
          ERROR: 1.00
        """
      ).policy)
    var sampler = Sampler(policy: policy)
    var random = SystemRandomNumberGenerator()
    var kept: [Severity: Int] = [:]
    for (number, count) in [(UInt8(5), 400_000), (9, 400_000), (13, 150_000), (17, 50_000)] {
      let severity = Severity(number: number)
      var unit = SamplingUnit(randomness: 0, service: Label("api"), stratum: Label("api"), items: 1)
      unit.patterns = [SeenPattern(id: 1, severity: severity)]
      for _ in 0..<count {
        unit.randomness = random.next() >> 8
        guard case .decided(let verdict) = sampler.offer(unit, at: 0), verdict.isKept else { continue }
        kept[severity, default: 0] += 1
      }
    }
    #expect(kept[.error] == 50_000)
    // Six standard errors of the sum: sqrt(400,000 × .05 × .95 + 400,000 × .2 × .8 + 150,000 × .5 × .5) = 346.
    #expect(abs(kept.values.reduce(0, +) - 225_000) < 6 * 346, "\(kept)")
  }
}
