import Bytes

/// The one normaliser: whatever shape messages come in, `{role, content, tool_calls?, tool_call_id?, name?}` goes out.
///
/// `MessageShapes` finds the messages, `MessageReading`, `MessageParts` and `ToolCalls` read them, here they are written.
extension Mapper {
  /// Writes a list of messages. `instructions` are put first, as a system message, unless there is one.
  func writeMessages(_ root: Int, instructions: [Int], role: Message.Role, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "["))
    let start = out.count
    var transcript = Transcript(role: role)
    read(root, into: &transcript)
    if !instructions.isEmpty, !transcript.hasSystem { write(instructions: instructions, to: &out) }
    flush(&transcript, to: &out)
    endMessages(start, to: &out)
  }

  /// Writes what the system is told, with a comma after it.
  func write(instructions: [Int], to out: inout ByteBuffer) {
    var told = Transcript(role: .system)
    addSystem(instructions, to: &told)
    flush(&told, to: &out)
  }

  /// Closes the list of messages that begins at `start`.
  func endMessages(_ start: Int, to out: inout ByteBuffer) {
    if out.count > start { out.truncate(to: out.count - 1) }
    out.append(UInt8(ascii: "]"))
  }

  /// A bare text as the one message.
  func writeMessage(text: Slice, role: Message.Role, to out: inout ByteBuffer) {
    var transcript = Transcript(role: role)
    var message = Message(role: transcript.role)
    var node = JSONNode(kind: .text, text: text)
    node.next = Int32(tape.nodes.count + 1)
    tape.nodes.append(node)
    message.parts = [Message.Part(kind: .text, node: tape.nodes.count - 1)]
    transcript.add(message)
    out.append(UInt8(ascii: "["))
    flush(&transcript, to: &out)
    out.truncate(to: out.count - 1)
    out.append(UInt8(ascii: "]"))
  }

  /// Writes what was read, each with a comma after it.
  func flush(_ transcript: inout Transcript, to out: inout ByteBuffer) {
    for message in transcript.drain() { write(message, to: &out) }
  }

  private func write(_ message: Message, to out: inout ByteBuffer) {
    out.append("{\"role\":\"")
    switch message.role {
    case .user: out.append("user")
    case .assistant: out.append("assistant")
    case .system: out.append("system")
    case .tool: out.append("tool")
    case .given(let name): appendCut(bytes, name, to: &out)
    }
    out.append("\",\"content\":")
    write(message.parts, isCalling: !message.calls.isEmpty, to: &out)
    write(message.calls, to: &out)
    if let id = message.callID {
      out.append(",\"tool_call_id\":")
      writeAsText(id, to: &out)
    }
    if let name = message.name, !tape.nodes[name].text.isEmpty {
      out.append(",\"name\":")
      writeAsText(name, to: &out)
    }
    out.append("},")
  }

  /// One text is a string; several parts are a list.
  private func write(_ parts: [Message.Part], isCalling: Bool, to out: inout ByteBuffer) {
    if parts.isEmpty { return out.append(isCalling ? "null" : "\"\"") }
    if parts.count == 1, parts[0].kind == .text { return writeAsText(parts[0].node, to: &out) }
    out.append(UInt8(ascii: "["))
    for (number, part) in parts.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      switch part.kind {
      case .text, .reasoning:
        out.append(part.kind == .text ? "{\"type\":\"text\",\"text\":" : "{\"type\":\"reasoning\",\"text\":")
        writeAsText(part.node, to: &out)
        out.append(UInt8(ascii: "}"))
      case .media: writeMediaPart(part.node, to: &out)
      case .other: writeMedia(part.node, to: &out)
      }
    }
    out.append(UInt8(ascii: "]"))
  }

  /// `{id, type: "function", function: {name, arguments}}`, with arguments as text: the shape PostHog reads.
  private func write(_ calls: [ToolCall], to out: inout ByteBuffer) {
    if calls.isEmpty { return }
    out.append(",\"tool_calls\":[")
    for (number, call) in calls.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      out.append("{\"id\":")
      writeText(call.id, else: "\"\"", to: &out)
      out.append(",\"type\":\"function\",\"function\":{\"name\":")
      writeText(call.name, else: "\"\"", to: &out)
      out.append(",\"arguments\":")
      writeText(call.arguments, else: "\"{}\"", to: &out)
      out.append("}}")
    }
    out.append(UInt8(ascii: "]"))
  }

  private func writeText(_ node: Int?, else known: StaticString, to out: inout ByteBuffer) {
    guard let node, !isString(node) || !tape.nodes[node].text.isEmpty else { return out.append(known) }
    writeAsText(node, to: &out)
  }
}
