import Bytes
import Testing

/// What is decided between the spans of a trace (mapping.md section 6).
@Suite struct RelationTests {
  /// One span in OTLP/JSON.
  struct Given {
    var id: String
    var parent = ""
    var trace = "1ee0adb32cb106d4a2b1514ccbcefa55"
    var name = "chat"
    var start = 1_000_000
    var end = 9_000_000
    var status = 0
    var scope = "s"
    var attributes: [String: String] = [:]
    var numbers: [String: Int] = [:]
    var events = "[]"

    var json: String {
      let texts = attributes.map { "{\"key\":\"\($0)\",\"value\":{\"stringValue\":\"\($1)\"}}" }
      let counts = numbers.map { "{\"key\":\"\($0)\",\"value\":{\"intValue\":\"\($1)\"}}" }
      return """
        {"scope":{"name":"\(scope)"},"spans":[{"traceId":"\(trace)","spanId":"\(id)","parentSpanId":"\(parent)",
        "name":"\(name)","startTimeUnixNano":"\(start)","endTimeUnixNano":"\(end)","status":{"code":\(status)},
        "events":\(events),"attributes":[\((texts + counts).joined(separator: ","))]}]}
        """
    }
  }

  static func request(_ spans: [Given]) -> String {
    "{\"resourceSpans\":[{\"scopeSpans\":[\(spans.map(\.json).joined(separator: ","))]}]}"
  }

  static func events(_ spans: [Given]) throws -> [EventText] {
    try HostileSpanTests.events(request(spans)).map(EventText.init)
  }

  static let call: [String: String] = ["gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"]
  static let content = [
    "gen_ai.output.messages": #"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"hi\"}]}]"#
  ]

  // MARK: Duplicates

  @Test func `a call inside the same call is told once, completed from both`() throws {
    let outer = Given(id: "00000000000000a1", attributes: Self.call.merging(Self.content) { $1 })
    let inner = Given(
      id: "00000000000000a2", parent: outer.id, start: 2_000_000, end: 8_000_000,
      attributes: Self.call.merging(["gen_ai.response.id": "resp-1"]) { $1 }, numbers: ["gen_ai.usage.input_tokens": 7])
    let events = try Self.events([outer, inner])
    #expect(events.map(\.name) == ["$ai_generation", "$ai_span"])
    #expect(events[0].has("\"$ai_span_id\":\"\(outer.id)\""))
    #expect(events[0].has("\"$ai_input_tokens\":7"), "what only the other knows completes it")
    #expect(events[0].has("\"$ai_response_id\":\"resp-1\""))
    #expect(events[1].has("\"$ai_duplicate_of\":\"\(outer.id)\""))
    #expect(!events[1].has("\"$ai_input_tokens\""), "usage is told once")
  }

