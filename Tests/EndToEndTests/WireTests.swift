import Glibc
import Testing

extension EndToEnd {
  /// Whatever way a request comes, the same events go out.
  @Suite(.timeLimit(.minutes(5))) struct WireTests {
    @Test func `HTTP/1.1, HTTP/2 and gRPC, in every encoding and compression, make the same events`() throws {
      let stage = try Stage()
      let gateway = try stage.gateway()
      let origin = try #require(gateway.endpoint.firstRange(of: "/api").map { gateway.endpoint[..<$0.lowerBound] })
      let capture = "\(Stage.root)/Fixtures/captures/otel-genai-openai-latest-SPAN_ONLY/traces-1.pb"
      let sender = try stage.python(
        "wire.py", [gateway.endpoint, String(origin.dropFirst("http://".count)), capture])
      try #require(try sender.waitForExit(within: .seconds(60)) == .code(0), "\(sender.lastWords)")
      let report = try JSON(sender.output)
      guard case .object(let ways) = report["ways"] else {
        Issue.record("\(sender.output)")
        return
      }
      try #require(ways.count == 20)
      for (way, result) in ways { #expect(result["status"].number == 200, "\(way): \(result["status"])") }
      checkFailures(report)

      var expected: [JSON]?
      var events: [Delivered] = []
      _ = try waitUntil(.seconds(30)) {
        events = try stage.events()
        return ways.values.allSatisfy { !self.told(events, $0).isEmpty }
      }
      gateway.program.signal(SIGTERM)
      #expect(try gateway.program.waitForExit(within: .seconds(30)) == .code(0), "\(gateway.program.lastWords)")
      events = try stage.events()
      #expect(Set(events.map(\.identity)).count == events.count, "an event came twice")
      for (way, result) in ways.sorted(by: { $0.key < $1.key }) {
        let told = told(events, result)
        if let expected { #expect(told == expected, "\(way)") } else { expected = told }
      }
      #expect(expected?.isEmpty == false)
    }

    /// What a way's events say apart from the ids that are its own, in the order of their spans.
    private func told(_ events: [Delivered], _ way: JSON) -> [JSON] {
      guard case .array(let traces) = way["traces"] else { return [] }
      let own = events.filter { traces.contains($0.properties["$ai_trace_id"]) }
      return own.sorted { ($0.span ?? "") < ($1.span ?? "") }.map { event in
        guard case .object(var properties) = event.properties else { return .null }
        properties["$ai_trace_id"] = nil
        properties["$ai_parent_id"] = nil
        return .object(["event": event.event["event"], "properties": .object(properties)])
      }
    }

    private func checkFailures(_ report: JSON) {
      let wrong = report["wrong"]
      #expect(wrong["no key"]["code"] == .string("UNAUTHENTICATED"))
      #expect(wrong["no key"]["message"].mentions("HOGLET_POSTHOG_API_KEY"))
      #expect(wrong["no OTLP"]["code"] == .string("INVALID_ARGUMENT"))
      #expect(wrong["no OTLP"]["details"] == wrong["no OTLP"]["message"])
      #expect(wrong["too large"]["code"] == .string("RESOURCE_EXHAUSTED"))
      #expect(wrong["no such method"]["code"] == .string("UNIMPLEMENTED"))
      #expect(wrong["empty"]["code"] == .string("OK"))
      // SERVING.
      #expect(report["health"] == .string("0801"))
    }
  }
}
