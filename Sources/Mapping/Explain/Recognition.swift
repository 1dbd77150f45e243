import Bytes
import Telemetry

/// What the dialects made of the spans that were mapped, and what they left: where a new dialect begins.
package struct Recognition: Sendable {
  package struct Group: Hashable, Sendable {
    /// Nil if no dialect knew the spans.
    package var dialect: String?
    /// `not_ai` for spans that a dialect knew and made no event of.
    package var kind: String
    package var scope: String

    package init(dialect: String?, kind: String, scope: String) {
      self.dialect = dialect
      self.kind = kind
      self.scope = scope
    }
  }

  package struct Attribute: Sendable {
    package var spans = 0
    /// A value, shortened.
    package var example = ""
    /// The dialects of the spans that had it; nil for spans that no dialect knew.
    package var dialects: Set<String?> = []
  }

  package var groups: [Group: (spans: Int, names: [String])] = [:]
  /// Attributes that nothing consumed, by name: of AI spans, and of those that no dialect knew.
  package var left: [String: Attribute] = [:]
  package var unknown: [String: Attribute] = [:]

  /// Characters of an example: enough to see what it is, too little to read a prompt.
  package static let exampleMax = 40
  /// Names of spans that are kept of a group.
  package static let namesMax = 3

  package init() {}
}

extension Mapper {
  /// Adds the loaded trace, whose events have been written.
  package func recognise(into recognition: inout Recognition) {
    for index in spans.indices where !spans[index].isDuplicate {
      let state = spans[index]
      let dialect = state.dialect >= 0 ? program.dialects[Int(state.dialect)].facts : nil
      let scope = bytes.string(batch.scopes[Int(batch.spans[index].scope)].name)
      let group = Recognition.Group(dialect: dialect?.name, kind: state.kind.rawValue, scope: scope)
      let name = bytes.string(batch.spans[index].name)
      recognition.groups[group, default: (0, [])].spans += 1
      if let names = recognition.groups[group]?.names, names.count < Recognition.namesMax, !names.contains(name) {
        recognition.groups[group]?.names.append(name)
      }
      guard state.isAI || dialect == nil else { continue }
      for attribute in batch.spans[index].attributes where !consumed[Int(attribute)] {
        let key = batch.attributes[Int(attribute)].key
        if let dialect, KeyMemory.matches(dialect.drop, bytes, key) { continue }
        if memory[keys[Int(attribute)]].isReserved { continue }
        let path: WritableKeyPath<Recognition, [String: Recognition.Attribute]> = dialect == nil ? \.unknown : \.left
        note(attribute, dialect?.name, in: &recognition[keyPath: path][bytes.string(key), default: .init()])
      }
    }
  }

  private func note(_ attribute: Int32, _ dialect: String?, in noted: inout Recognition.Attribute) {
    noted.spans += 1
    noted.dialects.insert(dialect)
    guard noted.example.isEmpty else { return }
    var text = ByteBuffer()
    writeExample(batch.attributes[Int(attribute)].value, to: &text)
    let characters = text.string
    noted.example =
      characters.count > Recognition.exampleMax ? "\(characters.prefix(Recognition.exampleMax - 1))…" : characters
  }

  private func writeExample(_ value: Value, to out: inout ByteBuffer) {
    switch value {
    case .string(let text):
      // Of a long text only the beginning is looked at; a character cut in two is replaced.
      out.append(bytes, Slice(text.start, min(text.end, text.start + Recognition.exampleMax * 4)))
    case .int(let number): out.appendDecimal(number)
    case .double(let number): out.append("\(number)")
    case .bool(let flag): out.append(flag ? "true" : "false")
    case .bytes(let slice): out.append("\(slice.count) bytes")
    case .array: out.append("a list")
    case .map: out.append("a map")
    case .empty: out.append("nothing")
    }
  }
}
