/// YAML as it stands in a file: text, lists and maps, each with its position.
package struct YAMLNode {
  package indirect enum Content {
    case scalar(String, isQuoted: Bool)
    case list([YAMLNode])
    /// In the order of the file; no key twice.
    case map([YAMLEntry])
  }

  package var content: Content
  package var position: Position

  /// What it is, for a sentence.
  package var kindName: String {
    switch content {
    case .scalar: isNull ? "empty" : "text"
    case .list: "a list"
    case .map: "a map"
    }
  }

  /// Nothing, `~` or `null`.
  package var isNull: Bool {
    if case .scalar(let text, isQuoted: false) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
    return false
  }

  /// The word `none`, not quoted: nothing, in place of what others say.
  var isNone: Bool {
    if case .scalar("none", isQuoted: false) = content { return true }
    return false
  }

  /// How many entries a map has.
  var entryCount: Int {
    if case .map(let entries) = content { return entries.count }
    return 0
  }

  /// The elements of a list, or what is no list as the only one.
  package var oneOrMany: [YAMLNode] {
    if case .list(let elements) = content { return elements }
    return [self]
  }

  /// The scalar as YAML 1.2's core schema has it, where quoted is always text and `yes` and `off` are; nil for lists,
  /// maps and null.
  package var literal: Literal? {
    guard case .scalar(let text, let isQuoted) = content, !isNull else { return nil }
    if isQuoted { return .string(text) }
    switch text {
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    if let number = Int64(text) { return .int(number) }
    let mayBeNumber = text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || "+-.eE".utf8.contains($0) }
    if mayBeNumber, let number = Double(text), number.isFinite { return .number(number) }
    return .string(text)
  }

  /// The same for what is compared as text: numbers stay as they were written (`1.10` is no `1.1`).
  var comparedLiteral: Literal? {
    switch literal {
    case .int, .number:
      guard case .scalar(let text, _) = content else { return nil }
      return .string(text)
    case let other: return other
    }
  }
}

/// A key of a map and what stands under it.
package struct YAMLEntry {
  package var key: Located<String>
  package var value: YAMLNode
}
