/// One value of parsed JSON. A tape lists them in reading order, so that a whole document is one flat array.
package struct JSONNode: Sendable {
  package enum Kind: UInt8, Sendable {
    case null, bool, number, string, array, object
    /// Values that did not come from JSON text: plain UTF-8 that has yet to be escaped, and numbers held as bits.
    case text, int, double
  }
  package var kind: Kind
  /// For a bool, its value; for a string, whether there are escapes.
  package var flag: Bool
  package var hasUnicodeEscapes: Bool
  /// Whether `key` has escapes.
  package var keyHasEscapes: Bool
  /// Elements of an array, members of an object.
  package var children: Int32
  /// The index of the first node after this value and all below it.
  package var next: Int32
  /// The member's name, between the quotes as it stands; empty outside objects.
  package var key: Slice
  /// A string between its quotes, the text of any other value.
  package var text: Slice

  package init(kind: Kind, flag: Bool = false, key: Slice = .empty, text: Slice = .empty) {
    self.kind = kind
    self.flag = flag
    hasUnicodeEscapes = false
    keyHasEscapes = false
    children = 0
    next = 0
    self.key = key
    self.text = text
  }

  /// The number of an `int` or `double` node.
  package var bits: UInt64 {
    get { UInt64(text.offset) << 32 | UInt64(text.count) }
    set {
      text = Slice(offset: UInt32(truncatingIfNeeded: newValue >> 32), count: UInt32(truncatingIfNeeded: newValue))
    }
  }

  package var string: JSONString { JSONString(slice: text, hasEscapes: flag, hasUnicodeEscapes: hasUnicodeEscapes) }
}

/// Parses JSON text into a tape. Refuses what RFC 8259 refuses, and what exceeds the limits given.
package struct JSONTape {
  /// How deep values may nest: more than any real message, far less than the stack holds.
  package static let depthMax = 64

  package var nodes: [JSONNode] = []
  package let nodesMax: Int

  package init(nodesMax: Int = 262_144) {
    self.nodesMax = nodesMax
  }

  /// Parses the one value that `slice` holds and appends it; returns the index of its node.
  package mutating func parse(_ bytes: ByteSpan, _ slice: Slice) throws(JSONError) -> Int {
    var scanner = JSONScanner(slice)
    let root = try parse(bytes, &scanner, depth: 0)
    if scanner.peek(bytes) != nil {
      nodes.removeSubrange(root...)
      throw JSONError(.trailingText, at: scanner.offset)
    }
    return root
  }

  /// Parses the value that stands at the scanner, inside `depth` others, and moves the scanner behind it.
  package mutating func parse(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, depth: Int
  ) throws(JSONError) -> Int {
    let root = nodes.count
    do throws(JSONError) {
      try value(bytes, &scanner, key: Self.noKey, depth: depth)
    } catch {
      nodes.removeSubrange(root...)
      throw error
    }
    return root
  }

  private mutating func value(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, key: JSONString, depth: Int
  ) throws(JSONError) {
    guard depth < Self.depthMax else { throw JSONError(.tooDeep, at: scanner.offset) }
    guard nodes.count < nodesMax else { throw JSONError(.tooManyValues, at: scanner.offset) }
    guard let first = scanner.peek(bytes) else { throw JSONError(.unexpectedEnd, at: scanner.offset) }
    let index = nodes.count
    let start = scanner.offset
    var node = JSONNode(kind: .null, key: key.slice)
    node.keyHasEscapes = key.hasEscapes
    switch first {
    case UInt8(ascii: "\""):
      let string = try scanner.string(bytes)
      node.kind = .string
      node.flag = string.hasEscapes
      node.hasUnicodeEscapes = string.hasUnicodeEscapes
      node.text = string.slice
      node.next = Int32(truncatingIfNeeded: index &+ 1)
      nodes.append(node)
      return
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      // Its place is taken before its children's.
      nodes.append(node)
      node.kind = first == UInt8(ascii: "{") ? .object : .array
      node.children =
        try node.kind == .object ? members(bytes, &scanner, depth: depth) : elements(bytes, &scanner, depth: depth)
      node.text = Slice(start, scanner.offset)
      node.next = Int32(truncatingIfNeeded: nodes.count)
      nodes[index] = node
      return
    case UInt8(ascii: "t"):
      try scanner.literal("true", bytes)
      node.kind = .bool
      node.flag = true
    case UInt8(ascii: "f"):
      try scanner.literal("false", bytes)
      node.kind = .bool
    case UInt8(ascii: "n"):
      try scanner.literal("null", bytes)
    case UInt8(ascii: "-"), 0x30...0x39:
      _ = try scanner.number(bytes)
      node.kind = .number
    default:
      throw JSONError(.unexpectedCharacter, at: scanner.offset)
    }
    node.text = Slice(start, scanner.offset)
    node.next = Int32(truncatingIfNeeded: index &+ 1)
    nodes.append(node)
  }

  /// The nodes of a list's elements or an object's members, in order.
  package func children(of node: Int) -> [Int] {
    var found: [Int] = []
    found.reserveCapacity(Int(nodes[node].children))
    var child = node &+ 1
    for _ in 0..<nodes[node].children {
      found.append(child)
      child = Int(nodes[child].next)
    }
    return found
  }

  /// The text of a node that was parsed, as it stood.
  package func json(of node: Int, _ bytes: ByteSpan) -> String {
    let text = bytes.string(nodes[node].text)
    return nodes[node].kind == .string ? "\"\(text)\"" : text
  }

  private static var noKey: JSONString { JSONString(slice: .empty, hasEscapes: false, hasUnicodeEscapes: false) }

  private mutating func members(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, depth: Int
  ) throws(JSONError) -> Int32 {
    try scanner.expect(UInt8(ascii: "{"), bytes)
    if scanner.peek(bytes) == UInt8(ascii: "}") {
      scanner.offset += 1
      return 0
    }
    var count: Int32 = 0
    while true {
      guard let quote = scanner.peek(bytes) else { throw JSONError(.unexpectedEnd, at: scanner.offset) }
      guard quote == UInt8(ascii: "\"") else { throw JSONError(.unexpectedCharacter, at: scanner.offset) }
      let key = try scanner.string(bytes)
      try scanner.expect(UInt8(ascii: ":"), bytes)
      try value(bytes, &scanner, key: key, depth: depth + 1)
      count += 1
      if try !another(bytes, &scanner, close: UInt8(ascii: "}")) { return count }
    }
  }

  private mutating func elements(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, depth: Int
  ) throws(JSONError) -> Int32 {
    try scanner.expect(UInt8(ascii: "["), bytes)
    if scanner.peek(bytes) == UInt8(ascii: "]") {
      scanner.offset += 1
      return 0
    }
    var count: Int32 = 0
    while true {
      try value(bytes, &scanner, key: Self.noKey, depth: depth + 1)
      count += 1
      if try !another(bytes, &scanner, close: UInt8(ascii: "]")) { return count }
    }
  }

  private func another(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, close: UInt8
  ) throws(JSONError) -> Bool {
    guard let byte = scanner.peek(bytes) else { throw JSONError(.unexpectedEnd, at: scanner.offset) }
    scanner.offset += 1
    if byte == UInt8(ascii: ",") { return true }
    if byte == close { return false }
    throw JSONError(.unexpectedCharacter, at: scanner.offset - 1)
  }
}
