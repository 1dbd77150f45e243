import Bytes

/// Words that message shapes use (mapping.md section 5).
enum MessageWords {
  static let role = Array("role".utf8)
  static let type = Array("type".utf8)
  static let content = Array("content".utf8)
  static let message = Array("message".utf8)
  static let parts = Array("parts".utf8)
  static let text = Array("text".utf8)
  static let name = Array("name".utf8)
  static let function = Array("function".utf8)
  static let toolCalls = Array("tool_calls".utf8)
  static let lists = ["messages", "choices", "contents"].map { Array($0.utf8) }
  static let texts = ["content", "text", "thinking", "reasoning"].map { Array($0.utf8) }
  static let callIDs = ["id", "call_id", "tool_call_id", "toolCallId", "toolUseId", "tool_use_id"].map {
    Array($0.utf8)
  }
  static let resultIDs = ["tool_call_id", "call_id", "tool_use_id", "toolCallId", "toolUseId", "id"].map {
    Array($0.utf8)
  }
  static let callNames = ["name", "toolName", "tool_name"].map { Array($0.utf8) }
  static let arguments = ["arguments", "args", "input"].map { Array($0.utf8) }
  static let results = ["response", "result", "content", "output"].map { Array($0.utf8) }
  static let wrapped: [(key: [UInt8], is: PartKind)] = [
    (Array("toolUse".utf8), .call), (Array("functionCall".utf8), .call), (Array("function_call".utf8), .call),
    (Array("toolResult".utf8), .result), (Array("functionResponse".utf8), .result),
    (Array("function_response".utf8), .result),
  ]
  static let model = Array("model".utf8)
  static let ai = Array("ai".utf8)
  static let human = Array("human".utf8)
  static let tool = Array("tool".utf8)
  static let callID = Array("tool_call_id".utf8)
  static let system = Array("system".utf8)
}

/// What a part of a message is.
enum PartKind {
  case text, reasoning, call, result, other
}

