import Bytes

/// A JSON value whose members keep their order: a schema is read by people too.
indirect enum SchemaNode {
  case object([(String, SchemaNode)])
  case array([SchemaNode])
  case string(String)
  case bool(Bool)
  case int(Int)

  /// The text, spread over lines; what fits on one stands on one.
  var text: String {
    var out = ByteBuffer()
    write(to: &out, indent: 0)
    out.append("\n")
    return out.string
  }

  private static let lineMax = 100

  private func write(to out: inout ByteBuffer, indent: Int) {
    let start = out.count
    writeCompact(to: &out)
    if out.count - start <= Self.lineMax { return }
    switch self {
    case .object(let members):
      out.truncate(to: start)
      spread(members.count, "{", "}", to: &out, indent) { number, out in
        out.appendJSONString(members[number].0)
        out.append(": ")
        members[number].1.write(to: &out, indent: indent + 2)
      }
    case .array(let elements):
      out.truncate(to: start)
      spread(elements.count, "[", "]", to: &out, indent) { elements[$0].write(to: &$1, indent: indent + 2) }
    default: return
    }
  }

  private func spread(
    _ count: Int, _ open: StaticString, _ close: StaticString, to out: inout ByteBuffer, _ indent: Int,
    _ part: (Int, inout ByteBuffer) -> Void
  ) {
    out.append(open)
    for number in 0..<count {
      out.append(number > 0 ? ",\n" : "\n")
      out.append(String(repeating: " ", count: indent + 2))
      part(number, &out)
    }
    out.append("\n")
    out.append(String(repeating: " ", count: indent))
    out.append(close)
  }

  private func writeCompact(to out: inout ByteBuffer) {
    switch self {
    case .object(let members):
      out.append("{")
      for (number, member) in members.enumerated() {
        if number > 0 { out.append(", ") }
        out.appendJSONString(member.0)
        out.append(": ")
        member.1.writeCompact(to: &out)
      }
      out.append("}")
    case .array(let elements):
      out.append("[")
      for (number, element) in elements.enumerated() {
        if number > 0 { out.append(", ") }
        element.writeCompact(to: &out)
      }
      out.append("]")
    case .string(let text): out.appendJSONString(text)
    case .bool(let flag): out.append(flag ? "true" : "false")
    case .int(let number): out.append("\(number)")
    }
  }
}

extension SchemaNode: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  init(stringLiteral text: String) { self = .string(text) }
  init(booleanLiteral flag: Bool) { self = .bool(flag) }
  init(arrayLiteral elements: SchemaNode...) { self = .array(elements) }
  init(dictionaryLiteral members: (String, SchemaNode)...) { self = .object(members) }
}

extension SchemaNode {
  static func ref(_ name: String) -> SchemaNode { ["$ref": .string("#/definitions/\(name)")] }

  /// A reference with a sentence of its own; beside a `$ref` draft-07 heeds nothing.
  static func ref(_ name: String, _ about: String) -> SchemaNode {
    ["description": .string(about), "allOf": [.ref(name)]]
  }

  static func anyOf(_ choices: SchemaNode...) -> SchemaNode { ["anyOf": .array(choices)] }
  static func words(_ words: [String]) -> SchemaNode { ["enum": .array(words.map { .string($0) })] }
  static func text(_ about: String) -> SchemaNode { ["description": .string(about), "type": "string"] }

  /// One or several of something.
  static func oneOrMany(_ element: SchemaNode) -> SchemaNode {
    .anyOf(element, ["type": "array", "minItems": .int(1), "items": element])
  }

  /// A map with these keys and no others.
  static func map(_ members: [(String, SchemaNode)], required: [String] = [], _ more: (String, SchemaNode)...)
    -> SchemaNode
  {
    var node: [(String, SchemaNode)] = [("type", "object")]
    if !required.isEmpty { node.append(("required", .array(required.map { .string($0) }))) }
    node += [("properties", .object(members)), ("additionalProperties", false)]
    return .object(node + more)
  }
}
