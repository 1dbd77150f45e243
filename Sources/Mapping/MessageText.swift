import Bytes

/// Messages that stand as JSON text in one value, written while they are read: nearly all are a role and one text, which
/// need no nodes. A message that is anything else is brought onto the tape alone, and what it becomes is the same as if
/// the whole text had been.
extension Mapper {
  /// Writes a list of messages, `instructions` first as a system message unless there is one. False, with nothing
  /// written, if the text is no JSON list.
  func writeMessages(text: Slice, instructions: [Int], role: Message.Role, to out: inout ByteBuffer) -> Bool {
    let start = out.count
    var outcome = readMessages(text, instructions, role, &out)
    if outcome == .hasSystem {
      out.truncate(to: start)
      outcome = readMessages(text, [], role, &out)
    }
    if outcome == .written { return true }
    out.truncate(to: start)
    return false
  }

  private enum Outcome {
    case written, hasSystem, noList
  }

  private func readMessages(
    _ text: Slice, _ instructions: [Int], _ role: Message.Role, _ out: inout ByteBuffer
  ) -> Outcome {
    let bytes = self.bytes
    var scanner = JSONScanner(text)
    guard scanner.peek(bytes) == UInt8(ascii: "[") else { return .noList }
    scanner.offset &+= 1
    out.append(UInt8(ascii: "["))
    let start = out.count
    if !instructions.isEmpty { write(instructions: instructions, to: &out) }
    let first = out.count
    var transcript = Transcript(role: role)
    var isOpen = scanner.peek(bytes) != UInt8(ascii: "]")
    if !isOpen { scanner.offset &+= 1 }
    while isOpen {
      if !transcript.isGrowing, !transcript.messages.isEmpty {
        if !instructions.isEmpty, transcript.hasSystem { return .hasSystem }
        flush(&transcript, to: &out)
      }
      let message = scanner
      if !transcript.isGrowing, let short = (try? readShort(bytes, &scanner)) ?? nil {
        if !instructions.isEmpty, short.role == .system { return .hasSystem }
        write(short, to: &out)
      } else {
        scanner = message
        guard let node = try? tape.parse(bytes, &scanner, depth: 1) else { return .noList }
        // A list of events is read as a whole.
        if out.count == first, transcript.messages.isEmpty, members(of: node)[.eventName] != nil { return .noList }
        read(node, into: &transcript)
      }
      guard let next = scanner.peek(bytes) else { return .noList }
      scanner.offset &+= 1
      if next == UInt8(ascii: "]") { isOpen = false } else if next != UInt8(ascii: ",") { return .noList }
    }
    guard scanner.peek(bytes) == nil else { return .noList }
    if !instructions.isEmpty, transcript.hasSystem { return .hasSystem }
    flush(&transcript, to: &out)
    endMessages(start, to: &out)
    return .written
  }

  private func write(_ message: ShortMessage, to out: inout ByteBuffer) {
    switch message.role {
    case .user: out.append("{\"role\":\"user\",\"content\":\"")
    case .assistant: out.append("{\"role\":\"assistant\",\"content\":\"")
    case .system: out.append("{\"role\":\"system\",\"content\":\"")
    }
    out.appendJSONRaw(bytes, message.text.slice, hasUnicodeEscapes: message.text.hasUnicodeEscapes)
    out.append("\"},")
  }

  // MARK: Reading

  /// A role and one text.
  private struct ShortMessage {
    /// The roles that go out under their own name; others have to be looked at.
    enum Role {
      case user, assistant, system
    }

    var role: Role
    var text: JSONString
  }

  /// Members that matter, as the bytes of their names: the first in the lowest byte.
  private enum ShortWord {
    static var role: UInt64 { 0x656c_6f72 }
    static var parts: UInt64 { 0x73_7472_6170 }
    static var content: UInt64 { 0x74_6e65_746e_6f63 }
    static var type: UInt64 { 0x6570_7974 }
    static var text: UInt64 { 0x7478_6574 }
    static var user: UInt64 { 0x7265_7375 }
    static var system: UInt64 { 0x6d65_7473_7973 }
  }

