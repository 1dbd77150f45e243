import Glibc
import Testing

extension EndToEnd {
  /// A client sends again when our answer is lost. What comes twice counts once.
  @Suite(.timeLimit(.minutes(5))) struct ResendTests {
    private static let key = "phc_again"

    private static func trace(_ number: Int) -> String {
      let id = String(repeating: "0", count: 31) + "\(number)"
      func span(_ span: Int, _ parent: String, _ operation: String) -> String {
        """
        {"traceId":"\(id)","spanId":"000000000000000\(span)","parentSpanId":"\(parent)","name":"\(operation)",
        "startTimeUnixNano":"176000000000000000\(span)","endTimeUnixNano":"1760000001000000000",
        "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"\(operation)"}},
        {"key":"gen_ai.provider.name","value":{"stringValue":"openai"}}]}
        """
      }
      let spans = [
        span(1, "", "invoke_agent"), span(2, "0000000000000001", "chat"), span(3, "0000000000000001", "chat"),
      ].joined(separator: ",")
      return #"{"resourceSpans":[{"scopeSpans":[{"spans":["# + spans + "]}]}]}"
    }

    @Test func `while it waits, when it is delivered, and after kill -9`() throws {
      let stage = try Stage()
      var gateway = try stage.gateway()
      let body = Self.trace(1)
      for _ in 0..<2 { try stage.post(body, to: gateway, key: Self.key) }
      #expect(try waitUntil(.seconds(20)) { try stage.events().count == 3 })
      #expect(try waitUntil(.seconds(20)) { try stage.accounting(gateway).total("pending") == 0 })
      try stage.post(body, to: gateway, key: Self.key)
      #expect(try waitUntil(.seconds(20)) { try stage.accounting(gateway).total("pending") == 0 })
      var counts = try stage.accounting(gateway)
      #expect(counts.total("delivered") == 3 && counts.total("duplicate") == 6 && counts.total("accepted") == 9)

      gateway.program.signal(SIGKILL)
      _ = try gateway.program.waitForExit(within: .seconds(10))
      gateway = try stage.gateway()
      try stage.post(body, to: gateway, key: Self.key)
      #expect(
        try waitUntil(.seconds(20)) {
          counts = try stage.accounting(gateway)
          return counts.total("duplicate") == 3 && counts.total("pending") == 0
        }, "\(counts.records)")
      #expect(counts.total("delivered") == 0)
      try stage.expectAccounted(gateway)
      gateway.program.signal(SIGTERM)
      _ = try gateway.program.waitForExit(within: .seconds(30))
      #expect(try stage.events().count == 3, "nothing was sent twice")
    }

    @Test func `when the gateway died before it could answer, and PostHog took it without our knowing`() throws {
      let stage = try Stage()
      try stage.fault(#"{"mode": "accept_then_reset", "times": 1}"#)
      try stage.fault(#"{"mode": "hang", "times": 1000, "seconds": 60}"#)
      var gateway = try stage.gateway()
      let body = Self.trace(2)
      try stage.post(body, to: gateway, key: Self.key)
      #expect(try waitUntil(.seconds(20)) { try stage.events().count == 3 })
      gateway.program.signal(SIGKILL)
      _ = try gateway.program.waitForExit(within: .seconds(10))
      let before = try Set(stage.events().map(\.identity))
      try stage.reset()
      gateway = try stage.gateway()
      try stage.post(body, to: gateway, key: Self.key)
      #expect(try waitUntil(.seconds(20)) { try stage.accounting(gateway).total("pending") == 0 })
      #expect(try Set(stage.events().map(\.identity)) == before, "the same by all that PostHog tells events apart by")
      let counts = try stage.accounting(gateway)
      #expect(counts.total("delivered") == 3 && counts.total("duplicate") == 3)
      try stage.expectAccounted(gateway)
    }
  }
}
