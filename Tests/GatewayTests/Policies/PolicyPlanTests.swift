import Sampling
import Testing

@testable import Gateway

/// Whoever classifies, and whatever nonsense comes of it: errors are kept, and the budget holds or the policy is refused.
@Suite struct PolicyPlanTests {
  private static func pattern(
    _ signature: String, _ perMinute: [Severity: Double], _ change: (inout PatternStatistics) -> Void = { _ in }
  ) -> PatternStatistics {
    var pattern = PatternStatistics(signature: signature, perMinute: perMinute)
    change(&pattern)
    return pattern
  }

  private static func random(_ random: inout some RandomNumberGenerator) -> [PatternStatistics] {
    (0..<Int.random(in: 1...60, using: &random)).map { number in
      var perMinute: [Severity: Double] = [:]
      for severity in Severity.allCases where Bool.random(using: &random) {
        perMinute[severity] = Double.random(in: 0...pow(severity), using: &random)
      }
      return pattern("s\(number)", perMinute) {
        $0.isNew = Int.random(in: 0..<5, using: &random) == 0
        $0.isAnomalous = Int.random(in: 0..<5, using: &random) == 0
        $0.model = Bool.random(using: &random) ? "m" : ""
        $0.tokens = 100
        $0.tokens2 = 20_000
      }
    }
  }

  private static func pow(_ severity: Severity) -> Double { severity >= .error ? 3 : 1_000 }

  private static func classes(_ random: inout some RandomNumberGenerator) -> [PatternClass] {
    (0..<Int.random(in: 0...90, using: &random)).map { _ in
      // Unknown ones and repetitions among them.
      PatternClass(
        signature: Int.random(in: 0..<10, using: &random) == 0
          ? "\u{0}';--" : "s\(Int.random(in: 0..<70, using: &random))",
        importance: Importance.allCases.randomElement(using: &random) ?? .normal, reason: "because")
    }
  }

  @Test(arguments: 0..<500 as Range<UInt64>)
  func `for any classification errors are kept and the target holds, or the policy is refused`(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let patterns = Self.random(&random)
    var before: ServedRates?
    if Bool.random(using: &random) {
      var rates = ServedRates()
      rates.global = Double.random(in: 0.002...1, using: &random)
      for number in 0..<20 { rates.patterns["s\(number)"] = Double.random(in: 0.002...1, using: &random) }
      before = rates
    }
    let target = Double.random(in: 1...20_000, using: &random)
    let plan = PolicyPlan(patterns, target: target, classes: Self.classes(&random), before: before)
    let whatIf = plan.whatIf
    #expect(whatIf.errorsKept == 1)
    #expect(!plan.refusals.isEmpty || whatIf.eventsPerMinute <= target * 1.05, "seed \(seed)")
    #expect(plan.rules.map(\.pattern) == patterns)
    for rule in plan.rules {
      #expect((PolicyPlan.floor...1).contains(rule.rate), "seed \(seed)")
      #expect(!(rule.pattern.isNew || rule.pattern.isAnomalous) || rule.importance.weight >= 1, "seed \(seed)")
      if let last = before?.rate(rule.pattern.signature, .unspecified) {
        let limits = max(PolicyPlan.floor, last / 10) * 0.999...min(1, last * 10) * 1.001
        #expect(limits.contains(rule.rate), "seed \(seed)")
      }
    }
    // What clients read of it comes to the same.
    let rates = ServedRates(.object(plan.rates.members))
    let served = WhatIf(patterns) { rates.rate($0.signature, $1) }
    #expect(abs(served.eventsPerMinute - whatIf.eventsPerMinute) < 1e-6 * max(1, whatIf.eventsPerMinute))
    #expect(served.errorsKept == 1)
  }

