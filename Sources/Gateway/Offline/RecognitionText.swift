import Mapping

/// What was recognised, as `hoglet dialects` prints it.
enum RecognitionText {
  static let nameMax = 60

  static func text(_ recognition: Recognition) -> String {
    let groups = recognition.groups.sorted { one, other in
      let first = (one.key.dialect ?? "", one.key.kind, one.key.scope)
      return first < (other.key.dialect ?? "", other.key.kind, other.key.scope)
    }
    var known = TextTable()
    var unknown = TextTable()
    known.add("dialect", "kind", "spans", "scope", "names")
    unknown.add("spans", "scope", "names")
    for (group, found) in groups {
      let scope = TextTable.short(group.scope, nameMax)
      let names = TextTable.short(found.names.joined(separator: ", "), nameMax)
      if let dialect = group.dialect {
        known.add(dialect, group.kind, "\(found.spans)", scope, names)
      } else {
        unknown.add("\(found.spans)", scope, names)
      }
    }
    let hasKnown = groups.contains { $0.key.dialect != nil }
    let hasUnknown = groups.contains { $0.key.dialect == nil }
    var text = hasKnown ? "recognised\n" + known.text(indent: "  ") : "no dialect recognises any of these spans\n"
    if hasUnknown {
      text += "\nnot recognised by any dialect: no event, their children hang one higher\n" + unknown.text(indent: "  ")
    }
    text += attributes("attributes of AI spans that nothing consumed: they go out as otel.*", recognition.left)
    text += attributes("attributes of spans that no dialect recognises", recognition.unknown)
    return text
  }

  private static func attributes(_ title: String, _ attributes: [String: Recognition.Attribute]) -> String {
    if attributes.isEmpty { return "" }
    var table = TextTable()
    table.add("attribute", "spans", "dialects", "example")
    for (name, attribute) in attributes.sorted(by: { ($1.value.spans, $0.key) < ($0.value.spans, $1.key) }) {
      let dialects = attribute.dialects.compactMap(\.self).sorted().joined(separator: ", ")
      let example = TextTable.short(attribute.example, Recognition.exampleMax)
      table.add(TextTable.short(name, nameMax), "\(attribute.spans)", dialects.isEmpty ? "-" : dialects, example)
    }
    return "\n\(title)\n" + table.text(indent: "  ")
  }
}
