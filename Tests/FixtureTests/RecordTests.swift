import Testing

/// Log records that are steps of their own (`records` in trace.yaml).
@Suite struct RecordTests {
  typealias Given = RelationTests.Given

  /// A request with one record of Claude Code.
  static func record(
    named name: String = "api_request", trace: String = "", span: String = "", time: Int = 5_000_000,
    scope: String = "com.anthropic.claude_code.events", _ attributes: [String: String]
  ) -> String {
    let all = attributes.merging(["event.name": name]) { $1 }.sorted { $0.key < $1.key }
    let texts = all.map { "{\"key\":\"\($0)\",\"value\":{\"stringValue\":\"\($1)\"}}" }
    return """
      {"resourceLogs":[{"scopeLogs":[{"scope":{"name":"\(scope)"},"logRecords":[{"timeUnixNano":"\(time)",
      "traceId":"\(trace)","spanId":"\(span)","attributes":[\(texts.joined(separator: ","))]}]}]}]}
      """
  }

  static func events(_ requests: String...) throws -> [EventText] {
    var texts: [String] = []
    switch requests.count {
    case 1: texts = try HostileSpanTests.events(requests[0])
    case 2: texts = try HostileSpanTests.events(requests[0], requests[1])
    default: texts = try HostileSpanTests.events(requests[0], requests[1], requests[2])
    }
    return texts.map(EventText.init)
  }

  static func member(_ name: String, _ event: EventText) -> Substring? {
    event.text.firstRange(of: "\"\(name)\":\"").map { event.text[$0.upperBound...].prefix { $0 != "\"" } }
  }

  @Test func `records without a trace id make one trace for each session, else one each`() throws {
    let one = Self.record(["session.id": "s", "request_id": "r1"])
    let two = Self.record(named: "tool_result", ["session.id": "s", "tool_name": "Bash"])
    let events = try Self.events(one, two, Self.record(["session.id": "t", "request_id": "r1"]))
    #expect(events.map(\.name) == ["$ai_generation", "$ai_span", "$ai_generation"], "nothing stands for the trace")
    let traces = events.map { Self.member("$ai_trace_id", $0) }
    #expect(traces[0] == traces[1] && traces[0] != traces[2])
    #expect(events[1].has("\"$ai_span_type\":\"tool\"") && events[1].has("\"$ai_tool_name\":\"Bash\""))
    let alone = try Self.events(Self.record(["request_id": "r1"]), Self.record(["request_id": "r2"]))
    #expect(Set(alone.map { Self.member("$ai_trace_id", $0) }).count == 2)
    #expect(try Self.events(one).map(\.text) == Self.events(one, one).map(\.text), "the same record twice")
  }

  @Test(arguments: [
    ("user_prompt", "com.anthropic.claude_code.events"), ("api_request", "some.application"), ("", "gemini-cli"),
  ])
  func `other records without a trace id are no steps`(_ name: String, _ scope: String) throws {
    #expect(try Self.events(Self.record(named: name, scope: scope, ["session.id": "s"])).isEmpty)
  }

  @Test(arguments: ["", "1ee0adb32cb106d4a2b1514ccbcefa55"], ["", "00000000000000a0"])
  func `a record that agrees with a span completes it`(_ trace: String, _ span: String) throws {
    let root = Given(
      id: "00000000000000a0", scope: "com.anthropic.claude_code.tracing", attributes: ["span.type": "interaction"])
    var call = Given(
      id: "00000000000000a1", parent: root.id, scope: "com.anthropic.claude_code.tracing",
      attributes: ["span.type": "llm_request", "request_id": "req", "model": "claude"], numbers: ["input_tokens": 7])
    let record = Self.record(trace: trace, span: span, ["request_id": "req", "session.id": "s", "cost_usd": "0.25"])
    let spans = RelationTests.request([root, call])
    for events in [try Self.events(spans, record), try Self.events(record, spans)] {
      #expect(events.map(\.name).sorted() == ["$ai_generation", "$ai_trace"])
      let told = try #require(events.first { $0.name == "$ai_generation" })
      #expect(told.has("\"$ai_span_id\":\"\(call.id)\"") && told.has("\"$ai_total_cost_usd\":0.25"))
      #expect(told.has("\"$ai_input_tokens\":7"))
    }
    call.attributes["request_id"] = "another"
    let apart = try Self.events(RelationTests.request([root, call]), record)
    #expect(apart.count { $0.name == "$ai_generation" } == 2)
  }

  @Test(arguments: ["", "1ee0adb32cb106d4a2b1514ccbcefa55"])
  func `a tool that a span and a record tell of is told once`(_ trace: String) throws {
    let tool = Given(
      id: "00000000000000a1", scope: "com.anthropic.claude_code.tracing",
      attributes: ["span.type": "tool", "tool_name": "Bash", "tool_use_id": "toolu"])
    let record = Self.record(
      named: "tool_result", trace: trace,
      ["tool_use_id": "toolu", "tool_name": "Bash", "session.id": "s", "error_type": "E"])
    let events = try Self.events(record, RelationTests.request([tool]))
    #expect(events.count == 1 && events[0].has("\"$ai_span_id\":\"\(tool.id)\""))
  }

  @Test func `what a record tells of a call in a trace without its span is a call below that span`() throws {
    let events = try Self.events(
      RelationTests.request([Given(id: "00000000000000a0", attributes: ["gen_ai.operation.name": "invoke_agent"])]),
      Self.record(trace: "1ee0adb32cb106d4a2b1514ccbcefa55", span: "00000000000000a0", ["request_id": "req"]))
    #expect(events.map(\.name).sorted() == ["$ai_generation", "$ai_trace"])
    #expect(events.contains { $0.has("\"$ai_parent_id\":\"00000000000000a0\"") })
  }
}
