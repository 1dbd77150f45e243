import Glibc
import Testing

extension EndToEnd {
  /// One bad key, or one slow project, cannot hold others back.
  @Suite(.timeLimit(.minutes(5))) struct FairnessTests {
    private static let bad = ["phc_refused", "phc_limited", "phc_hanging", "phc_poison"]
    /// Megabytes of events each: more than delivery holds in memory for all.
    private static let badTraces = 1_200

    @Test func `a healthy key does not notice a refused, a limited, a hanging and a poisonous one`() throws {
      let stage = try Stage(standIn: ["--refused-key", "phc_refused", "--bad-uuid-marker", "POISON"])
      try stage.fault(#"{"status": 429, "times": 1000000, "retry_after": "1", "key": "phc_limited"}"#)
      try stage.fault(#"{"mode": "hang", "times": 1000000, "seconds": 600, "key": "phc_hanging"}"#)
      let gateway = try stage.gateway(["HOGLET_POSTHOG_TIMEOUT": "5s"])
      let endpoint = "\(stage.folder.path)/endpoint"
      Files.replace(endpoint, with: gateway.endpoint)
      func generator(_ key: String, traces: Int, seed: Int = 1, prompt: String = "") throws -> Program {
        try stage.python(
          "spans.py",
          [
            "--endpoint-file", endpoint, "--ledger", "\(stage.folder.path)/\(key)", "--traces", "\(traces)", "--key",
            key, "--seed", "\(seed)", "--prompt", prompt, "--refusal-is-fine",
          ])
      }
      let noise = try Self.bad.map {
        try generator($0, traces: $0 == "phc_poison" ? 40 : Self.badTraces, prompt: $0 == "phc_poison" ? "POISON" : "")
      }
      for program in noise { _ = try program.waitForExit(within: .seconds(120)) }

      var slowest = Duration.zero
      for round in 0..<5 {
        let key = "phc_healthy"
        let healthy = try generator(key, traces: 20, seed: round + 2)
        #expect(try healthy.waitForExit(within: .seconds(60)) == .code(0), "\(healthy.lastWords)")
        let acknowledged = ContinuousClock.now
        let arrived = try waitUntil(.seconds(30)) {
          try Set(stage.events().filter { $0.key == key }.compactMap(\.span)).count >= (round + 1) * 60
        }
        #expect(arrived, "round \(round)")
        slowest = max(slowest, ContinuousClock.now - acknowledged)
        Files.replace("\(stage.folder.path)/\(key)", with: "")
      }
      // A trace ripens in 0.5 s and shares its request for 1 s.
      #expect(slowest < .seconds(5), "the healthy key waited \(slowest)")

      try check(stage, gateway)
    }

    private func check(_ stage: Stage, _ gateway: RunningGateway) throws {
      try stage.expectAccounted(gateway)
      #expect(
        try waitUntil(.seconds(60)) { try stage.accounting(gateway).total("dead_lettered") == 40 }, "one chat a trace")
      let counts = try stage.accounting(gateway)
      #expect(counts.sum("hoglet_lane_state") == 2 + 1 + 1)
      #expect(counts.sum("hoglet_lane_outstanding_bytes") < 18 << 20)
      let ready = try stage.get("\(gateway.admin)/readyz")
      #expect(ready.contains("HTTP 401") && ready.contains("HTTP 429") && ready.hasPrefix("ready"))
      // One line for each change, however many attempts failed.
      let told = gateway.program.errors.split(separator: "\n")
      #expect(told.count { $0.contains("PostHog refuses the project key") } == 1)
      #expect(told.count { $0.contains("PostHog does not take events for now") } <= 3)
      #expect(!gateway.program.errors.contains("phc_refused"), "keys are not told")
      // New requests of the refused key are turned away, so that its backlog stays what it is.
      #expect(try stage.post("{}", to: gateway, key: "phc_refused", status: 401).contains("PostHog refuses"))
    }
  }
}
