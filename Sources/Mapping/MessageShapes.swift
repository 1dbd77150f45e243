import Bytes

/// Finding the messages in whatever they came in: lists, requests, answers, events, serialised objects of frameworks.
extension Mapper {
  /// Reads a node as messages.
  func read(_ node: Int, into transcript: inout Transcript, depth: Int = 0) {
    guard depth < Transcript.depthMax else { return addText(node, to: &transcript) }
    switch tape.nodes[node].kind {
    case .null: break
    case .array: read(list: node, into: &transcript, depth: depth)
    case .object: read(object: node, into: &transcript, depth: depth)
    case .string, .text:
      if let list = blocks(in: node) {
        read(list: list, into: &transcript, depth: depth + 1)
      } else {
        addText(node, to: &transcript)
      }
    default: addText(node, to: &transcript)
    }
  }

  private func addText(_ node: Int, to transcript: inout Transcript) {
    var message = Message(role: transcript.role)
    message.parts.append(Message.Part(kind: .text, node: node))
    transcript.add(message)
  }

  private func read(list: Int, into transcript: inout Transcript, depth: Int) {
    let children = children(of: list)
    if let first = children.first, members(of: first)[.eventName] != nil {
      return read(events: children, into: &transcript)
    }
    for child in children { read(child, into: &transcript, depth: depth + 1) }
  }

  private func read(object: Int, into transcript: inout Transcript, depth: Int) {
    let members = members(of: object)
    if members[.lc] != nil, let inner = members[.kwargs], isObject(inner) {
      return readLangChain(object, inner, into: &transcript, depth: depth)
    }
    if let role = members[.role], isString(role) {
      return read(message: members, role: self.role(role, else: transcript.role), into: &transcript)
    }
    if let inner = members[.message] ?? members[.delta] {
      return read(wrapped: inner, members, into: &transcript, depth: depth)
    }
    if let type = members[.type], let role = langChainRole(type) {
      if let inner = members[.data], isObject(inner) {
        return read(message: self.members(of: inner), role: role, into: &transcript)
      }
      if members[.content] != nil { return read(message: members, role: role, into: &transcript) }
    }
    if let parts = members[.parts], isArray(parts) {
      if let type = members[.type], isText(type, Self.request) || isText(type, Self.answer) {
        return read(rolesInParts: parts, into: &transcript)
      }
      return read(message: members, role: transcript.role, into: &transcript)
    }
    let shape = shape(of: object, members)
    if shape == nil || shape == .unknown, let list = Self.lists.lazy.compactMap({ members[$0] }).first {
      readSystem(members, into: &transcript)
      return read(list, into: &transcript, depth: depth + 1)
    }
    if let shape { return read(loose: object, members, shape, into: &transcript) }
    read(untyped: object, members, into: &transcript, depth: depth)
  }

  /// What has neither role nor type: something with messages inside, or a message of few words.
  private func read(untyped object: Int, _ members: Members, into transcript: inout Transcript, depth: Int) {
    if let content = members[.content] {
      if isObject(content) { return read(content, into: &transcript, depth: depth + 1) }
      return read(message: members, role: transcript.role, into: &transcript)
    }
    let isReasoned = members[.reasoning] != nil && members[.text].map { isString($0) } == true
    if members[.toolCalls] != nil || members[.wrappedCall] != nil || isReasoned {
      return read(message: members, role: .assistant, into: &transcript)
    }
    if let call = looseCall(object, members) { return transcript.add(loose: call) }
    for word in Self.wrappings {
      guard let inner = members[word], !isEmptyText(inner) else { continue }
      readSystem(members, into: &transcript)
      return read(inner, into: &transcript, depth: depth + 1)
    }
    addText(object, to: &transcript)
  }

  private static let lists: [Word] = [.messages, .choices, .contents, .candidates, .generations, .replies, .items]
  private static let wrappings: [Word] = [.output, .outputs, .update, .input, .inputs, .prompt, .completion, .response]

  private func isEmptyText(_ node: Int) -> Bool { isString(node) && tape.nodes[node].text.isEmpty }

  /// A call that says of itself only its name and its id (LiveKit, Vercel's AI SDK).
  private func looseCall(_ node: Int, _ members: Members) -> Message? {
    guard members[.callID] != nil, members[.name] != nil, members[.arguments] ?? members[.input] != nil else {
      return nil
    }
    var message = Message(role: .assistant)
    message.calls = [call(node, members)]
    return message
  }

  /// A request says what the system is told beside its messages. Answers repeat it.
  private func readSystem(_ members: Members, into transcript: inout Transcript) {
    guard transcript.role == .user, let system = members[.system] else { return }
    addSystem([system], to: &transcript)
  }

  func addSystem(_ instructions: [Int], to transcript: inout Transcript) {
    var message = Message(role: .system)
    var results: [Message] = []
    for node in instructions {
      readContent(self.members(of: node)[.parts] ?? node, into: &message, &results)
    }
    if !message.parts.isEmpty { transcript.add(message) }
  }

