/// The file of a dialect.
extension MappingReader {
  mutating func readDialect(_ root: YAMLNode, fileName: String) {
    guard let members = members(root, "a dialect", keys: DialectKey.words) else { return }
    var dialect = Dialect(name: Located(fileName, root.position))
    if let entry = members["dialect"] {
      dialect.name.position = entry.value.position
      if let name = text(entry.value, "'dialect'"), name != fileName {
        error("the file is called '\(fileName).yaml', so its dialect is '\(fileName)'", at: entry.value.position)
      }
    } else {
      error("the first line of a dialect names it: 'dialect: \(fileName)'", at: root.position)
    }
    dialect.about = members["about"].flatMap { text($0.value, "'about'") } ?? ""
    if let entry = members["extends"], let name = text(entry.value, "'extends'") {
      dialect.extends = Located(name, entry.value.position)
    }
    dialect.match = members["match"].flatMap { condition($0.value) }
    dialect.matchPosition = members["match"]?.key.position
    dialect.isSecondary = members["secondary"].flatMap { flag($0.value, "'secondary'") } ?? false
    if let entry = members["kind"] { dialect.kinds = kinds(entry.value) }
    dialect.error = members["error"].flatMap { errorRule($0.value) }
    if let entry = members["properties"] { dialect.properties = propertyRules(entry.value) }
    if let entry = members["constants"] { dialect.constants = constants(entry.value) }
    if let entry = members["drop"] { dialect.drop = drops(entry.value, "'drop'") }
    set.dialects.append(dialect)
  }

  // MARK: Kinds

  mutating func kinds(_ node: YAMLNode) -> [KindRule] {
    guard case .list(let elements) = node.content else {
      wrongKind(node, "'kind'", expected: "a list")
      return []
    }
    var rules: [KindRule] = []
    for element in elements {
      guard let rule = kind(element) else { continue }
      if case .when(let condition, _, _) = rule, rules.contains(where: { $0.isWhen(condition) }) {
        diagnostics.report(.warning, "this can never win: an earlier line has the same 'when'", at: element.position)
      }
      rules.append(rule)
    }
    return rules
  }

  private mutating func kind(_ node: YAMLNode) -> KindRule? {
    guard let members = members(node, "a line of 'kind'", keys: KindKey.words) else { return nil }
    if let when = members["when"], let kind = members["is"], members.count == 2 {
      let condition = condition(when.value)
      guard let kind = choice(kind.value, "kind", of: Kind.self), let condition else { return nil }
      return .when(condition, kind, node.position)
    }
    guard let by = members["by"], let map = members["map"], members.count == 2 else {
      error("a line of 'kind' is {when: condition, is: kind} or {by: path, map: {value: kind}}", at: node.position)
      return nil
    }
    let paths = paths(by.value, "'by'").map(\.value)
    guard let entries = entries(map.value, "'map' of a kind") else { return nil }
    var values: [(value: String, kind: Kind)] = []
    for entry in entries {
      if let kind = choice(entry.value, "kind", of: Kind.self) { values.append((entry.key.value, kind)) }
    }
    return paths.isEmpty ? nil : .by(paths, values, node.position)
  }

  mutating func errorRule(_ node: YAMLNode) -> ErrorRule? {
    guard let members = members(node, "'error'", keys: ErrorKey.words) else { return nil }
    if members.isEmpty { error("'error' is {when: condition, message: rule}, or one of the two", at: node.position) }
    var rule = ErrorRule()
    if let entry = members["when"] {
      rule.when = condition(entry.value).map { Located($0, entry.value.position) }
    }
    if let entry = members["message"] {
      rule.messages = sources(entry.value, of: Target(name: "message", type: .string))
      warnOfUselessSources(rule.messages.sources)
    }
    return rule
  }

  // MARK: Properties and constants

  private mutating func propertyRules(_ node: YAMLNode) -> [PropertyRule] {
    guard let entries = entries(node, "'properties'") else { return [] }
    return entries.map { entry in
      let type = declaredType(entry.key)
      let errorsBefore = diagnostics.errorCount
      let rule = sources(entry.value, of: Target(name: entry.key.value, type: type))
      if diagnostics.errorCount == errorsBefore { warnOfUselessSources(rule.sources) }
      return PropertyRule(property: entry.key, sources: rule.sources, isFinal: rule.isFinal)
    }
  }

  /// The type of a property; nil, with a diagnostic unless properties.yaml could not be read, if there is none.
  mutating func declaredType(_ name: Located<String>) -> PropertyType? {
    guard let types else { return nil }
    if let type = types[name.value] { return type }
    let near = Suggestion.nearest(to: name.value, of: types.keys.sorted())
    error("no property '\(name.value)' in properties.yaml", at: name.position, suggestion: near)
    return nil
  }

  mutating func constants(_ node: YAMLNode) -> [(name: Located<String>, value: Literal?)] {
    guard let entries = entries(node, "'constants'") else { return [] }
    var constants: [(name: Located<String>, value: Literal?)] = []
    for entry in entries {
      if entry.value.isNone {
        if Switch(rawValue: entry.key.value) == nil { _ = declaredType(entry.key) }
        constants.append((entry.key, nil))
        continue
      }
      guard let value = literal(entry.value, "a constant") else { continue }
      if let known = Switch(rawValue: entry.key.value) {
        guard case .string(let word) = value, known.choices.contains(word) else {
          error("'\(entry.key.value)' is \(known.choices.joined(separator: " or "))", at: entry.value.position)
          continue
        }
      } else if let type = declaredType(entry.key) {
        checkFits(value, Target(name: entry.key.value, type: type), at: entry.value.position)
      }
      constants.append((entry.key, value))
    }
    return constants
  }

  // MARK: Drop

  mutating func drops(_ node: YAMLNode, _ what: String) -> [Located<String>] {
    texts(node, what).filter { drop in
      let name = drop.value.hasPrefix("resource:") ? drop.value.dropFirst("resource:".count) : drop.value[...]
      let stem = name.hasSuffix(".*") ? name.dropLast(2) : name
      let isGood = !stem.isEmpty && !stem.contains("*") && !stem.contains("#") && !name.hasPrefix(" ")
      if !isGood {
        error(
          "\(what) takes names and prefixes: 'name', 'prefix.*', 'resource:name', 'resource:prefix.*'",
          at: drop.position
        )
      }
      return isGood
    }
  }
}

extension KindRule {
  fileprivate func isWhen(_ other: Condition) -> Bool {
    if case .when(let condition, _, _) = self { return condition == other }
    return false
  }
}
