import Bytes

/// What the members of a message mean, whatever they are called (mapping.md section 5).
enum Word: Int, CaseIterable {
  // A message.
  case role, type, name, content, contents, parts, message, delta, text, refusal, audio, finishReason, index
  // Reasoning.
  case reasoning, reasoningText, thinking, thought, summary
  // Calls and their results.
  case toolCalls, invalidToolCalls, wrappedCall, wrappedResult, function, callID, id, arguments, serverCall, action
  case result, response, serverResult, resultOfEvent, origin, value
  // What messages lie in.
  case messages, choices, candidates, generations, replies, items, prompt, completion, input, inputs, output, outputs
  case update, system, eventName, eventIndex
  // Wrapping of frameworks.
  case lc, kwargs, data, additional, messageContent
  // Images, audio and files.
  case url, imageURL, image, source, inline, fileData, file, filename, mediaType, format, modality, binary, inputAudio

  /// The names under which each is known. Where an object has several, the one listed first counts.
  static let spellings: [(String, Word)] = [
    ("role", .role), ("_role", .role), ("type", .type), ("kind", .type), ("part_kind", .type),
    ("name", .name), ("_name", .name), ("tool_name", .name), ("toolName", .name),
    ("content", .content), ("_content", .content), ("contents", .contents), ("parts", .parts),
    ("message", .message), ("delta", .delta), ("text", .text), ("refusal", .refusal), ("audio", .audio),
    ("finish_reason", .finishReason), ("finishReason", .finishReason), ("index", .index),
    ("reasoning_content", .reasoning), ("reasoningContent", .reasoning), ("reasoning", .reasoning),
    ("reasoningText", .reasoningText), ("reasoning_text", .reasoningText), ("thinking", .thinking),
    ("thought", .thought), ("summary", .summary),
    ("tool_calls", .toolCalls), ("toolCalls", .toolCalls), ("invalid_tool_calls", .invalidToolCalls),
    ("toolUse", .wrappedCall), ("functionCall", .wrappedCall), ("function_call", .wrappedCall),
    ("tool_call", .wrappedCall), ("toolRequest", .wrappedCall), ("toolResponse", .wrappedResult),
    ("toolResult", .wrappedResult), ("functionResponse", .wrappedResult),
    ("function_response", .wrappedResult), ("tool_call_result", .wrappedResult), ("function", .function),
    ("call_id", .callID), ("tool_call_id", .callID), ("toolCallId", .callID), ("tool_use_id", .callID),
    ("toolUseId", .callID), ("ref", .callID), ("id", .id), ("arguments", .arguments), ("args", .arguments),
    ("server_tool_call", .serverCall), ("action", .action), ("queries", .action), ("code", .action),
    ("result", .result), ("response", .response), ("server_tool_call_response", .serverResult),
    ("tool.result", .resultOfEvent), ("origin", .origin), ("value", .value),
    ("messages", .messages), ("choices", .choices), ("candidates", .candidates), ("generations", .generations),
    ("replies", .replies), ("items", .items), ("prompt", .prompt), ("completion", .completion), ("input", .input),
    ("inputs", .inputs), ("output", .output), ("outputs", .outputs), ("update", .update),
    ("system", .system), ("system_instruction", .system), ("systemInstruction", .system), ("instructions", .system),
    ("event.name", .eventName), ("gen_ai.message.index", .eventIndex),
    ("lc", .lc), ("kwargs", .kwargs), ("data", .data), ("additional_kwargs", .additional),
    ("message_content", .messageContent),
    ("url", .url), ("uri", .url), ("fileUri", .url), ("file_uri", .url), ("image_url", .imageURL), ("image", .image),
    ("source", .source), ("inlineData", .inline), ("inline_data", .inline), ("media", .inline), ("fileData", .fileData),
    ("file_data", .fileData), ("file", .file), ("filename", .filename), ("file_name", .filename),
    ("mime_type", .mediaType), ("media_type", .mediaType), ("mimeType", .mediaType), ("mediaType", .mediaType),
    ("contentType", .mediaType),
    ("format", .format), ("modality", .modality), ("binary_content", .binary), ("base64_image", .binary),
    ("bytes", .binary), ("input_audio", .inputAudio),
  ]

  fileprivate static let table = ByteTable(spellings.map(\.0))
}

/// Where the words of one object stand. Members that are null are left out.
struct Members {
  /// Room for every word; `InlineArray` wants the number itself.
  static let wordsMax = 80

  private var nodes = InlineArray<80, Int32>(repeating: 0)
  private var ranks = InlineArray<80, UInt8>(repeating: .max)

  subscript(word: Word) -> Int? {
    let node = nodes[word.rawValue]
    return node == 0 ? nil : Int(node)
  }

  fileprivate mutating func note(_ node: Int, spelling: Int) {
    let word = Word.spellings[spelling].1.rawValue
    guard spelling <= Int(ranks[word]) else { return }
    nodes[word] = Int32(truncatingIfNeeded: node)
    ranks[word] = UInt8(spelling)
  }
}

/// A fixed list of texts to find one in.
struct ByteTable: Sendable {
  private var keys = KeyTable()

  init(_ texts: [String]) {
    for text in texts { _ = keys.intern(text) }
  }

  /// Its place in the list.
  func find(_ bytes: ByteSpan, _ text: Slice) -> Int? { keys.find(bytes, text) }
}

extension Mapper {
  /// Reads the members of an object in one pass; none of anything else.
  func members(of object: Int) -> Members {
    var found = Members()
    guard tape.nodes[object].kind == .object else { return found }
    let bytes = self.bytes
    var child = object &+ 1
    for _ in 0..<tape.nodes[object].children {
      let node = tape.nodes[child]
      if node.kind != .null, let spelling = Word.table.find(bytes, node.key) { found.note(child, spelling: spelling) }
      child = Int(node.next)
    }
    return found
  }

  func isString(_ node: Int) -> Bool { tape.nodes[node].kind == .string || tape.nodes[node].kind == .text }

  func isObject(_ node: Int) -> Bool { tape.nodes[node].kind == .object }

  func isArray(_ node: Int) -> Bool { tape.nodes[node].kind == .array }

  /// Whether a node is exactly that text.
  func isText(_ node: Int, _ text: [UInt8]) -> Bool { isString(node) && bytes.equals(tape.nodes[node].text, text) }

  /// A node of the tape for text that was computed.
  func textNode(_ text: [UInt8]) -> Int {
    var node = JSONNode(kind: .text, text: constant(text))
    node.next = Int32(tape.nodes.count + 1)
    tape.nodes.append(node)
    return tape.nodes.count - 1
  }
}
