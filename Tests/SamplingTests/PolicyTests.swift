import Sampling
import Testing

@Suite struct PolicyTests {
  @Test func `what needs no policy has no problems, nor have the defaults`() {
    #expect(SamplingPolicy().problems.isEmpty)
    #expect(SamplingPolicy.rates { _ in }.problems.isEmpty)
    #expect(SamplingPolicy.budget(1) { _ in }.problems.isEmpty)
    #expect(SamplingPolicy.budget(SamplingBudget.eventsMax) { _ in }.problems.isEmpty)
  }

  @Test(arguments: [
    (SamplingPolicy.rates { $0.global = 1.5 }, "global_rate is 1.5; it must be from 0.0 to 1.0"),
    (.rates { $0.global = .nan }, "global_rate is nan; it must be from 0.0 to 1.0"),
    (.rates { $0.severities = [.debug: -0.1] }, "severity_rates.debug is -0.1; it must be from 0.0 to 1.0"),
    (
      .rates { $0.severities = [.error: 0.5] },
      "severity_rates.error is 0.5, but errors are always kept: 1, or leave it out"
    ),
    (.rates { $0.patterns = [0xab: 2] }, "pattern_rates.ab is 2.0; it must be from 0.0 to 1.0"),
    (.rates { $0.maxPerMinute = 0 }, "max_per_minute is 0.0; it must be from 1.0 to 60000000.0"),
    (.rates { $0.anomalyBoost = 0.5 }, "anomaly_boost is 0.5; it must be from 1.0 to 1000.0"),
    (.budget(0.5) { _ in }, "target.value is 0.5; it must be from 1.0 to 60000000.0"),
    (.budget(10) { $0.replicas = 0 }, "replicas is 0.0; it must be from 1.0 to 1000.0"),
    (.budget(10) { $0.objectives.cost = 0 }, "objectives add up to 0.66 instead of 1"),
    (.budget(10) { $0.guards.floor = 0 }, "guards.floor is 0.0; it must be from 1e-06 to 1.0"),
    (.budget(10) { $0.guards.neverShare = 0.6 }, "guards.never_share is 0.6; it must be from 0.0 to 0.5"),
    (.budget(10) { $0.guards.rareShare = -1 }, "guards.rare_share is -1.0; it must be from 0.0 to 0.5"),
    (
      .budget(10) { $0.guards.wholeErrorsPerMinute = -1 },
      "guards.error_whole_per_min is -1.0; it must be from 0.0 to 1000000.0"
    ),
    (.budget(10) { $0.guards.firstSightings = 101 }, "guards.new_first_k is 101.0; it must be from 0.0 to 100.0"),
    (.budget(10) { $0.severityWeights = [.info: 0] }, "severity.info is 0.0; it must be from 0.05 to 20.0"),
    (.budget(10) { $0.patternWeights = [1: 21] }, "rules.1 is 21.0; it must be from 0.05 to 20.0"),
  ])
  func `what is out of range is told with its field, its value and the range`(policy: SamplingPolicy, message: String) {
    #expect(policy.problems.map(\.description) == [message])
  }

  @Test func `a policy has as many patterns as can be looked through, and no more`() {
    let most = UInt64(SamplingRates.patternsMax)
    #expect(Self.rates(patterns: most).problems.isEmpty)
    #expect(Self.rates(patterns: most + 1).problems.map { $0.field } == ["pattern_rates"])
    let mostWeights = UInt64(SamplingBudget.patternsMax)
    #expect(Self.weights(patterns: mostWeights).problems.isEmpty)
    #expect(Self.weights(patterns: mostWeights + 1).problems.map { $0.field } == ["rules"])
  }

  private static func rates(patterns: UInt64) -> SamplingPolicy {
    .rates { rates in
      for pattern in 0..<patterns { rates.patterns[pattern] = 0.5 }
    }
  }

  private static func weights(patterns: UInt64) -> SamplingPolicy {
    .budget(1) { budget in
      for pattern in 0..<patterns { budget.patternWeights[pattern] = 2 }
    }
  }

  @Test(arguments: [
    ("TRACE", Severity.debug), ("debug", .debug), ("INFO", .info), ("warn", .warn), ("WARNING", .warn),
    ("ERROR", .error), ("Fatal", .fatal), ("NOTICE", nil), ("", nil),
  ])
  func `severities have the names that policies use`(name: String, severity: Severity?) {
    #expect(Severity(name: name) == severity)
  }

  @Test(arguments: [
    (UInt8(0), Severity.unspecified), (1, .debug), (8, .debug), (9, .info), (12, .info), (13, .warn), (16, .warn),
    (17, .error), (20, .error), (21, .fatal), (24, .fatal), (25, .unspecified),
  ])
  func `severity numbers fall into the bands of OpenTelemetry`(number: UInt8, severity: Severity) {
    #expect(Severity(number: number) == severity)
  }
}
