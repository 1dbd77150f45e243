import Bytes

/// A JSON value, for looking into what programs wrote.
indirect enum JSON: Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  init(_ text: some StringProtocol) throws {
    let bytes = Array(text.utf8)
    var tape = JSONTape()
    let root = try tape.parse(bytes.span, Slice(0, bytes.count))
    self = JSON(tape, root, bytes)
  }

  /// One value a line.
  static func lines(_ text: String) throws -> [JSON] {
    try text.split(separator: "\n").map { try JSON($0) }
  }

  private init(_ tape: JSONTape, _ index: Int, _ bytes: [UInt8]) {
    let node = tape.nodes[index]
    var children: [(key: String, value: JSON)] = []
    if node.kind == .array || node.kind == .object {
      var child = index + 1
      while child < Int(node.next) {
        children.append((Self.text(bytes, tape.nodes[child].key), JSON(tape, child, bytes)))
        child = Int(tape.nodes[child].next)
      }
    }
    switch node.kind {
    case .null, .text, .int, .double: self = .null
    case .bool: self = .bool(node.flag)
    case .number: self = .number(Double(Self.text(bytes, node.text)) ?? .nan)
    case .string: self = .string(Self.text(bytes, node.text))
    case .array: self = .array(children.map(\.value))
    case .object: self = .object(Dictionary(children.map { ($0.key, $0.value) }) { _, last in last })
    }
  }

  private static func text(_ bytes: [UInt8], _ slice: Slice) -> String {
    var text: [UInt8] = []
    JSONText.unescape(bytes.span, slice, into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// A member; null when there is none.
  subscript(key: String) -> JSON {
    if case .object(let members) = self { members[key] ?? .null } else { .null }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var number: Double? { if case .number(let number) = self { number } else { nil } }

  /// Whether some string in it, however deep, contains `part`.
  func mentions(_ part: String) -> Bool {
    switch self {
    case .string(let text): text.contains(part)
    case .array(let elements): elements.contains { $0.mentions(part) }
    case .object(let members): members.values.contains { $0.mentions(part) }
    default: false
    }
  }
}
