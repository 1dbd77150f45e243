import Bytes

/// Tool calls and what tools returned, in every spelling.
extension Mapper {
  /// Reads a call that is a part of a message. Calls of provider tools may carry their result.
  func readCall(_ part: Int, _ members: Members, into message: inout Message, _ results: inout [Message]) {
    message.calls.append(call(part, members))
    if members[.type] != nil, members[.output] != nil, members[.wrappedCall] == nil {
      results.append(result(part, members))
    }
  }

  /// A call, whatever it is wrapped in.
  func call(_ node: Int, _ members: Members) -> ToolCall {
    if let inner = members[.wrappedCall], isObject(inner) { return call(inner, self.members(of: inner)) }
    var call = ToolCall(id: members[.callID] ?? members[.id])
    var function = members
    if let inner = members[.function], isObject(inner) { function = self.members(of: inner) }
    call.name = function[.name] ?? members[.type].flatMap { toolName(ofType: $0) }
    call.arguments = function[.arguments] ?? function[.input] ?? members[.serverCall] ?? members[.action]
    return call
  }

  /// Provider tools are named by their type: `web_search_call`.
  private func toolName(ofType type: Int) -> Int? {
    guard let text = plainText(type), text.suffix(5).elementsEqual("_call".utf8), text.count > 5 else { return nil }
    return textNode(Array(text.dropLast(5)))
  }

  /// The calls that a message lists, also as JSON text.
  func listedCalls(_ members: Members) -> [ToolCall] {
    var calls: [ToolCall] = []
    for word in [Word.toolCalls, .invalidToolCalls] {
      guard let given = members[word], let list = isArray(given) ? given : list(in: given) else { continue }
      for call in children(of: list) where isObject(call) { calls.append(self.call(call, self.members(of: call))) }
    }
    if calls.isEmpty, let legacy = members[.wrappedCall], isObject(legacy) {
      calls.append(call(legacy, self.members(of: legacy)))
    }
    if calls.isEmpty, let additional = members[.additional] { return listedCalls(self.members(of: additional)) }
    return calls
  }

  /// Each call once: several instrumentations list them and have them as parts too.
  func unique(listed: [ToolCall], inParts: [ToolCall]) -> [ToolCall] {
    if listed.count + inParts.count < 2 { return listed + inParts }
    var seen = Set<[UInt8]>()
    var calls: [ToolCall] = []
    for call in listed {
      if let id = call.id, !tape.nodes[id].text.isEmpty {
        guard seen.insert(key(id)).inserted else { continue }
      } else {
        // Two alike may be two calls; the same beside it among the parts is not.
        seen.insert(key(call))
      }
      calls.append(call)
    }
    for call in inParts {
      if let id = call.id, !tape.nodes[id].text.isEmpty {
        guard seen.insert(key(id)).inserted else { continue }
      } else if !listed.isEmpty, seen.contains(key(call)) {
        continue
      }
      calls.append(call)
    }
    return calls
  }

  private func key(_ node: Int) -> [UInt8] {
    var out = ByteBuffer()
    writeAsText(node, to: &out)
    return out.withSpan { span in
      var key: [UInt8] = []
      key.append(span, Slice(0, span.count))
      return key
    }
  }

  private func key(_ call: ToolCall) -> [UInt8] {
    (call.name.map { key($0) } ?? []) + [0] + (call.arguments.map { key($0) } ?? [])
  }

  /// What a tool returned, as the message it becomes.
  func result(_ node: Int, _ members: Members) -> Message {
    if let inner = members[.wrappedResult], isObject(inner) { return result(inner, self.members(of: inner)) }
    var message = Message(role: .tool)
    let origin = members[.origin].map { self.members(of: $0) }
    message.callID = members[.callID] ?? members[.id] ?? origin.flatMap { $0[.callID] ?? $0[.id] }
    message.name = members[.name] ?? origin?[.name]
    let sources: [Word] = [.response, .result, .serverResult, .output, .content]
    if let content = sources.lazy.compactMap({ members[$0] }).first { readResult(content, into: &message) }
    return message
  }

  /// The content of a result: parts if it has any, a text otherwise.
  private func readResult(_ content: Int, into message: inout Message) {
    let members = members(of: content)
    // Vercel's AI SDK: `{type: "text" | "json" | "content", value}`.
    if members[.type] != nil, let value = members[.value], tape.nodes[content].children <= 3 {
      return readResult(value, into: &message)
    }
    guard isArray(content) else {
      return message.parts.append(Message.Part(kind: .text, node: content))
    }
    var parts = Message(role: .tool)
    for part in children(of: content) {
      let members = self.members(of: part)
      switch shape(of: part, members) {
      case .text, .media:
        var none: [Message] = []
        read(part: part, members, shape(of: part, members), into: &parts, &none)
      case nil where isString(part): parts.parts.append(Message.Part(kind: .text, node: part))
      // Rows of data rather than parts.
      default: return message.parts.append(Message.Part(kind: .text, node: content))
      }
    }
    message.parts += parts.parts
  }
}