  /// The message at the scanner; nil, or an error, if it is not short. The scanner may then stand anywhere.
  private func readShort(_ bytes: ByteSpan, _ scanner: inout JSONScanner) throws(JSONError) -> ShortMessage? {
    var role: Slice?
    var parts: JSONString?
    var content: JSONString?
    try scanner.expect(UInt8(ascii: "{"), bytes)
    repeat {
      guard let name = try readName(bytes, &scanner) else { return nil }
      switch bytes.shortWord(name) {
      case ShortWord.role:
        guard let text = try readString(bytes, &scanner) else { return nil }
        role = text.slice
      case ShortWord.parts:
        guard let text = try readOneText(bytes, &scanner) else { return nil }
        parts = text
      case ShortWord.content:
        guard let text = try readOneText(bytes, &scanner) else { return nil }
        content = text
      default:
        // Whatever else a message may have counts only if it is not null.
        let isNull = scanner.peek(bytes) == UInt8(ascii: "n")
        guard isNull || bytes.equals(name, Self.finishReason), try skipScalar(bytes, &scanner) else { return nil }
      }
    } while try readsOn(bytes, &scanner, close: UInt8(ascii: "}"))
    guard let role, let text = parts ?? content, Int(text.slice.count) <= stringBytesMax else { return nil }
    switch bytes.shortWord(role) {
    case ShortWord.user: return ShortMessage(role: .user, text: text)
    case ShortWord.system: return ShortMessage(role: .system, text: text)
    default: return bytes.equals(role, Self.assistant) ? ShortMessage(role: .assistant, text: text) : nil
    }
  }

  private static let assistant = Array("assistant".utf8)
  private static let finishReason = Array("finish_reason".utf8)

  /// The string that is all of a message: the value itself, or the text of its one part.
  private func readOneText(_ bytes: ByteSpan, _ scanner: inout JSONScanner) throws(JSONError) -> JSONString? {
    guard scanner.peek(bytes) == UInt8(ascii: "[") else {
      let text = try readString(bytes, &scanner)
      // A list in text may be the parts.
      if let text, !text.slice.isEmpty, bytes[text.slice.start] == UInt8(ascii: "[") { return nil }
      return text
    }
    scanner.offset &+= 1
    try scanner.expect(UInt8(ascii: "{"), bytes)
    var isText = false
    var found: JSONString?
    repeat {
      guard let name = try readName(bytes, &scanner), let text = try readString(bytes, &scanner) else { return nil }
      switch bytes.shortWord(name) {
      case ShortWord.type: isText = bytes.shortWord(text.slice) == ShortWord.text
      case ShortWord.text, ShortWord.content:
        if found != nil { return nil }
        found = text
      default: return nil
      }
    } while try readsOn(bytes, &scanner, close: UInt8(ascii: "}"))
    try scanner.expect(UInt8(ascii: "]"), bytes)
    return isText ? found : nil
  }

  /// The name of a member and the colon behind it.
  @inline(__always) private func readName(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner
  ) throws(JSONError) -> Slice? {
    guard let name = try readString(bytes, &scanner) else { return nil }
    try scanner.expect(UInt8(ascii: ":"), bytes)
    return name.slice
  }

  @inline(__always) private func readString(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner
  ) throws(JSONError) -> JSONString? {
    guard scanner.peek(bytes) == UInt8(ascii: "\"") else { return nil }
    return try scanner.string(bytes)
  }

  /// Whether another member follows; nothing but a comma or `close` may.
  @inline(__always) private func readsOn(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, close: UInt8
  ) throws(JSONError) -> Bool {
    if scanner.peek(bytes) == UInt8(ascii: ",") {
      scanner.offset &+= 1
      return true
    }
    try scanner.expect(close, bytes)
    return false
  }

  /// Passes over a value that has nothing in it; false for lists and objects.
  private func skipScalar(_ bytes: ByteSpan, _ scanner: inout JSONScanner) throws(JSONError) -> Bool {
    switch scanner.peek(bytes) {
    case UInt8(ascii: "\""): _ = try scanner.string(bytes)
    case UInt8(ascii: "t"): try scanner.literal("true", bytes)
    case UInt8(ascii: "f"): try scanner.literal("false", bytes)
    case UInt8(ascii: "n"): try scanner.literal("null", bytes)
    case UInt8(ascii: "-"), (0x30...0x39)?: _ = try scanner.number(bytes)
    default: return false
    }
    return true
  }
}

extension ByteSpan {
  /// Up to eight bytes as a number, the first in the lowest byte; 0 for longer slices and empty ones.
  fileprivate func shortWord(_ slice: Slice) -> UInt64 {
    guard slice.count <= 8, !slice.isEmpty else { return 0 }
    if slice.start &+ 8 <= count { return word(at: slice.start) & ~0 &>> (64 &- UInt64(slice.count) &* 8) }
    var word: UInt64 = 0
    for index in slice.range.reversed() { word = word &<< 8 | UInt64(self[index]) }
    return word
  }
}