  /// `message` of a choice, an event or a gathered family; Strands gives its parts as JSON text.
  private func read(wrapped inner: Int, _ members: Members, into transcript: inout Transcript, depth: Int) {
    if isString(inner) || isArray(inner) {
      var message = Message(role: transcript.role)
      var results: [Message] = []
      readContent(inner, into: &message, &results)
      if let more = members[.resultOfEvent] { readContent(more, into: &message, &results) }
      finish(message, results, listed: [], into: &transcript)
    } else {
      read(inner, into: &transcript, depth: depth + 1)
    }
  }

  /// A part that stands in a list by itself, as those of OpenAI's Responses do.
  private func read(loose part: Int, _ members: Members, _ shape: PartShape, into transcript: inout Transcript) {
    if shape == .noise { return }
    let isModels = shape == .call || shape == .reasoning
    var message = Message(role: isModels ? .assistant : transcript.role)
    var results: [Message] = []
    read(part: part, members, shape, into: &message, &results)
    if !message.parts.isEmpty || !message.calls.isEmpty { transcript.add(loose: message) }
    for result in results { transcript.add(result) }
  }

  // MARK: Events

  /// Lists of events (pydantic-ai): those of an answer are no input, and an answer's text and calls are two events.
  private func read(events: [Int], into transcript: inout Transcript) {
    let isChoice = events.map { event in
      members(of: event)[.eventName].map { isText($0, Self.choice) } == true
    }
    let wantsChoices = transcript.role == .assistant
    let hasWanted = isChoice.contains(wantsChoices)
    var last: Int?
    for (event, isChoice) in zip(events, isChoice) where !hasWanted || isChoice == wantsChoices {
      let members = members(of: event)
      let before = transcript.messages.count
      read(event, into: &transcript)
      let isOne = transcript.messages.count == before + 1
      if isOne, before > 0, transcript.messages[before].role == .assistant, let index = members[.eventIndex],
        let last, same(index, last), transcript.messages[before - 1].role == .assistant
      {
        transcript.join(transcript.messages.removeLast())
      }
      last = members[.eventIndex]
    }
  }

  private static let choice = Array("gen_ai.choice".utf8)

  private func same(_ one: Int, _ other: Int) -> Bool {
    let (one, other) = (tape.nodes[one], tape.nodes[other])
    guard one.kind == other.kind else { return false }
    if one.kind == .int { return one.bits == other.bits }
    return bytes.equals(one.text, bytes, other.text)
  }

  private static let request = Array("request".utf8)
  private static let answer = Array("response".utf8)

  /// A request or response of pydantic-ai: each part says whose it is.
  private func read(rolesInParts parts: Int, into transcript: inout Transcript) {
    for part in children(of: parts) {
      let members = members(of: part)
      let shape = shape(of: part, members)
      var message = Message(role: .assistant)
      if shape == .userPrompt || shape == .retry { message.role = .user }
      if shape == .systemPrompt { message.role = .system }
      var results: [Message] = []
      read(part: part, members, shape, into: &message, &results)
      if !message.parts.isEmpty || !message.calls.isEmpty {
        if message.role == .assistant { transcript.add(loose: message) } else { transcript.add(message) }
      }
      for result in results { transcript.add(result) }
    }
    transcript.isOpen = false
  }

  // MARK: LangChain

  private func readLangChain(_ object: Int, _ inner: Int, into transcript: inout Transcript, depth: Int) {
    let members = self.members(of: inner)
    var role = members[.type].flatMap { langChainRole($0) }
    if role == nil, let path = member(object, Self.path), let name = children(of: path).last {
      role = langChainRole(name)
    }
    if let role {
      return read(message: members, role: members[.role].map { self.role($0, else: role) } ?? role, into: &transcript)
    }
    read(inner, into: &transcript, depth: depth + 1)
  }

  private static let path = Array("id".utf8)

  private static let langChainRoles: [(String, Message.Role)] = [
    ("human", .user), ("ai", .assistant), ("system", .system), ("tool", .tool), ("function", .tool), ("chat", .user),
    ("HumanMessage", .user), ("AIMessage", .assistant), ("SystemMessage", .system), ("ToolMessage", .tool),
    ("FunctionMessage", .tool), ("ChatMessage", .user), ("HumanMessageChunk", .user), ("AIMessageChunk", .assistant),
    ("SystemMessageChunk", .system), ("ToolMessageChunk", .tool),
  ]
  private static let langChainTable = ByteTable(langChainRoles.map(\.0))

  private func langChainRole(_ node: Int) -> Message.Role? {
    guard isString(node) else { return nil }
    return Self.langChainTable.find(bytes, tape.nodes[node].text).map { Self.langChainRoles[$0].1 }
  }
}
