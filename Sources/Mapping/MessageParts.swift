import Bytes

/// What a part of a message is, by the type it names or by the one member that wraps it.
enum PartShape {
  case text, reasoning, call, result, media
  /// Parts that carry the role of their message (pydantic-ai).
  case userPrompt, systemPrompt, retry
  /// Notes of a framework to itself.
  case noise
  /// A type nobody knows: kept as it stands.
  case unknown

  static let ofTypes: [(String, PartShape)] = [
    ("text", .text), ("input_text", .text), ("output_text", .text), ("summary_text", .text),
    ("reasoning", .reasoning), ("thinking", .reasoning), ("reasoning_text", .reasoning),
    ("tool_call", .call), ("tool-call", .call), ("tool_use", .call), ("function_call", .call), ("function", .call),
    ("server_tool_call", .call), ("server_tool_use", .call),
    ("tool_call_response", .result), ("tool_result", .result), ("tool-result", .result), ("tool-return", .result),
    ("function_response", .result), ("function_call_output", .result), ("server_tool_call_response", .result),
    ("image", .media), ("image_url", .media), ("image-url", .media), ("input_image", .media), ("blob", .media),
    ("binary", .media), ("uri", .media), ("file", .media), ("input_file", .media), ("media", .media),
    ("audio", .media), ("audio-url", .media), ("input_audio", .media), ("document", .media),
    ("document-url", .media), ("video", .media), ("video-url", .media),
    ("user-prompt", .userPrompt), ("system-prompt", .systemPrompt), ("retry-prompt", .retry),
    ("cache_breakpoint", .noise), ("agent_config_update", .noise), ("agent_handoff", .noise),
  ]

  fileprivate static let table = ByteTable(ofTypes.map(\.0))

  /// Provider tools have a type for each: `web_search_call`, `bash_code_execution_tool_result`.
  fileprivate static let endings: [(ending: [UInt8], is: PartShape)] = [
    (Array("_call_output".utf8), .result), (Array("tool_result".utf8), .result), (Array("_call".utf8), .call),
    (Array("_tool_use".utf8), .call),
  ]
}

extension Mapper {
  /// What a node is as a part; nil if it is none.
  func shape(of part: Int, _ members: Members) -> PartShape? {
    guard isObject(part) else { return nil }
    if let type = members[.type], isString(type) {
      let shape = shape(ofType: tape.nodes[type].text)
      // `{type: "function"}` without arguments defines a tool.
      let isDefinition = shape == .call && members[.function] != nil && members[.id] ?? members[.callID] == nil
      if isDefinition { return .unknown }
      if shape != .unknown { return shape }
    }
    if members[.wrappedCall].map({ isObject($0) }) == true { return .call }
    if members[.wrappedResult].map({ isObject($0) }) == true { return .result }
    if let inner = members[.messageContent], isObject(inner) { return shape(of: inner, self.members(of: inner)) }
    if members[.type] != nil { return .unknown }
    if let reasoning = members[.reasoning], self.members(of: reasoning)[.reasoningText] != nil { return .reasoning }
    for word in [Word.inline, .fileData, .image] {
      if let media = members[word], isObject(media) { return .media }
    }
    guard let text = members[.text], isString(text), members[.toolCalls] == nil, members[.reasoning] == nil else {
      return nil
    }
    // Nothing but a text, or a text beside what models say about it.
    let isAlone = tape.nodes[part].children == 1 || members[.thought] != nil || members[.index] != nil
    guard isAlone || members[.finishReason] != nil else { return nil }
    return members[.thought].map { tape.nodes[$0].flag } == true ? .reasoning : .text
  }

  private func shape(ofType type: Slice) -> PartShape {
    let bytes = self.bytes
    if let place = PartShape.table.find(bytes, type) { return PartShape.ofTypes[place].1 }
    for (ending, shape) in PartShape.endings where Int(type.count) >= ending.count {
      if bytes.equals(Slice(type.end - ending.count, type.end), ending) { return shape }
    }
    return .unknown
  }

