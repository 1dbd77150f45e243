import Bytes
import Telemetry

/// Bringing values onto the tape: JSON text, OTLP structures and gathered families all become the same nodes.
extension Mapper {
  /// The node of an item: parsed if it is JSON text, built if it is a structure. Nil for plain text that is no JSON.
  func node(_ item: Item, attribute: Int32) -> Int? {
    switch item {
    case .node(let node): return unwrapped(node)
    case .value(.string(let text)):
      if attribute >= 0, let known = parsed.first(where: { $0.attribute == attribute }) { return known.node }
      guard let node = parse(text) else { return nil }
      let inner = unwrapped(node)
      if attribute >= 0, let inner { parsed.append((attribute, inner)) }
      return inner
    case .value(let value):
      let root = tape.nodes.count
      append(value, key: .empty, depth: 0)
      return root
    default: return nil
    }
  }

  /// Parses text that looks like a JSON object, list or string.
  private func parse(_ text: Slice) -> Int? {
    let bytes = self.bytes
    var scanner = JSONScanner(text)
    guard let first = scanner.peek(bytes),
      first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
    else { return nil }
    return try? tape.parse(bytes, text)
  }

  /// JSON inside a JSON string (twice encoded) is parsed once more; other strings stay as they are.
  private func unwrapped(_ node: Int) -> Int? {
    let value = tape.nodes[node]
    guard value.kind == .string || value.kind == .text, !value.text.isEmpty else { return node }
    var text = value.text
    if value.kind == .string, value.flag {
      var plain: [UInt8] = []
      JSONText.unescape(bytes, value.text, into: &plain)
      guard let first = plain.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return node }
      text = constant(plain)
    }
    guard let inner = parse(text), tape.nodes[inner].kind != .string else { return node }
    return inner
  }

  /// Appends an OTLP value. What does not decode (intake has checked that everything does) becomes null.
  func append(_ value: Value, key: Slice, depth: Int) {
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: .null, key: key))
    switch value {
    case .empty: break
    case .string(let text):
      tape.nodes[root].kind = .text
      tape.nodes[root].text = text
    case .bytes(let data):
      tape.nodes[root].kind = .text
      tape.nodes[root].text = base64(data)
    case .bool(let flag):
      tape.nodes[root].kind = .bool
      tape.nodes[root].flag = flag
    case .int(let number):
      tape.nodes[root].kind = .int
      tape.nodes[root].bits = UInt64(bitPattern: number)
    case .double(let number):
      tape.nodes[root].kind = .double
      tape.nodes[root].bits = number.bitPattern
    case .array(let slice):
      tape.nodes[root].kind = .array
      guard depth < JSONTape.depthMax else { break }
      var reader = ArrayReader(slice)
      while let element = (try? reader.next(in: bytes)) ?? nil {
        append(element, key: .empty, depth: depth + 1)
        tape.nodes[root].children += 1
      }
    case .map(let slice):
      tape.nodes[root].kind = .object
      guard depth < JSONTape.depthMax else { break }
      var reader = MapReader(slice)
      while let member = (try? reader.next(in: bytes)) ?? nil {
        append(member.value, key: member.key, depth: depth + 1)
        tape.nodes[root].children += 1
      }
    }
    tape.nodes[root].next = Int32(tape.nodes.count)
  }

  /// Bytes as JSON can hold them.
  private func base64(_ data: Slice) -> Slice {
    var out = ByteBuffer(capacity: Int(data.count) * 4 / 3 + 4)
    out.appendBase64(bytes, data)
    var text: [UInt8] = []
    out.withSpan { text.append($0, Slice(0, $0.count)) }
    return constant(text)
  }

  /// An object of a run of attributes.
  func object(of attributes: Run) -> Int {
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: .object))
    for attribute in attributes {
      append(batch.attributes[Int(attribute)].value, key: batch.attributes[Int(attribute)].key, depth: 1)
    }
    tape.nodes[root].children = Int32(attributes.count)
    tape.nodes[root].next = Int32(tape.nodes.count)
    return root
  }

  /// Everything below a prefix, as one object whose names have lost the prefix.
  func object(_ family: Int, of attributes: Run) -> Item {
    let prefix = program.families[family].count
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: .object))
    for attribute in attributes where isMember(attribute, of: family) {
      let key = batch.attributes[Int(attribute)].key
      let member = tape.nodes.count
      append(batch.attributes[Int(attribute)].value, key: Slice(key.start + prefix, key.end), depth: 1)
      unquote(member)
      tape.nodes[root].children += 1
    }
    tape.nodes[root].next = Int32(tape.nodes.count)
    return tape.nodes[root].children == 0 ? .absent : .node(root)
  }

  /// Text that is a JSON string by itself (`"pro"`, with the quotes) becomes what it says: some SDKs encode every value.
  private func unquote(_ node: Int) {
    let text = tape.nodes[node].text
    let quote = UInt8(ascii: "\"")
    guard tape.nodes[node].kind == .text, text.count >= 2, batch.arena[text.start] == quote,
      batch.arena[text.end - 1] == quote
    else { return }
    let count = tape.nodes.count
    if let parsed = try? tape.parse(bytes, text), tape.nodes[parsed].kind == .string {
      tape.nodes[node].kind = .string
      tape.nodes[node].text = tape.nodes[parsed].text
      tape.nodes[node].flag = tape.nodes[parsed].flag
    }
    tape.nodes.removeLast(tape.nodes.count - count)
  }

  /// Whether an attribute belongs to a family, or to a longer one inside it.
  func isMember(_ attribute: Int32, of family: Int) -> Bool {
    let own = Int(memory[keys[Int(attribute)]].family)
    if own < 0 { return false }
    return own == family || program.families[own].starts(with: program.families[family])
  }

  // MARK: Reading nodes

  /// The children of an array or object.
  func children(of node: Int) -> [Int] { tape.children(of: node) }

  /// The member of that name; the last one if it is given twice.
  func member(_ node: Int, _ name: [UInt8]) -> Int? {
    guard tape.nodes[node].kind == .object else { return nil }
    let bytes = self.bytes
    var found: Int?
    var child = node &+ 1
    for _ in 0..<tape.nodes[node].children {
      if bytes.equals(tape.nodes[child].key, name) { found = child }
      child = Int(tape.nodes[child].next)
    }
    return found
  }

  /// The first of several names that is there and not null.
  func member(_ node: Int, anyOf names: [[UInt8]]) -> Int? {
    for name in names {
      if let found = member(node, name), tape.nodes[found].kind != .null { return found }
    }
    return nil
  }

  func element(_ node: Int, _ number: Int) -> Int? {
    guard number >= 0, number < tape.nodes[node].children else { return nil }
    var child = node + 1
    for _ in 0..<number { child = Int(tape.nodes[child].next) }
    return child
  }

  /// The text of a string node.
  func plainText(_ node: Int) -> [UInt8]? {
    let value = tape.nodes[node]
    var text: [UInt8] = []
    switch value.kind {
    case .text: text.append(bytes, value.text)
    case .string: JSONText.unescape(bytes, value.text, into: &text)
    default: return nil
    }
    return text
  }
}
