import Glibc
import Testing

extension EndToEnd {
  /// A real OpenAI client, watched by OpenTelemetry's own instrumentation, through the gateway: what PostHog gets is
  /// compared with what the model really answered.
  @Suite(.timeLimit(.minutes(5))) struct AppTests {
    static let key = "phc_e2e"

    /// Content in span attributes, and content that comes in log records of their own.
    @Test(arguments: ["SPAN_ONLY", "EVENT_ONLY"])
    func `every call to the model is one right event`(contentCapture: String) throws {
      let stage = try Stage()
      let model = try stage.python("fake_model.py", ["--until-stdin-closes"])
      let modelURL = try model.line("listening on ")
      let gateway = try stage.gateway()
      let app = try stage.python(
        "app.py", [],
        [
          "OPENAI_BASE_URL": "\(modelURL)/v1",
          "OTEL_EXPORTER_OTLP_ENDPOINT": gateway.endpoint,
          "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer \(Self.key)",
          "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
          "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": contentCapture,
        ])
      try #require(try app.waitForExit(within: .seconds(60)) == .code(0), "\(app.lastWords)")
      #expect(app.errors.isEmpty, "an export failed: \(app.lastWords)")
      let ids = try JSON(app.output)
      let calls = try JSON.lines(stage.get("\(modelURL)/_calls"))
      try #require(calls.count == 7)

      // The calls, the agent and the tool; the GET span below the tool is nobody's event.
      let expected = calls.count + 2
      _ = try waitUntil(.seconds(30)) { try stage.events().count >= expected }
      try stage.expectAccounted(gateway)
      gateway.program.signal(SIGTERM)
      #expect(try gateway.program.waitForExit(within: .seconds(30)) == .code(0), "\(gateway.program.lastWords)")

      let events = try stage.events()
      #expect(events.map(\.name).count == expected, "\(events.map(\.name)) \(gateway.program.lastWords)")
      #expect(Set(events.map(\.identity.uuid)).count == events.count, "uuids repeat")
      #expect(events.allSatisfy { $0.key == Self.key && $0.lane == "ai" })
      let generations = events.filter { $0.name == "$ai_generation" }
      let embeddings = events.filter { $0.name == "$ai_embedding" }
      #expect(generations.count == calls.count { $0["api"].text == "chat" })
      #expect(embeddings.count == calls.count { $0["api"].text == "embedding" })
      for call in calls {
        switch call["api"].text {
        case "chat": try checkChat(call, generations)
        default: try checkEmbedding(call, embeddings)
        }
      }
      try checkTree(events, ids)
    }

    private func checkChat(_ call: JSON, _ generations: [Delivered]) throws {
      let failed = call["status"].number != 200
      let prompt = try #require(call["prompt"].text)
      let found = generations.filter {
        failed ? $0.properties["$ai_input"].mentions(prompt) : $0.properties["$ai_response_id"] == call["response_id"]
      }
      try #require(found.count == 1, "call \(call["number"]) is told \(found.count) times")
      let properties = found[0].properties
      #expect(properties["$ai_provider"] == .string("openai"))
      #expect(properties["$ai_input"].mentions(prompt))
      #expect((properties["$ai_is_error"] == .bool(true)) == failed)
      #expect(properties["$ai_model"] == call[failed ? "request_model" : "response_model"])
      let latency = try #require(properties["$ai_latency"].number)
      #expect(latency >= 0 && latency < 60, "seconds")
      if failed {
        #expect(properties["$ai_output_tokens"] == .null, "a refused call has no tokens")
        #expect(properties["$ai_error_type"].mentions("RateLimitError"))
        return
      }
      #expect(properties["$ai_output_choices"].mentions(try #require(call["marker"].text)))
      for name in ["$ai_input_tokens", "$ai_prompt_tokens"] { #expect(properties[name] == call["input_tokens"]) }
      for name in ["$ai_output_tokens", "$ai_completion_tokens"] { #expect(properties[name] == call["output_tokens"]) }
      let total = (call["input_tokens"].number ?? 0) + (call["output_tokens"].number ?? 0)
      #expect(properties["$ai_total_tokens"].number == total)
      if let cached = call["cached_tokens"].number, cached > 0 {
        #expect(properties["$ai_cache_read_input_tokens"].number == cached)
        #expect(properties["$ai_cache_reporting_exclusive"] == .bool(false))
      }
      if prompt.contains("prompt-marker-plain") {
        #expect(properties["$ai_temperature"] == .number(0.25) && properties["$ai_max_tokens"] == .number(77))
        #expect(properties["$ai_input"].mentions("You are terse."))
      }
      if let toolCall = call["tool_call_id"].text { #expect(properties["$ai_output_choices"].mentions(toolCall)) }
    }

    private func checkEmbedding(_ call: JSON, _ embeddings: [Delivered]) throws {
      let found = embeddings.filter { $0.properties["$ai_input_tokens"] == call["input_tokens"] }
      try #require(found.count == 1)
      #expect(found[0].properties["$ai_model"] == call["request_model"])
    }

    /// The agent is the trace, everything of it hangs below it and belongs to its user; the last call stands alone.
    private func checkTree(_ events: [Delivered], _ ids: JSON) throws {
      let ofTrace = events.filter { $0.properties["$ai_trace_id"] == ids["trace"] }
      #expect(ofTrace.count == events.count - 1)
      #expect(ofTrace.allSatisfy { $0.event["distinct_id"] == ids["user"] })
      #expect(ofTrace.allSatisfy { $0.properties["$ai_session_id"] == ids["conversation"] })
      let traces = ofTrace.filter { $0.name == "$ai_trace" }
      #expect(traces.map(\.span) == [ids["root"].text])
      #expect(traces.allSatisfy { $0.properties["$ai_parent_id"] == .null })
      let children = ofTrace.filter { $0.name != "$ai_trace" }
      #expect(children.allSatisfy { $0.properties["$ai_parent_id"] == ids["root"] })
      #expect(ofTrace.filter { $0.name == "$ai_span" }.map(\.span) == [ids["tool"].text])

      let alone = try #require(events.first { $0.properties["$ai_trace_id"] != ids["trace"] })
      #expect(alone.name == "$ai_generation" && alone.properties["$ai_parent_id"] == .null)
      // Nobody is known: the trace stands for itself and becomes no person.
      #expect(alone.event["distinct_id"] == alone.properties["$ai_trace_id"])
      #expect(alone.properties["$process_person_profile"] == .bool(false))
    }
  }
}
