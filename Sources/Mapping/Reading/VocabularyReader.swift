/// properties.yaml, values.yaml and dialects.yaml.
extension MappingReader {
  mutating func readProperties(_ root: YAMLNode) {
    guard let entries = entries(root, "properties.yaml") else { return }
    var types: [String: PropertyType] = [:]
    var taken: [String: Int] = [:]
    for entry in entries { taken[entry.key.value] = entry.key.position.line }
    for entry in entries {
      // A property whose type is wrong is known all the same.
      let declared = property(entry, &taken)
      types[entry.key.value] = declared?.type ?? .json
      if let declared { set.properties.append(declared) }
    }
    self.types = types
  }

  mutating func property(_ entry: YAMLEntry, _ taken: inout [String: Int]) -> PropertyDeclaration? {
    let name = entry.key.value
    if case .scalar = entry.value.content {
      return choice(entry.value, "type", of: PropertyType.self).map {
        PropertyDeclaration(name: name, type: $0, about: "", position: entry.key.position)
      }
    }
    guard let members = members(entry.value, "property '\(name)'", keys: PropertyKey.words) else { return nil }
    guard let typeNode = members["type"] else {
      // A mistyped 'type' is told already.
      if members.count == entry.value.entryCount { error("property '\(name)' has no type", at: entry.key.position) }
      return nil
    }
    let type = choice(typeNode.value, "type", of: PropertyType.self)
    let about = members["about"].flatMap { text($0.value, "'about'") }
    var declared = PropertyDeclaration(
      name: name, type: type ?? .json, about: about ?? "", position: entry.key.position)
    if let also = members["also"] {
      for other in texts(also.value, "'also'") {
        if let line = taken[other.value] {
          error("the name '\(other.value)' is taken, in line \(line)", at: other.position)
        }
        taken[other.value] = other.position.line
        declared.also.append(other.value)
      }
    }
    declared.parameter = members["parameter"].flatMap { text($0.value, "'parameter'") }
    if let on = members["on"] {
      emptyCheck(on.value, "'on'")
      declared.on = on.value.oneOrMany.compactMap { choice($0, "event", of: EventName.self) }
    }
    return type == nil ? nil : declared
  }

  mutating func readTables(_ root: YAMLNode) {
    guard let entries = entries(root, "values.yaml") else {
      tables = nil
      return
    }
    for entry in entries {
      tables?.insert(entry.key.value)
      if let table = table(entry.value, name: entry.key.value, position: entry.key.position) {
        set.tables.append(table)
      }
    }
  }

  /// A map of text to text, keys compared without case.
  mutating func table(_ node: YAMLNode, name: String, position: Position) -> ValueTable? {
    let what = name.isEmpty ? "a table" : "table '\(name)'"
    guard let entries = entries(node, what) else { return nil }
    if entries.isEmpty { error("\(what) is empty", at: node.position) }
    var table = ValueTable(name: name, entries: [], position: position)
    var lines: [String: Int] = [:]
    for entry in entries {
      guard let value = text(entry.value, "a value of \(what)") else { continue }
      let key = entry.key.value.lowercased()
      if let line = lines[key] {
        let message = "'\(entry.key.value)' is given twice, first in line \(line): keys are compared without case"
        error(message, at: entry.key.position)
        continue
      }
      lines[key] = entry.key.position.line
      table.entries.append((entry.key.value, value))
    }
    return table
  }

  mutating func readOrder(_ root: YAMLNode) {
    guard let members = members(root, "dialects.yaml", keys: ["order"]) else { return }
    guard let order = members["order"] else { return error("dialects.yaml has no 'order'", at: root.position) }
    guard case .list = order.value.content else { return wrongKind(order.value, "'order'", expected: "a list") }
    hasOrder = true
    set.order = names(order.value)
  }

  /// Names of dialects, no name twice.
  mutating func names(_ node: YAMLNode) -> [Located<String>] {
    guard case .list(let elements) = node.content else {
      wrongKind(node, "dialects in order", expected: "a list")
      return []
    }
    var names: [Located<String>] = []
    var lines: [String: Int] = [:]
    for element in elements {
      guard let name = text(element, "a dialect's name") else { continue }
      if let line = lines[name] {
        error("'\(name)' is given twice, first in line \(line)", at: element.position)
        continue
      }
      lines[name] = element.position.line
      names.append(Located(name, element.position))
    }
    return names
  }
}
