import Foundation

/// What coverage is counted by.
enum TruthField: String, CaseIterable {
  case once = "calls once"
  case input = "input tokens"
  case output = "output tokens"
  case cache = "cache tokens"
  case reasoning = "reasoning tokens"
  case error = "errors"
  case model = "model, provider"
  case identity = "user, session"
  case prompt = "prompt"
  case answer = "answer"
  case steps = "steps"
}

/// Compares the events of a capture with its truth: for each field how many there are to get right, and what is wrong.
struct TruthCheck {
  private(set) var expected: [TruthField: Int] = [:]
  private(set) var wrong: [(field: TruthField, message: String)] = []
  private let events: [[String: Any]]
  private let sent: SentSpans

  init(_ truth: Truth, _ events: [[String: Any]], _ sent: SentSpans) {
    self.events = events
    self.sent = sent
    var used: Set<String> = []
    for call in truth.visible {
      let found = self.events(of: call)
      check(.once, found.count == 1, "\(call.name): \(found.count) events \(call.event)")
      guard found.count == 1, let properties = found[0]["properties"] as? [String: Any] else { continue }
      used.insert(found[0]["uuid"] as? String ?? "")
      checkUsage(call, properties)
      checkError(call, properties)
      checkNames(call, found[0], properties)
      checkContent(call, properties)
    }
    for event in events where ["$ai_generation", "$ai_embedding"].contains(event["event"] as? String) {
      check(.once, used.contains(event["uuid"] as? String ?? ""), "invented: \(Self.label(event))", counts: false)
    }
    checkSteps(truth)
  }

  /// How many of a field are right.
  func right(_ field: TruthField) -> Int { (expected[field] ?? 0) - wrong.count { $0.field == field } }

  private mutating func check(_ field: TruthField, _ isRight: Bool, _ message: String, counts: Bool = true) {
    if counts || !isRight { expected[field, default: 0] += 1 }
    if !isRight { wrong.append((field, message)) }
  }

  private static func label(_ event: [String: Any]) -> String {
    let properties = event["properties"] as? [String: Any] ?? [:]
    return "\(event["event"] ?? "") \(properties["$ai_span_id"] ?? "") \(properties["$ai_span_name"] ?? "")"
  }

  private func events(of call: Truth.Call) -> [[String: Any]] {
    events.filter { event in
      let properties = event["properties"] as? [String: Any] ?? [:]
      guard event["event"] as? String == call.event else { return false }
      if call.spans.isEmpty { return properties["$ai_response_id"] as? String == call.own("response_id") }
      return call.spans.contains(properties["$ai_span_id"] as? String ?? "")
    }
  }

  // MARK: Usage

  private mutating func checkUsage(_ call: Truth.Call, _ event: [String: Any]) {
    let isExclusive = event["$ai_cache_reporting_exclusive"] as? Bool ?? false
    if call.has("usage_in_capture"), (call.visible["input_reported"] as? [Any])?.isEmpty == false {
      let told = event["$ai_input_tokens"] as? Int
      let right = call.usage(isExclusive ? "input_fresh" : "input_total")
      check(.input, told.map(right.contains) ?? false, "\(call.name): input \(told ?? -1), truth \(right)")
    }
    if call.has("output_tokens_in_capture") {
      let told = event["$ai_output_tokens"] as? Int
      let right = call.usage("output_total")
      check(.output, told.map(right.contains) ?? false, "\(call.name): output \(told ?? -1), truth \(right)")
    }
    checkPart(.cache, call, event, "$ai_cache_read_input_tokens", "cache_read", hint: "cache")
    checkPart(.cache, call, event, "$ai_cache_creation_input_tokens", "cache_write", hint: "cache")
    checkPart(.reasoning, call, event, "$ai_reasoning_tokens", "reasoning", hint: "reason")
  }

  /// What is told must be true; what is true must be told if any attribute of the call's spans has the number.
  private mutating func checkPart(
    _ field: TruthField, _ call: Truth.Call, _ event: [String: Any], _ property: String, _ name: String, hint: String
  ) {
    let right = call.usage(name)
    if let told = event[property] as? Int {
      return check(field, right.contains(told), "\(call.name): \(property) \(told), truth \(right)")
    }
    guard let value = right.first, value > 0 else { return }
    let isSent = call.spans.contains { span in
      sent.attributes(span).contains { key, text in
        text.contains("\(value)") && (key + text).lowercased().contains(hint)
      }
    }
    if isSent { check(field, false, "\(call.name): no \(property), truth \(value)") }
  }

  // MARK: Errors, names, identity

  private mutating func checkError(_ call: Truth.Call, _ event: [String: Any]) {
    let isError = event["$ai_is_error"] as? Bool ?? false
    check(.error, isError == call.isFailed, "\(call.name): $ai_is_error \(isError)", counts: call.isFailed)
    guard call.isFailed, call.has("error_in_capture") else { return }
    let text = event["$ai_error"] as? String ?? ""
    check(.error, !text.isEmpty, "\(call.name): no $ai_error", counts: false)
    if let status = call.own["status"] as? Int, status >= 400 {
      let told = event["$ai_http_status"] as? Int
      check(.error, told == status, "\(call.name): status \(told ?? 0), truth \(status)", counts: false)
    }
  }

