import Bytes

/// The messages that nearly all are: a role and one text. They are read in one pass over their members instead of one
/// for each word a message may have, and written without a list of their parts. `writeMessage` would write the same.
extension Mapper {
  /// Members that matter, as the bytes of their names: the first in the lowest byte.
  private enum Word {
    static var role: UInt64 { 0x656c_6f72 }
    static var parts: UInt64 { 0x73_7472_6170 }
    static var content: UInt64 { 0x74_6e65_746e_6f63 }
    static var name: UInt64 { 0x656d_616e }
    static var type: UInt64 { 0x6570_7974 }
    static var text: UInt64 { 0x7478_6574 }
    static var user: UInt64 { 0x7265_7375 }
    static var system: UInt64 { 0x6d65_7473_7973 }
  }

  /// Writes a message and a comma; false, with nothing written, if it is not short.
  func writeShort(_ message: Int, to out: inout ByteBuffer) -> Bool {
    guard tape.nodes[message].kind == .object else { return false }
    let bytes = self.bytes
    var role = -1
    var parts = -1
    var content = -1
    var child = message &+ 1
    for _ in 0..<tape.nodes[message].children {
      let node = tape.nodes[child]
      switch bytes.shortWord(node.key) {
      case Word.role: role = child
      case Word.parts: parts = child
      case Word.content: content = child
      case Word.name where node.kind == .null: break
      default:
        guard node.kind == .null || bytes.equals(node.key, Self.finishReason) else { return false }
      }
      child = Int(node.next)
    }
    let list = parts >= 0 ? parts : content
    guard role >= 0, list >= 0, let text = text(of: list), let name = roleName(role) else { return false }
    out.append("{\"role\":\"")
    out.append(bytes, name)
    out.append("\",\"content\":")
    writeString(text, to: &out)
    out.append("},")
    return true
  }

  /// The roles that go out under their own name; others have to be looked at.
  private func roleName(_ node: Int) -> Slice? {
    guard tape.nodes[node].kind == .string || tape.nodes[node].kind == .text else { return nil }
    let text = tape.nodes[node].text
    let word = bytes.shortWord(text)
    if word == Word.user || word == Word.system { return text }
    return bytes.equals(text, Self.assistant) ? text : nil
  }

  private static let assistant = Array("assistant".utf8)
  private static let finishReason = Array("finish_reason".utf8)

  private static let bracket = Array("[".utf8)

  /// The string that is all of a message: `list` itself, or the text of its one part.
  private func text(of list: Int) -> Int? {
    switch tape.nodes[list].kind {
    // A list in text may be the parts.
    case .string, .text: return bytes.starts(tape.nodes[list].text, with: Self.bracket) ? nil : list
    case .array where tape.nodes[list].children == 1 && tape.nodes[list &+ 1].kind == .object: break
    default: return nil
    }
    let bytes = self.bytes
    var isText = false
    var found = -1
    var child = list &+ 2
    for _ in 0..<tape.nodes[list &+ 1].children {
      let node = tape.nodes[child]
      guard node.kind == .string || node.kind == .text else { return nil }
      switch bytes.shortWord(node.key) {
      case Word.type: isText = bytes.shortWord(node.text) == Word.text
      case Word.text, Word.content:
        if found >= 0 { return nil }
        found = child
      default: return nil
      }
      child = Int(node.next)
    }
    return isText && found >= 0 ? found : nil
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