/// The one normaliser: whatever shape messages come in, `{role, content, tool_calls?, tool_call_id?, name?}` goes out.
extension Mapper {
  /// Writes a list of messages. `instructions` are put first, as a system message, unless there is one.
  func writeMessages(_ root: Int, instructions: [Int], role: StaticString, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "["))
    let start = out.count
    if instructions.isEmpty, tape.nodes[root].kind == .array {
      // The usual case makes no list of them.
      var child = root &+ 1
      for _ in 0..<tape.nodes[root].children {
        write(message: child, role: role, after: start, to: &out)
        child = Int(tape.nodes[child].next)
      }
      return endMessages(start, to: &out)
    }
    let messages = messages(in: root)
    if !instructions.isEmpty, !messages.contains(where: { isSystem($0) }) {
      writeInstructions(instructions, to: &out)
    }
    for message in messages { write(message: message, role: role, after: start, to: &out) }
    endMessages(start, to: &out)
  }

  private func write(message: Int, role: StaticString, after start: Int, to out: inout ByteBuffer) {
    if out.count > start, !out.endsWith(UInt8(ascii: ",")) { out.append(UInt8(ascii: ",")) }
    if !writeShort(message, to: &out) { writeMessage(message, role: role, to: &out) }
  }

  private func endMessages(_ start: Int, to out: inout ByteBuffer) {
    if out.count > start, out.endsWith(UInt8(ascii: ",")) { out.truncate(to: out.count - 1) }
    out.append(UInt8(ascii: "]"))
  }

  /// A bare text as the one message.
  func writeMessage(text: Slice, role: StaticString, to out: inout ByteBuffer) {
    out.append("[{\"role\":\"")
    out.append(role)
    out.append("\",\"content\":\"")
    appendCut(bytes, text, to: &out)
    out.append("\"}]")
  }

  private func messages(in root: Int) -> [Int] {
    switch tape.nodes[root].kind {
    case .array: return children(of: root)
    case .object:
      for list in MessageWords.lists {
        if let found = member(root, list), tape.nodes[found].kind == .array { return children(of: found) }
      }
      return [root]
    case .null: return []
    default: return [root]
    }
  }

  private func isSystem(_ message: Int) -> Bool {
    guard let role = member(message, MessageWords.role) else { return false }
    return isText(role, MessageWords.system)
  }

  private func isText(_ node: Int, _ text: [UInt8]) -> Bool {
    (tape.nodes[node].kind == .string || tape.nodes[node].kind == .text)
      && bytes.equals(tape.nodes[node].text, text)
  }

  private func writeInstructions(_ nodes: [Int], to out: inout ByteBuffer) {
    out.append("{\"role\":\"system\",\"content\":")
    let parts = nodes.flatMap { tape.nodes[$0].kind == .array ? children(of: $0) : [$0] }
    writeContent(parts: parts.map { (node: $0, kind: PartKind.text) }, to: &out)
    out.append("},")
  }

  private func writeMessage(_ index: Int, role: StaticString, to out: inout ByteBuffer) {
    guard tape.nodes[index].kind == .object else {
      out.append("{\"role\":\"")
      out.append(role)
      out.append("\",\"content\":")
      writeAsText(index, to: &out)
      return out.append("},")
    }
    let hasRole = member(index, MessageWords.role) != nil
    if !hasRole, let inner = member(index, MessageWords.message), tape.nodes[inner].kind == .object {
      return writeMessage(inner, role: role, to: &out)
    }
    let parts = parts(of: index)
    if listedCalls(index).isEmpty, parts.allSatisfy({ $0.kind == .text || $0.kind == .reasoning }) {
      out.append("{\"role\":\"")
      writeRole(index, role: role, to: &out)
      out.append("\",\"content\":")
      writeContent(parts: parts, to: &out)
      writeIdentity(index, to: &out)
      return out.append("},")
    }
    let results = parts.filter { $0.kind == .result }
    let rest = parts.filter { $0.kind != .result }
    let calls = rest.filter { $0.kind == .call }.map(\.node) + listedCalls(index)
    if !rest.isEmpty || !calls.isEmpty || results.isEmpty {
      out.append("{\"role\":\"")
      writeRole(index, role: role, to: &out)
      out.append("\",\"content\":")
      let content = rest.filter { $0.kind != .call }
      if content.isEmpty, !calls.isEmpty { out.append("null") } else { writeContent(parts: content, to: &out) }
      writeCalls(calls, to: &out)
      writeIdentity(index, to: &out)
      out.append("},")
    }
    for result in results { writeResult(result.node, to: &out) }
  }

  private func writeRole(_ index: Int, role: StaticString, to out: inout ByteBuffer) {
    guard let node = member(index, MessageWords.role), !tape.nodes[node].text.isEmpty else { return out.append(role) }
    if isText(node, MessageWords.model) || isText(node, MessageWords.ai) { return out.append("assistant") }
    if isText(node, MessageWords.human) { return out.append("user") }
    if tape.nodes[node].kind == .string || tape.nodes[node].kind == .text {
      writeContent(node, to: &out)
    } else {
      out.append(role)
    }
  }

  /// The parts a message is made of: `parts`, or a list of blocks under `content`, or its one text.
  private func parts(of message: Int) -> [(node: Int, kind: PartKind)] {
    guard let list = member(message, MessageWords.parts) ?? member(message, MessageWords.content) else { return [] }
    switch tape.nodes[list].kind {
    case .array: return children(of: list).map { (self.unwrapped(part: $0), kind: self.partKind($0)) }
    case .null: return []
    case .object: return [(list, partKind(list))]
    default: return [(list, .text)]
    }
  }

  /// Gemini and Bedrock put a part inside an object that names its kind.
  private func unwrapped(part: Int) -> Int {
    if member(part, MessageWords.type) != nil { return part }
    for (key, _) in MessageWords.wrapped {
      if let inner = member(part, key) { return inner }
    }
    return part
  }

  private func partKind(_ part: Int) -> PartKind {
    guard tape.nodes[part].kind == .object else { return .text }
    if let type = member(part, MessageWords.type), !isText(type, MessageWords.text), let text = plainText(type) {
      switch String(decoding: text, as: UTF8.self) {
      case "text", "input_text", "output_text": return .text
      case "reasoning", "thinking": return .reasoning
      case "tool_call", "tool_use", "tool-call", "function_call", "function", "server_tool_call": return .call
      case "tool_call_response", "tool_result", "tool-result", "function_response", "function_call_output",
        "server_tool_call_response":
        return .result
      default: return .other
      }
    }
    if member(part, MessageWords.type) != nil { return .text }
    for (key, kind) in MessageWords.wrapped where member(part, key) != nil { return kind }
    return member(part, MessageWords.text) != nil && tape.nodes[part].children == 1 ? .text : .other
  }

  /// One text is a string; several parts are a list.
  private func writeContent(parts: [(node: Int, kind: PartKind)], to out: inout ByteBuffer) {
    if parts.isEmpty { return out.append("\"\"") }
    if parts.count == 1, parts[0].kind == .text { return writePartText(parts[0].node, to: &out) }
    out.append(UInt8(ascii: "["))
    for (number, part) in parts.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      switch part.kind {
      case .text, .reasoning:
        out.append(part.kind == .text ? "{\"type\":\"text\",\"text\":" : "{\"type\":\"reasoning\",\"text\":")
        writePartText(part.node, to: &out)
        out.append(UInt8(ascii: "}"))
      default: writeMedia(part.node, to: &out)
      }
    }
    out.append(UInt8(ascii: "]"))
  }

  private func writePartText(_ part: Int, to out: inout ByteBuffer) {
    guard tape.nodes[part].kind == .object else { return writeAsText(part, to: &out) }
    guard let text = member(part, anyOf: MessageWords.texts) else { return out.append("\"\"") }
    writeAsText(text, to: &out)
  }

  // MARK: Tool calls

  private func listedCalls(_ message: Int) -> [Int] {
    guard let list = member(message, MessageWords.toolCalls), tape.nodes[list].kind == .array else { return [] }
    return children(of: list).filter { tape.nodes[$0].kind == .object }
  }

  /// `{id, type: "function", function: {name, arguments}}`, with arguments as text: the shape PostHog reads.
  private func writeCalls(_ calls: [Int], to out: inout ByteBuffer) {
    if calls.isEmpty { return }
    out.append(",\"tool_calls\":[")
    for (number, call) in calls.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      let function = member(call, MessageWords.function) ?? call
      out.append("{\"id\":")
      if let id = member(call, anyOf: MessageWords.callIDs) { writeAsText(id, to: &out) } else { out.append("\"\"") }
      out.append(",\"type\":\"function\",\"function\":{\"name\":")
      if let name = member(function, anyOf: MessageWords.callNames) {
        writeAsText(name, to: &out)
      } else {
        out.append("\"\"")
      }
      out.append(",\"arguments\":")
      if let arguments = member(function, anyOf: MessageWords.arguments) {
        writeAsText(arguments, to: &out)
      } else {
        out.append("\"{}\"")
      }
      out.append("}}")
    }
    out.append(UInt8(ascii: "]"))
  }

  private func writeResult(_ result: Int, to out: inout ByteBuffer) {
    out.append("{\"role\":\"tool\"")
    if let id = member(result, anyOf: MessageWords.resultIDs) {
      out.append(",\"tool_call_id\":")
      writeAsText(id, to: &out)
    }
    out.append(",\"content\":")
    if let content = member(result, anyOf: MessageWords.results) {
      writeAsText(content, to: &out)
    } else {
      out.append("\"\"")
    }
    out.append("},")
  }

  /// `tool_call_id` of a tool's message (some put it under `id`), and `name`.
  private func writeIdentity(_ message: Int, to out: inout ByteBuffer) {
    let isTool = member(message, MessageWords.role).map { isText($0, MessageWords.tool) } ?? false
    if let id = isTool ? member(message, anyOf: MessageWords.resultIDs) : member(message, MessageWords.callID) {
      out.append(",\"tool_call_id\":")
      writeAsText(id, to: &out)
    }
    if let name = member(message, MessageWords.name), tape.nodes[name].kind != .null, !tape.nodes[name].text.isEmpty {
      out.append(",\"name\":")
      writeAsText(name, to: &out)
    }
  }
}

extension ByteBuffer {
  func endsWith(_ byte: UInt8) -> Bool {
    withSpan { $0.count > 0 && $0[$0.count - 1] == byte }
  }
}
