package import Bytes

/// JSON in a form that a diff can be read in: compact, one line, the members of every object sorted by name.
package enum SortedJSON {
  /// Rewrites a JSON text; throws what is wrong with it.
  package static func text(_ json: [UInt8]) throws(JSONError) -> [UInt8] {
    var tape = JSONTape()
    let root = try tape.parse(json.span, Slice(0, json.count))
    var out = ByteBuffer(capacity: json.count)
    write(root, tape, json.span, &out)
    return out.array()
  }

  private static func write(_ index: Int, _ tape: JSONTape, _ bytes: ByteSpan, _ out: inout ByteBuffer) {
    let node = tape.nodes[index]
    switch node.kind {
    case .array:
      out.append(UInt8(ascii: "["))
      for (number, child) in tape.children(of: index).enumerated() {
        if number > 0 { out.append(UInt8(ascii: ",")) }
        write(child, tape, bytes, &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object:
      out.append(UInt8(ascii: "{"))
      let members = tape.children(of: index).map { (key: bytes.string(tape.nodes[$0].key), node: $0) }
      for (number, member) in members.sorted(by: { ($0.key, $0.node) < ($1.key, $1.node) }).enumerated() {
        if number > 0 { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "\""))
        out.append(bytes, tape.nodes[member.node].key)
        out.append("\":")
        write(member.node, tape, bytes, &out)
      }
      out.append(UInt8(ascii: "}"))
    case .string:
      out.append(UInt8(ascii: "\""))
      out.append(bytes, node.text)
      out.append(UInt8(ascii: "\""))
    default: out.append(bytes, node.text)
    }
  }

  /// Spreads a compact JSON text over lines, for people.
  package static func pretty(_ json: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var depth = 0
    var isInString = false
    var isEscaped = false
    func newline() { out += [UInt8(ascii: "\n")] + Array(repeating: 0x20, count: depth * 2) }
    for (index, byte) in json.enumerated() {
      if isInString {
        out.append(byte)
        isInString = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        continue
      }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        out.append(byte)
        let isEmpty =
          index + 1 < json.count && (json[index + 1] == UInt8(ascii: "}") || json[index + 1] == UInt8(ascii: "]"))
        depth += 1
        if !isEmpty { newline() }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if index > 0, json[index - 1] != UInt8(ascii: "{"), json[index - 1] != UInt8(ascii: "[") { newline() }
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        newline()
      case UInt8(ascii: ":"): out += [byte, 0x20]
      default:
        isInString = byte == UInt8(ascii: "\"")
        out.append(byte)
      }
    }
    return out
  }
}