  /// Reads a part into the message it belongs to. Results of tools are messages of their own.
  func read(
    part: Int, _ members: Members, _ shape: PartShape?, depth: Int = 0, into message: inout Message,
    _ results: inout [Message]
  ) {
    switch shape {
    case .text: readText(part, members, into: &message)
    case .reasoning: readReasoning(part, depth: 0, into: &message)
    case .call: readCall(part, members, into: &message, &results)
    case .result: results.append(result(part, members))
    case .retry where members[.name] != nil: results.append(result(part, members))
    case .userPrompt, .systemPrompt, .retry:
      if let content = members[.content] { readContent(content, depth: depth + 1, into: &message, &results) }
    case .media: message.parts.append(Message.Part(kind: .media, node: part))
    case .noise: break
    case .unknown: message.parts.append(Message.Part(kind: .other, node: part))
    case nil:
      let kind: Message.Part.Kind = isObject(part) || isArray(part) ? .other : .text
      if tape.nodes[part].kind != .null { message.parts.append(Message.Part(kind: kind, node: part)) }
    }
  }

  private func readText(_ part: Int, _ members: Members, into message: inout Message) {
    if let inner = members[.messageContent] { return readText(inner, self.members(of: inner), into: &message) }
    guard let text = members[.text] ?? members[.content] else { return }
    let value = isObject(text) ? self.members(of: text)[.value] ?? text : text
    message.parts.append(Message.Part(kind: .text, node: value))
  }

  private static var reasoningDepthMax: Int { 6 }

  /// Reads reasoning: a text, a list of them (also as JSON text), or an object around either.
  func readReasoning(_ node: Int, depth: Int, into message: inout Message) {
    guard depth < Self.reasoningDepthMax else { return }
    switch tape.nodes[node].kind {
    case .array:
      for child in children(of: node) { readReasoning(child, depth: depth + 1, into: &message) }
    case .object:
      let members = members(of: node)
      let sources: [Word] = [
        .messageContent, .thinking, .reasoning, .reasoningText, .text, .content, .summary,
      ]
      for word in sources {
        guard let inner = members[word], !isEmpty(inner) else { continue }
        return readReasoning(inner, depth: depth + 1, into: &message)
      }
    case .string, .text:
      guard !tape.nodes[node].text.isEmpty else { return }
      if let list = list(in: node), children(of: list).allSatisfy({ isObject($0) }) {
        return readReasoning(list, depth: depth + 1, into: &message)
      }
      message.parts.append(Message.Part(kind: .reasoning, node: node))
    default: break
    }
  }

  private func isEmpty(_ node: Int) -> Bool {
    let value = tape.nodes[node]
    return isString(node) ? value.text.isEmpty : value.children == 0 && (value.kind == .array || value.kind == .object)
  }

  /// The list that a text holds as JSON.
  func list(in text: Int) -> Int? {
    let slice = tape.nodes[text].text
    guard isString(text), slice.count > 2, bytes[slice.start] == UInt8(ascii: "["),
      let list = node(.node(text), attribute: -1), isArray(list), tape.nodes[list].children > 0
    else { return nil }
    return list
  }

  /// Reads what a message says: a text, a part or a list of them, any of it as JSON text too.
  func readContent(_ content: Int, depth: Int = 0, into message: inout Message, _ results: inout [Message]) {
    switch tape.nodes[content].kind {
    case .null: break
    case .array where depth < Self.contentDepthMax: readParts(content, depth: depth, into: &message, &results)
    case .object where depth < Self.contentDepthMax:
      let members = members(of: content)
      if let shape = shape(of: content, members), shape != .unknown {
        read(part: content, members, shape, depth: depth, into: &message, &results)
      } else {
        // A structure that a tool returned, as it stands.
        message.parts.append(Message.Part(kind: .text, node: content))
      }
    default:
      if depth < Self.contentDepthMax, let blocks = blocks(in: content) {
        readParts(blocks, depth: depth, into: &message, &results)
      } else {
        message.parts.append(Message.Part(kind: .text, node: content))
      }
    }
  }

  /// Content inside content inside content is an attack on the stack.
  private static var contentDepthMax: Int { 3 }

  private func readParts(_ list: Int, depth: Int, into message: inout Message, _ results: inout [Message]) {
    for part in children(of: list) {
      let members = members(of: part)
      read(part: part, members, shape(of: part, members), depth: depth, into: &message, &results)
    }
  }

  /// The parts that a text holds as JSON; nil unless every one of them is known, since people write JSON too.
  func blocks(in text: Int) -> Int? {
    guard let list = list(in: text) else { return nil }
    for part in children(of: list) {
      guard let shape = shape(of: part, members(of: part)), shape != .unknown else { return nil }
    }
    return list
  }
}
