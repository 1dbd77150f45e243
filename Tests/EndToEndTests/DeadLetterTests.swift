import Glibc
import Testing

extension EndToEnd {
  /// What PostHog refuses is kept, can be looked at, mapped otherwise and sent after all, under the uuid it had.
  @Suite(.timeLimit(.minutes(5))) struct DeadLetterTests {
    private static let key = "phc_letters"
    private static let trace = """
      {"resourceSpans":[{"scopeSpans":[{"spans":[
      {"traceId":"000000000000000000000000000000a1","spanId":"00000000000000b1","name":"agent",
      "startTimeUnixNano":"1760000000000000000","endTimeUnixNano":"1760000001000000000","attributes":[
      {"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},
      {"key":"user.id","value":{"stringValue":"ada"}}]},
      {"traceId":"000000000000000000000000000000a1","spanId":"00000000000000b2","parentSpanId":"00000000000000b1",
      "name":"chat","startTimeUnixNano":"1760000000100000000","endTimeUnixNano":"1760000000900000000","attributes":[
      {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
      {"key":"gen_ai.input.messages","value":{"stringValue":
      "[{\\"role\\":\\"user\\",\\"parts\\":[{\\"type\\":\\"text\\",\\"content\\":\\"POISON\\"}]}]"}}]}
      ]}]}]}
      """

    private func spool(_ arguments: [String], _ stage: Stage) throws -> String {
      let program = try Program(
        Stage.binary, ["spool"] + arguments + ["--spool", "\(stage.folder.path)/spool"],
        environment: Stage.environment(["SWIFT_BACKTRACE": "enable=no"]), folder: stage.folder.path)
      try #require(try program.waitForExit(within: .seconds(60)) == .code(0), "\(program.lastWords)")
      return program.output
    }

    private func stop(_ gateway: RunningGateway) throws {
      gateway.program.signal(SIGTERM)
      #expect(try gateway.program.waitForExit(within: .seconds(30)) == .code(0), "\(gateway.program.lastWords)")
    }

    @Test func `a poisonous event is kept with PostHog's answer, and goes out when the mapping no longer makes it so`()
      throws
    {
      let stage = try Stage(standIn: ["--bad-uuid-marker", "POISON"])
      var gateway = try stage.gateway()
      try stage.post(Self.trace, to: gateway, key: Self.key)
      #expect(try waitUntil(.seconds(20)) { try stage.accounting(gateway).total("dead_lettered") == 1 })
      #expect(try waitUntil(.seconds(20)) { try stage.accounting(gateway).total("pending") == 0 })
      try stage.expectAccounted(gateway)
      #expect(try stage.events().compactMap(\.span) == ["00000000000000b1"])
      try stop(gateway)

      let shown = try spool(["show", "dead/1/1"], stage)
      #expect(shown.contains("400") && shown.contains("its properties hold the bad marker") && shown.contains("POISON"))
      #expect(try spool(["retry"], stage).contains("1 request put back"))
      gateway = try stage.gateway(["HOGLET_REDACTION_PRIVACY": "no_content"])
      #expect(try waitUntil(.seconds(20)) { try stage.events().count == 2 }, "\(gateway.program.lastWords)")
      let event = try #require(try stage.events().last)
      #expect(event.span == "00000000000000b2" && event.identity.distinctID == "ada")
      #expect(shown.contains(try #require(event.identity.uuid)), "the uuid that it was refused under")
      #expect(event.properties["$ai_parent_id"].text == "00000000000000b1")
      #expect(try waitUntil(.seconds(20)) { try stage.accounting(gateway).total("pending") == 0 })
      #expect(try stage.accounting(gateway).total("delivered") == 1)
      try stage.expectAccounted(gateway)
      try stop(gateway)
      #expect(try !spool(["ls", "dead"], stage).contains("dead/1/1"))
    }

    @Test func `with posthog.max_retries an outage makes dead letters, which arrive when they are tried again`() throws
    {
      let stage = try Stage()
      try stage.fault(#"{"status": 503, "times": 100000, "body": "down for a while"}"#)
      var gateway = try stage.gateway(["HOGLET_POSTHOG_MAX_RETRIES": "2"])
      try stage.post(Self.trace, to: gateway, key: Self.key)
      #expect(try waitUntil(.seconds(30)) { try stage.accounting(gateway).total("dead_lettered") == 2 })
      try stage.expectAccounted(gateway)
      #expect(try stage.accounting(gateway).sum("hoglet_capture_requests_total", "5xx") == 3)
      try stop(gateway)
      let shown = try spool(["show", "dead/1/1"], stage)
      #expect(shown.contains("given up after 3 attempts") && shown.contains("down for a while"))
      try stage.reset()
      #expect(try spool(["retry"], stage).contains("2 requests put back"))
      gateway = try stage.gateway()
      #expect(try waitUntil(.seconds(20)) { try stage.events().count == 2 }, "\(gateway.program.lastWords)")
      #expect(try Set(stage.events().map(\.name)) == ["$ai_trace", "$ai_generation"])
      try stage.expectAccounted(gateway)
      try stop(gateway)
    }
  }
}
