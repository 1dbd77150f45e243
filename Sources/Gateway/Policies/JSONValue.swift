import Bytes

/// A JSON document in memory: for the small ones of the policy API, never for telemetry.
enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// In order; of names given twice the last counts.
  case object([Member])

  struct Member: Sendable, Equatable {
    var name: String
    var value: JSONValue
  }

  /// Values in one document: a report has ten thousand patterns of twenty values.
  static let valuesMax = 250_000

  init(_ text: [UInt8]) throws(JSONError) {
    var tape = JSONTape(nodesMax: Self.valuesMax)
    let root = try tape.parse(text.span, Slice(0, text.count))
    self = Self.value(root, tape, text.span)
  }

  private static func value(_ index: Int, _ tape: JSONTape, _ bytes: ByteSpan) -> JSONValue {
    let node = tape.nodes[index]
    switch node.kind {
    case .null: return .null
    case .bool: return .bool(node.flag)
    case .number, .int, .double: return .number(Double(bytes.string(node.text)) ?? .infinity)
    case .string, .text: return .string(text(node.text, node.flag, bytes))
    case .array: return .array(tape.children(of: index).map { value($0, tape, bytes) })
    case .object:
      var members: [Member] = []
      var places: [String: Int] = [:]
      for child in tape.children(of: index) {
        let name = text(tape.nodes[child].key, tape.nodes[child].keyHasEscapes, bytes)
        let member = Member(name: name, value: value(child, tape, bytes))
        if let place = places.updateValue(members.count, forKey: name) {
          members[place] = member
          places[name] = place
        } else {
          members.append(member)
        }
      }
      return .object(members)
    }
  }

  private static func text(_ slice: Slice, _ hasEscapes: Bool, _ bytes: ByteSpan) -> String {
    guard hasEscapes else { return bytes.string(slice) }
    var out: [UInt8] = []
    JSONText.unescape(bytes, slice, into: &out)
    return String(decoding: out, as: UTF8.self)
  }

  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// What it is, for a sentence.
  var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "text"
    case .array: "a list"
    case .object: "an object"
    }
  }

  var bytes: [UInt8] {
    var out = ByteBuffer()
    append(to: &out)
    return out.array()
  }

  private func append(to out: inout ByteBuffer) {
    switch self {
    case .null: out.append("null")
    case .bool(let flag): out.append(flag ? "true" : "false")
    case .number(let number): out.appendJSONNumber(number)
    case .string(let text): out.appendJSONString(text)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        element.append(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (place, member) in members.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        out.appendJSONString(member.name)
        out.append(UInt8(ascii: ":"))
        member.value.append(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral text: String) { self = .string(text) }
  init(floatLiteral number: Double) { self = .number(number) }
  init(integerLiteral number: Int) { self = .number(Double(number)) }
  init(booleanLiteral flag: Bool) { self = .bool(flag) }
  init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { Member(name: $0.0, value: $0.1) })
  }

  init(_ text: String?) { self = text.map { .string($0) } ?? .null }
  init(_ number: Int?) { self = number.map { .number(Double($0)) } ?? .null }

  /// Names sorted, so that the same values give the same text.
  init(_ numbers: [String: Double]) {
    self = .object(numbers.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: .number($0.value)) })
  }
}
