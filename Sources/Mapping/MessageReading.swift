import Bytes

/// Reading one message whose role is known.
extension Mapper {
  func read(message members: Members, role: Message.Role, into transcript: inout Transcript) {
    var message = Message(role: role)
    var results: [Message] = []
    for word in [Word.reasoning, .thinking] {
      if let reasoning = members[word] { readReasoning(reasoning, depth: 0, into: &message) }
    }
    if let additional = members[.additional], let reasoning = self.members(of: additional)[.reasoning] {
      readReasoning(reasoning, depth: 0, into: &message)
    }
    if let parts = members[.parts] ?? members[.contents] { readContent(parts, into: &message, &results) }
    // OpenInference gives a text beside its parts, and most often it is one of them.
    if members[.parts] == nil, let content = members[.content] {
      let isRepeated = members[.contents] != nil && message.parts.contains { $0.kind == .text }
      if !isRepeated { readContent(content, into: &message, &results) }
    }
    let hasContent = !results.isEmpty || message.parts.contains { $0.kind != .reasoning }
    if !hasContent, let text = members[.text] ?? members[.message] ?? members[.refusal] {
      readContent(text, into: &message, &results)
    }
    if let audio = members[.audio], isObject(audio) { message.parts.append(Message.Part(kind: .media, node: audio)) }
    if role == .tool { message.callID = members[.callID] ?? members[.id] } else { message.callID = members[.callID] }
    message.name = members[.name]
    if let role = members[.role], isText(role, Self.thinking) {
      for part in message.parts.indices { message.parts[part].kind = .reasoning }
      return transcript.add(message)
    }
    let isItem = members[.type].map { isText($0, Self.item) } == true
    finish(message, results, listed: listedCalls(members), into: &transcript)
    // OpenAI's Responses list the calls of an answer after its text.
    if isItem, role == .assistant, results.isEmpty { transcript.isOpen = true }
  }

  private static let thinking = Array("thinking".utf8)
  private static let item = Array("message".utf8)

  /// Adds a message and the results that were among its parts: after it if a model said it, else before it.
  func finish(_ message: Message, _ results: [Message], listed: [ToolCall], into transcript: inout Transcript) {
    var message = message
    message.calls = unique(listed: listed, inParts: message.calls)
    let isNothing = message.parts.isEmpty && message.calls.isEmpty && !results.isEmpty
    if message.role == .assistant, !isNothing { transcript.add(message) }
    for result in results { transcript.add(result) }
    if message.role != .assistant, !isNothing { transcript.add(message) }
  }

  /// The role a text names.
  func role(_ node: Int, else known: Message.Role) -> Message.Role {
    let text = tape.nodes[node].text
    guard isString(node), !text.isEmpty else { return known }
    let bytes = self.bytes
    if let place = Self.roleTable.find(bytes, text) { return Self.roles[place].1 }
    if text.count < 16 {
      var name: [UInt8] = []
      name.append(bytes, text)
      let lower = name.lowercasedASCII
      if let place = Self.roleTable.find(lower.span, Slice(0, lower.count)) { return Self.roles[place].1 }
    }
    return tape.nodes[node].kind == .text || !tape.nodes[node].flag ? .given(text) : known
  }

  private static let roles: [(String, Message.Role)] = [
    ("user", .user), ("human", .user), ("assistant", .assistant), ("model", .assistant), ("ai", .assistant),
    ("bot", .assistant), ("chatbot", .assistant), ("thinking", .assistant), ("system", .system), ("tool", .tool),
    ("function", .tool), ("function_call_output", .tool), ("tool-call", .assistant), ("tool-response", .tool),
  ]
  private static let roleTable = ByteTable(roles.map(\.0))
}
