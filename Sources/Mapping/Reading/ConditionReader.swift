/// Conditions: `match` of a dialect, `when` of a rule or kind.
extension MappingReader {
  /// A path is "present", a list "any of these", a map "all of these".
  mutating func condition(_ node: YAMLNode, depth: Int = 0) -> Condition? {
    guard depth < ReadingLimits.conditionDepthMax else {
      error("conditions nest at most \(ReadingLimits.conditionDepthMax) deep", at: node.position)
      return nil
    }
    switch node.content {
    case .scalar: return path(node, "a condition").map { .present($0) }
    case .list: return group(node, "a condition", depth: depth).map { .any($0) }
    case .map(let entries):
      if entries.isEmpty { error("a condition is empty", at: node.position) }
      let parts = entries.map { part($0, depth: depth) }
      let good = parts.compactMap(\.self)
      guard good.count == parts.count, !good.isEmpty else { return nil }
      return good.count == 1 ? good[0] : .all(good)
    }
  }

  /// All of the conditions of a list; nil if one is wrong, since the rest would mean something else.
  private mutating func group(_ node: YAMLNode, _ what: String, depth: Int) -> [Condition]? {
    guard case .list(let elements) = node.content else {
      wrongKind(node, what, expected: "a list of conditions")
      return nil
    }
    emptyCheck(node, what)
    let parts = elements.map { condition($0, depth: depth + 1) }
    let good = parts.compactMap(\.self)
    return good.count == parts.count && !good.isEmpty ? good : nil
  }

  private mutating func part(_ entry: YAMLEntry, depth: Int) -> Condition? {
    switch entry.key.value {
    case "any": return group(entry.value, "'any'", depth: depth).map { .any($0) }
    case "all": return group(entry.value, "'all'", depth: depth).map { .all($0) }
    case "not": return condition(entry.value, depth: depth + 1).map { .not($0) }
    default:
      let key = YAMLNode(content: .scalar(entry.key.value, isQuoted: true), position: entry.key.position)
      let path = path(key, "a path")
      guard case .map(let operators) = entry.value.content else {
        let values = literals(entry.value, "a value to compare with")
        guard let path, !values.isEmpty else { return nil }
        return .equals(path, values)
      }
      return path.flatMap { comparison($0, operators, at: entry.value.position) }
    }
  }

  private mutating func comparison(_ path: Path, _ entries: [YAMLEntry], at position: Position) -> Condition? {
    if entries.isEmpty { error("a comparison is empty", at: position) }
    var parts: [Condition] = []
    for entry in entries {
      let comparison = Comparison(rawValue: entry.key.value)
      switch comparison {
      case .prefix, .suffix:
        let affixes = texts(entry.value, "'\(entry.key.value)'").map(\.value)
        if !affixes.isEmpty { parts.append(comparison == .prefix ? .prefix(path, affixes) : .suffix(path, affixes)) }
      case .present:
        if let flag = flag(entry.value, "'present'") { parts.append(flag ? .present(path) : .not(.present(path))) }
      case .atLeast, .below:
        guard let version = version(entry.value, "'\(entry.key.value)'") else { continue }
        parts.append(comparison == .below ? .below(path, version) : .atLeast(path, version))
      case nil:
        let near = Suggestion.nearest(to: entry.key.value, of: Comparison.words)
        let known = Comparison.words.joined(separator: ", ")
        error("unknown comparison '\(entry.key.value)': \(known)", at: entry.key.position, suggestion: near)
      }
    }
    return parts.count == entries.count && !parts.isEmpty ? (parts.count == 1 ? parts[0] : .all(parts)) : nil
  }

  private mutating func version(_ node: YAMLNode, _ what: String) -> String? {
    guard let text = text(node, what) else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let isVersion = parts.allSatisfy {
      !$0.isEmpty && $0.utf8.count <= 9 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    if !isVersion { error("\(what) takes a version of numbers and dots, such as 1.37", at: node.position) }
    return isVersion ? text : nil
  }

  // MARK: Scalars

  mutating func flag(_ node: YAMLNode, _ what: String) -> Bool? {
    if case .bool(let flag) = node.literal { return flag }
    error("\(what) is true or false", at: node.position)
    return nil
  }

  mutating func literal(_ node: YAMLNode, _ what: String) -> Literal? {
    if let literal = node.literal { return literal }
    wrongKind(node, what, expected: "text, a number, true or false")
    return nil
  }

  /// Values to compare with, as they were written.
  mutating func literals(_ node: YAMLNode, _ what: String) -> [Literal] {
    emptyCheck(node, what)
    return node.oneOrMany.compactMap { element in
      literal(element, what) == nil ? nil : element.comparedLiteral
    }
  }
}
