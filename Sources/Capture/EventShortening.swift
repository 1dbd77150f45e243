import Bytes

/// Makes an event fit an endpoint that takes less than it has: the largest properties are replaced by a text that says
/// how much was cut, one after the other, and named in `$ai_truncated` as mapping does it. The rest stays as it was, so
/// the event keeps its uuid, and the same event is cut the same way on every attempt.
enum EventShortening {
  /// Smaller properties are not worth cutting.
  static let propertyBytesMin = 1_024
  /// Values of an event that is looked into; an event of more is left alone.
  static let nodesMax = 1 << 20

  /// Nil if it cannot be done.
  static func fit(_ event: [UInt8], _ bytesMax: Int) -> [UInt8]? {
    let bytes = event.span
    var tape = JSONTape(nodesMax: nodesMax)
    guard let root = try? tape.parse(bytes, Slice(0, event.count)), tape.nodes[root].kind == .object,
      let properties = member(properties, of: root, tape, bytes), tape.nodes[properties].kind == .object
    else { return nil }
    let all = tape.children(of: properties)
    let named = all.first { bytes.equals(tape.nodes[$0].key, truncated) }
    var cut = Set<Int>()
    // Quotes and commas of the names that will be listed, and the list itself.
    var size = event.count + truncated.count + 8
    for place in all.sorted(by: { tape.nodes[$0].text.count > tape.nodes[$1].text.count }) where size > bytesMax {
      let value = tape.nodes[place]
      guard value.text.count >= propertyBytesMin, place != named else { continue }
      cut.insert(place)
      size += note(value).utf8.count + 2 + Int(value.key.count) + 3 - Int(value.text.count)
    }
    if cut.isEmpty || size > bytesMax { return nil }
    var out = ByteBuffer(capacity: bytesMax)
    out.append(bytes, Slice(0, tape.nodes[properties].text.start))
    out.append("{")
    for place in all where place != named {
      let value = tape.nodes[place]
      out.append("\"")
      out.append(bytes, value.key)
      out.append("\":")
      cut.contains(place) ? out.appendJSONString(note(value)) : out.append(bytes, whole(value))
      out.append(",")
    }
    appendNames(named.map { tape.children(of: $0) } ?? [], cut.sorted(), tape, bytes, to: &out)
    out.append(bytes, Slice(tape.nodes[properties].text.end, event.count))
    return out.array()
  }

  private static let properties = Array("properties".utf8)
  private static let truncated = Array("$ai_truncated".utf8)

  private static func note(_ value: JSONNode) -> String { "…[truncated \(value.text.count) bytes]" }

  /// The value with its quotes: a string's node points between them.
  private static func whole(_ value: JSONNode) -> Slice {
    value.kind == .string ? Slice(value.text.start - 1, value.text.end + 1) : value.text
  }

  /// The names that were listed before and those that are cut now, and the end of the object.
  private static func appendNames(
    _ before: [Int], _ cut: [Int], _ tape: JSONTape, _ bytes: ByteSpan, to out: inout ByteBuffer
  ) {
    out.append("\"$ai_truncated\":[")
    for (number, place) in (before + cut).enumerated() {
      if number > 0 { out.append(",") }
      out.append("\"")
      out.append(bytes, number < before.count ? tape.nodes[place].text : tape.nodes[place].key)
      out.append("\"")
    }
    out.append("]}")
  }

  private static func member(_ name: [UInt8], of object: Int, _ tape: JSONTape, _ bytes: ByteSpan) -> Int? {
    tape.children(of: object).first { bytes.equals(tape.nodes[$0].key, name) }
  }
}