  @Test func `what the provider's own SDK counted wins, and the total is the sum of it`() throws {
    let outer = Given(
      id: "00000000000000a1", attributes: Self.call.merging(Self.content) { $1 },
      numbers: ["gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 6, "gen_ai.usage.total_tokens": 13])
    let inner = Given(
      id: "00000000000000a2", parent: outer.id, start: 2_000_000, end: 8_000_000, scope: "com.anthropic.sdk.python",
      attributes: Self.call, numbers: ["gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 5])
    let events = try Self.events([outer, inner])
    #expect(events.map(\.name) == ["$ai_generation", "$ai_span"])
    #expect(events[0].has("\"$ai_output_tokens\":5") && events[0].has("\"$ai_total_tokens\":12"))
  }

  @Test(arguments: [
    ["gen_ai.request.model": "claude-sonnet-4"], ["gen_ai.response.id": "other"],
    ["gen_ai.operation.name": "embeddings"],
  ])
  func `a call inside another that differs is a call of its own`(_ difference: [String: String]) throws {
    let outer = Given(
      id: "00000000000000a1", attributes: Self.call.merging(["gen_ai.response.id": "one"]) { $1 })
    let inner = Given(
      id: "00000000000000a2", parent: outer.id, attributes: Self.call.merging(difference) { $1 })
    let events = try Self.events([outer, inner])
    #expect(events.count == 2 && !events.contains { $0.name == "$ai_span" })
  }

  @Test func `a call that outlasts the one above it is a call of its own`() throws {
    let outer = Given(id: "00000000000000a1", end: 3_000_000, attributes: Self.call)
    let inside = Given(id: "00000000000000a2", parent: outer.id, end: 4_000_000, attributes: Self.call)
    let beyond = Given(id: "00000000000000a2", parent: outer.id, end: 4_000_001, attributes: Self.call)
    #expect(try Self.events([outer, inside]).count { $0.name == "$ai_generation" } == 1, "within a millisecond")
    #expect(try Self.events([outer, beyond]).count { $0.name == "$ai_generation" } == 2)
  }

  @Test func `calls of one trace with the same response are one, wherever they stand`() throws {
    let attributes = Self.call.merging(["gen_ai.response.id": "resp-1"]) { $1 }
    let root = Given(id: "00000000000000a0", name: "agent", attributes: ["gen_ai.operation.name": "invoke_agent"])
    let one = Given(id: "00000000000000a1", parent: root.id, attributes: attributes)
    let other = Given(
      id: "00000000000000a2", parent: root.id, attributes: attributes.merging(Self.content) { $1 })
    let events = try Self.events([root, one, other])
    #expect(events.map(\.name) == ["$ai_trace", "$ai_span", "$ai_generation"])
    #expect(events[1].has("\"$ai_duplicate_of\":\"\(other.id)\""), "the one with content is kept")
  }

  /// Up to 12 calls are compared with each other, more are sorted.
  @Test(arguments: [2, 11, 12, 13, 14, 40])
  func `calls with the same response are one, however many there are`(_ count: Int) throws {
    let root = Given(id: "00000000000000a0", name: "agent", attributes: ["gen_ai.operation.name": "invoke_agent"])
    let calls = (1...count).map { number in
      // The last one tells of the first one's answer.
      Given(
        id: "00000000000001\(number < 10 ? "0" : "")\(number)", parent: root.id, start: 1_000_000 + number,
        attributes: Self.call.merging(["gen_ai.response.id": "resp-\(number == count ? 1 : number)"]) { $1 })
    }
    let events = try Self.events([root] + calls)
    #expect(events.count == count + 1)
    let told = events.filter { $0.has("\"$ai_duplicate_of\"") }
    #expect(told.count == 1 && told[0].has("\"$ai_span_id\":\"\(calls[count - 1].id)\""))
    #expect(told[0].has("\"$ai_duplicate_of\":\"\(calls[0].id)\""))
    #expect(events.count { $0.name == "$ai_generation" } == count - 1)
  }

  @Test func `of several attempts inside a call the last that ended like it is the same`() throws {
    let outer = Given(id: "00000000000000a1", attributes: Self.call)
    let failed = Given(
      id: "00000000000000a2", parent: outer.id, start: 2_000_000, end: 3_000_000, status: 2, attributes: Self.call)
    let good = Given(
      id: "00000000000000a3", parent: outer.id, start: 4_000_000, end: 8_000_000, attributes: Self.call)
    let events = try Self.events([outer, failed, good])
    #expect(events.map(\.name) == ["$ai_generation", "$ai_generation", "$ai_span"])
    #expect(events[1].has("\"$ai_is_error\":true"))
  }

  @Test(
    arguments: [
      (2, nil, 2, 503), (2, nil, 0, 429), (2, 400, 2, 400), (0, nil, 2, nil),
    ] as [(Int, Int?, Int, Int?)])
  func `a call that failed and does not say why has the status of its last failed attempt`(
    _ status: Int, _ own: Int?, _ last: Int, _ told: Int?
  ) throws {
    func step(_ id: String, _ name: String, start: Int, status: Int, answered: Int?) -> Given {
      Given(
        id: id, parent: id == "00000000000000a1" ? "" : "00000000000000a1", name: name, start: start, status: status,
        scope: "livekit-agents", numbers: answered.map { ["http.response.status_code": $0] } ?? [:])
    }
    let events = try Self.events([
      step("00000000000000a3", "llm_request_run", start: 3_000_000, status: last, answered: 503),
      step("00000000000000a1", "llm_request", start: 1_000_000, status: status, answered: own),
      step("00000000000000a2", "llm_request_run", start: 2_000_000, status: 2, answered: 429),
    ])
    let call = try #require(events.first { $0.name == "$ai_generation" })
    if let told { #expect(call.has("\"$ai_http_status\":\(told)")) } else { #expect(!call.has("$ai_http_status")) }
    #expect(events.count == 3, "attempts stay steps")
  }

  // MARK: Usage

  @Test func `an agent above calls leaves the usage to them`() throws {
    let agent = Given(
      id: "00000000000000a0", attributes: ["gen_ai.operation.name": "invoke_agent"],
      numbers: ["gen_ai.usage.input_tokens": 14])
    let one = Given(
      id: "00000000000000a1", parent: agent.id, attributes: Self.call, numbers: ["gen_ai.usage.input_tokens": 14])
    #expect(try !Self.events([agent, one])[0].has("\"$ai_input_tokens\""))
    #expect(try Self.events([agent])[0].has("\"$ai_input_tokens\":14"), "nobody below tells it")
    var silent = one
    silent.numbers = [:]
    #expect(try Self.events([agent, silent])[0].has("\"$ai_input_tokens\":14"), "the call below does not tell it")
  }

  // MARK: Inheritance

  @Test func `session and trace name come from the nearest ancestor that says them`() throws {
    let root = Given(
      id: "00000000000000a0",
      attributes: [
        "gen_ai.operation.name": "invoke_workflow", "gen_ai.conversation.id": "far", "gen_ai.workflow.name": "w",
      ])
    let middle = Given(
      id: "00000000000000a1", parent: root.id,
      attributes: ["gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "near"])
    let plain = Given(id: "00000000000000a2", parent: middle.id, name: "GET /")
    let leaf = Given(id: "00000000000000a3", parent: plain.id, attributes: Self.call)
    let events = try Self.events([root, middle, plain, leaf])
    let last = try #require(events.last)
    #expect(last.has("\"$ai_session_id\":\"near\"") && last.has("\"$ai_trace_name\":\"w\""))
    #expect(last.has("\"$ai_parent_id\":\"\(middle.id)\""), "spans that are no AI vanish")
  }

  // MARK: Records

  @Test func `an evaluation told by a span event is tied to the span that it judges`() throws {
    var judged = Given(id: "00000000000000a1", attributes: Self.call)
    judged.events = """
      [{"name":"gen_ai.evaluation.result","timeUnixNano":"5000000","attributes":[
      {"key":"gen_ai.evaluation.name","value":{"stringValue":"relevance"}},
      {"key":"gen_ai.evaluation.score.value","value":{"doubleValue":0.5}},
      {"key":"gen_ai.evaluation.score.label","value":{"stringValue":"pass"}}]}]
      """
    let events = try Self.events([judged])
    #expect(events.map(\.name) == ["$ai_generation", "$ai_evaluation"])
    let target = try #require(events[0].text.firstRange(of: "\"uuid\":\"")).upperBound
    #expect(events[1].has("\"$ai_target_event_id\":\"\(events[0].text[target...].prefix(36))\""))
    #expect(events[1].has("\"$ai_evaluation_name\":\"relevance\"") && events[1].has("\"$ai_evaluation_result\":true"))
    #expect(events[1].has("\"$ai_evaluation_numeric_result\":0.5"))
    #expect(events[1].has("\"$ai_parent_id\":\"\(judged.id)\""))
  }

  static func log(_ name: String, span: String, _ attributes: [String: String]) -> String {
    let texts = attributes.map { "{\"key\":\"\($0)\",\"value\":{\"stringValue\":\"\($1)\"}}" }
    return """
      {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5000000","eventName":"\(name)",
      "traceId":"1ee0adb32cb106d4a2b1514ccbcefa55","spanId":"\(span)","attributes":[\(texts.joined(separator: ","))]}]}]}]}
      """
  }

  @Test func `a call that only a log record tells of is a call, and none where its span came`() throws {
    let record = Self.log(
      "gen_ai.client.inference.operation.details", span: "00000000000000a1",
      Self.call.merging(["gen_ai.response.id": "resp-1"]) { $1 })
    let alone = try HostileSpanTests.events(record).map(EventText.init)
    #expect(alone.map(\.name) == ["$ai_generation"])
    #expect(alone[0].has("\"$ai_span_id\":\"00000000000000a1\"") && alone[0].has("\"$ai_response_id\":\"resp-1\""))
    let joined = try HostileSpanTests.events(
      record, Self.request([Given(id: "00000000000000a1", attributes: Self.call)]))
    #expect(joined.count == 1)
  }
}

/// One event's JSON.
struct EventText {
  var text: String

  var name: String {
    guard let start = text.firstRange(of: "\"event\":\"")?.upperBound else { return "" }
    return String(text[start...].prefix { $0 != "\"" })
  }

  func has(_ part: String) -> Bool { text.contains(part) }
}