  private mutating func checkNames(_ call: Truth.Call, _ whole: [String: Any], _ event: [String: Any]) {
    let model = event["$ai_model"] as? String ?? ""
    let models = [call.own("response_model"), call.own("request_model")].compactMap(\.self)
    // Some leave out the vendor that Bedrock writes before the model.
    let isModel = models.contains { $0 == model || $0.hasSuffix(".\(model)") }
    let provider = event["$ai_provider"] as? String ?? ""
    let api = call.own("api")?.prefix { $0 != "." } ?? ""
    // A hand-written span has no endpoint; LiveKit tells the address that it called.
    let isProvider = api == "manual" || provider.contains(":") || !provider.isEmpty && provider.contains(api)
    check(
      .model, isModel && isProvider, "\(call.name): model '\(model)' provider '\(provider)', truth \(models) \(api)")
    let users = call.identity("user_id")
    if !users.isEmpty {
      let user = whole["distinct_id"] as? String ?? ""
      check(.identity, users.contains(user), "\(call.name): distinct_id '\(user)', truth \(users)")
    }
    let sessions = call.identity("session_id")
    if !sessions.isEmpty {
      let session = event["$ai_session_id"] as? String ?? ""
      check(.identity, sessions.contains(session), "\(call.name): session '\(session)', truth \(sessions)")
    }
  }

  // MARK: Content

  private mutating func checkContent(_ call: Truth.Call, _ event: [String: Any]) {
    let answer = Self.text(event["$ai_output_choices"])
    let prompt = Self.text(event["$ai_input"])
    if call.has("answer_in_capture"), call.event == "$ai_generation" {
      if let marker = call.own("marker") {
        let markers = call.covers.compactMap { $0["marker"] as? String } + [marker]
        let isThere = markers.contains { answer.contains($0) }
        check(.answer, isThere, "\(call.name): \(marker) is not in \(answer.prefix(200))")
      }
      if !call.texts("tool_call_ids").isEmpty { checkToolCalls(call, event, answer) }
    }
    if call.has("prompt_in_capture") {
      // As it stands inside JSON.
      let missing = call.prompts.filter { !prompt.contains(Self.text([$0]).dropFirst(2).dropLast(2)) }
      check(.prompt, missing.isEmpty, "\(call.name): \(missing) is not in \(prompt.prefix(200))")
    }
    for name in ["$ai_input", "$ai_output_choices"] {
      guard let messages = event[name] else { continue }
      let isList = (messages as? [[String: Any]])?.allSatisfy { $0["role"] is String && $0["content"] != nil } ?? false
      check(.answer, isList, "\(call.name): \(name) is no list of messages", counts: false)
    }
  }

  /// Tool calls in the shape that PostHog reads; each id of the truth that the messages of the span have.
  private mutating func checkToolCalls(_ call: Truth.Call, _ event: [String: Any], _ answer: String) {
    let messages = event["$ai_output_choices"] as? [[String: Any]] ?? []
    let calls = messages.flatMap { $0["tool_calls"] as? [[String: Any]] ?? [] }
    let isShaped = calls.allSatisfy { tool in
      let function = tool["function"] as? [String: Any]
      return tool["type"] as? String == "function" && (function?["name"] as? String)?.isEmpty == false
        && function?["arguments"] is String
    }
    check(.answer, !calls.isEmpty && isShaped, "\(call.name): tool calls are not told in \(answer.prefix(200))")
    let span = event["$ai_span_id"] as? String ?? ""
    let content = sent.attributes(span).filter { $0.key != "gen_ai.tool.call.id" }.values.joined()
    for id in call.texts("tool_call_ids") where content.contains(id) {
      check(
        .answer, calls.contains { $0["id"] as? String == id }, "\(call.name): tool call \(id) is lost", counts: false)
    }
  }

  private static func text(_ value: Any?) -> String {
    guard let value, let data = try? JSONSerialization.data(withJSONObject: value, options: .withoutEscapingSlashes)
    else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  // MARK: Steps

  private mutating func checkSteps(_ truth: Truth) {
    for id in truth.ids("tool_span_ids") {
      let found = steps(id)
      let properties = found.first?["properties"] as? [String: Any] ?? [:]
      let isTool = found.count == 1 && properties["$ai_span_type"] as? String == "tool"
      check(.steps, isTool && properties["$ai_tool_name"] is String, "tool \(id): \(found.map(Self.label))")
      let span = sent.text(id).lowercased()
      guard truth.hasContent, ["argument", ".args", "input"].contains(where: { span.contains($0) }) else { continue }
      for state in ["$ai_input_state", "$ai_output_state"] {
        check(.steps, properties[state] != nil, "tool \(id) has no \(state)", counts: false)
      }
    }
    for id in truth.ids("agent_span_ids") {
      let names = steps(id).compactMap { $0["event"] as? String }
      check(.steps, names == ["$ai_span"] || names == ["$ai_trace"], "agent \(id): \(names)")
    }
    for id in truth.ids("non_ai_span_ids") {
      check(.steps, steps(id).isEmpty, "span \(id) is no AI: \(steps(id).map(Self.label))", counts: false)
    }
  }

  private func steps(_ span: String) -> [[String: Any]] {
    events.filter { ($0["properties"] as? [String: Any])?["$ai_span_id"] as? String == span }
  }
}