  @Test func `what matters more is kept more often, and the sum is the target`() {
    let patterns = ["noise", "low", "normal", "high", "critical"].map { Self.pattern($0, [.info: 1_000]) }
    let classes = patterns.compactMap { pattern in
      Importance(rawValue: pattern.signature).map {
        PatternClass(signature: pattern.signature, importance: $0, reason: "")
      }
    }
    let plan = PolicyPlan(patterns, target: 775, classes: classes)
    #expect(abs(plan.whatIf.eventsPerMinute - 775) < 0.01)
    let expected = [0.025, 0.05, 0.1, 0.2, 0.4]
    for (rule, rate) in zip(plan.rules, expected) { #expect(abs(rule.rate - rate) < 1e-4, "\(rule)") }
    #expect(plan.refusals.isEmpty && plan.clamped.isEmpty)
  }

  @Test func `errors above the target are a reason to refuse, and told as one`() {
    let plan = PolicyPlan([Self.pattern("a", [.error: 110, .info: 900])], target: 100, classes: [])
    #expect(plan.refusals.count == 1)
    #expect(plan.refusals.first?.contains("errors alone are 110.0") == true, "\(plan.refusals)")
    let within = PolicyPlan([Self.pattern("a", [.error: 100, .info: 100])], target: 100, classes: [])
    #expect(within.refusals.isEmpty)
    #expect(within.rules.first?.rate == PolicyPlan.floor)
  }

  @Test func `no rate moves by more than a factor of ten, and what asks for it is told`() {
    var before = ServedRates()
    before.global = 0.5
    let patterns = [Self.pattern("a", [.info: 1_000])]
    let plan = PolicyPlan(patterns, target: 10, classes: [], before: before)
    #expect(plan.rules.first?.rate == 0.05)
    #expect(plan.clamped == ["a: the rate moves by a factor of 10 at most"])
    #expect(plan.refusals.first?.contains("50.0 events a minute are expected") == true, "\(plan.refusals)")
    before.global = 0.01
    #expect(PolicyPlan(patterns, target: 1_000, classes: [], before: before).rules.first?.rate == 0.1)
  }

  @Test func `a policy has two hundred rules and no more`() {
    let patterns = (0...PolicyPlan.rulesMax).map { Self.pattern("p\($0)", [.info: 1]) }
    let classes = patterns.map { PatternClass(signature: $0.signature, importance: .low, reason: "") }
    let plan = PolicyPlan(patterns, target: 50, classes: classes)
    #expect(plan.rules.count { $0.importance == .low } == PolicyPlan.rulesMax)
    #expect(plan.clamped == ["1 rules above 200, left out"])
  }

  @Test func `rules see health checks, debug, repetition, errors, cost, and leave new patterns alone`() {
    let patterns = [
      Self.pattern("check", [.info: 10]) { $0.template = "GET /healthz <*>" },
      Self.pattern("debug", [.debug: 6, .info: 4]),
      Self.pattern("often", [.info: 1_000]),
      Self.pattern("failing", [.info: 98, .error: 2]),
      Self.pattern("dear", [.unspecified: 10]) { $0.cost = 1 },
      Self.pattern("warn", [.warn: 10]),
      Self.pattern("new", [.debug: 10]) { $0.isNew = true },
      Self.pattern("odd", [.debug: 10]) { $0.isAnomalous = true },
      Self.pattern("plain", [.info: 10]),
    ]
    let classes = Dictionary(
      uniqueKeysWithValues: RuleClasses.classify(patterns).map { ($0.signature, $0.importance) })
    #expect(
      classes == [
        "check": .noise, "debug": .noise, "often": .low, "failing": .high, "dear": .high, "warn": .high, "odd": .high,
      ])
  }

  @Test func `relative errors are those of the estimate's variance`() {
    let pattern = Self.pattern("a", [.info: 100]) {
      $0.model = "m"
      $0.tokens = 10
      $0.tokens2 = 200
    }
    let whatIf = WhatIf([pattern]) { _, _ in 0.25 }
    // An hour has 6,000: sqrt(6000 × 3) / 6000, and for tokens sqrt(6000 × 3 × 200) / 60000.
    #expect(abs((whatIf.models.first?.count ?? 0) - 0.022361) < 1e-5)
    #expect(abs((whatIf.models.first?.tokens ?? 0) - 0.031623) < 1e-5)
    #expect(whatIf.starved.isEmpty)
    #expect(WhatIf([Self.pattern("rare", [.info: 0.1])]) { _, _ in 0.1 }.starved == ["rare"])
  }
}
