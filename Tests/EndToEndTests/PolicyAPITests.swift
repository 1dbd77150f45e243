import Glibc
import Testing

extension EndToEnd {
  /// The policy API on the admin listener.
  @Suite(.timeLimit(.minutes(5))) struct PolicyAPITests {
    private static let token = "planted-admin-token"

    private static func running(_ stage: Stage, _ more: [String: String] = [:]) throws -> RunningGateway {
      try stage.gateway(["HOGLET_ADMIN_TOKEN": token].merging(more) { _, new in new })
    }

    @Test func `it answers as docs/openapi.yaml says, whatever is sent`() throws {
      let stage = try Stage()
      let gateway = try Self.running(stage)
      let tester = try stage.python("policies.py", ["schema", gateway.admin, Self.token, Stage.root])
      let code = try tester.waitForExit(within: .seconds(240))
      #expect(code == .code(0), "\(tester.output.suffix(6_000))")
      #expect(tester.output.contains("15 selected / 15 total"), "\(tester.output.suffix(2_000))")
      #expect(!(gateway.program.output + gateway.program.errors).contains("planted"))
    }

    @Test func `a client of an SDK's kind works with it, and what it stored survives a kill`() throws {
      let stage = try Stage()
      let gateway = try Self.running(stage)
      let client = try stage.python("policies.py", ["client", gateway.admin, Self.token])
      #expect(try client.waitForExit(within: .seconds(60)) == .code(0), "\(client.lastWords)")
      gateway.program.signal(SIGKILL)
      _ = try gateway.program.waitForExit(within: .seconds(20))
      let again = try Self.running(stage)
      let policy = try JSON(
        stage.get("\(again.admin)/api/v1/policies/checkout", ["--header", "Authorization: Bearer \(Self.token)"]))
      #expect(policy["version"].number == 1 && policy["generated_by"].text == "rules")
    }

    /// Sends a policy for the gateway's own, in place of any.
    private func put(_ stage: Stage, _ gateway: RunningGateway, _ document: String) throws {
      _ = try stage.get(
        "\(gateway.admin)/api/v1/policies/active",
        [
          "--request", "PUT", "--header", "If-Match: *", "--header", "Authorization: Bearer \(Self.token)",
          "--data-binary", document,
        ])
    }

    @Test func `an activated policy is what the sampler samples by, after a restart too`() throws {
      let stage = try Stage()
      func send(_ trace: Int, to gateway: RunningGateway) throws {
        try stage.post(PolicyTests.span(trace), to: gateway, key: "phc_a")
      }
      func sampledOut(_ count: Int, _ gateway: RunningGateway) throws -> Bool {
        try waitUntil(.seconds(20)) {
          let page = try stage.get(
            "\(gateway.admin)/metrics", ["--header", "Authorization: Bearer \(Self.token)"])
          let lines = page.split(separator: "\n").filter { $0.hasPrefix("hoglet_records_total{state=\"sampled_out\"") }
          return lines.contains { $0.hasSuffix(" \(count)") }
        }
      }
      let gateway = try Self.running(stage)
      try put(stage, gateway, "{\"global_rate\": 0}")
      try send(1, to: gateway)
      #expect(try sampledOut(1, gateway), "\(gateway.program.lastWords)")
      gateway.program.signal(SIGTERM)
      _ = try gateway.program.waitForExit(within: .seconds(30))
      let again = try Self.running(stage)
      try send(2, to: again)
      #expect(try sampledOut(1, again), "\(again.program.lastWords)")
      try put(stage, again, "{\"global_rate\": 1}")
      try send(3, to: again)
      #expect(
        try waitUntil(.seconds(20)) {
          try stage.events().contains { $0.properties["$sample_policy"].text == "2" }
        }, "\(again.program.lastWords)")
    }
  }
}
