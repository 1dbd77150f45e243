import Bytes

/// The properties of an event's JSON, in order, each with the text of its value.
struct EventMembers {
  private(set) var names: [String] = []
  private(set) var values: [String: String] = [:]

  init(_ output: ByteSpan, _ json: Slice) {
    var tape = JSONTape()
    guard let root = try? tape.parse(output, json) else { return }
    for member in tape.children(of: root) where output.string(tape.nodes[member].key) == "properties" {
      for property in tape.children(of: member) {
        let name = output.string(tape.nodes[property].key)
        names.append(name)
        values[name] = tape.json(of: property, output)
      }
    }
  }
}
