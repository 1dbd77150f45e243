/// The property that a rule fills; without a type where the vocabulary does not have it.
struct Target {
  var name: String
  var type: PropertyType?
}

/// Rules: a path, a list of rules, a map of words, or `none`.
extension MappingReader {
  /// The sources in the order in which they are tried.
  mutating func sources(_ node: YAMLNode, of target: Target) -> RuleSources {
    if node.isNone { return RuleSources(isFinal: true) }
    guard case .list(let elements) = node.content else { return RuleSources(sources: source(node, of: target)) }
    emptyCheck(node, "the rule of '\(target.name)'")
    var rule = RuleSources()
    for (number, element) in elements.enumerated() {
      if element.isNone {
        rule.isFinal = true
        if number + 1 < elements.count { error("'none' ends a rule, so it stands last", at: element.position) }
      } else if case .list = element.content {
        wrongKind(element, "an element of a rule's list", expected: "a path or a map")
      } else {
        rule.sources += source(element, of: target)
      }
    }
    return rule
  }

  private mutating func source(_ node: YAMLNode, of target: Target) -> [Source] {
    guard case .map(let entries) = node.content else {
      guard let path = path(node, "the rule of '\(target.name)'") else { return [] }
      let source = Source(path: path, position: node.position)
      checkShape(source, target)
      return [source]
    }
    guard let members = members(node, "a rule", keys: RuleWord.words) else { return [] }
    var words: [RuleWord: YAMLEntry] = [:]
    for (key, entry) in members { if let word = RuleWord(rawValue: key) { words[word] = entry } }
    // A mistyped 'from' is told already.
    return words.count == entries.count ? rule(words, at: node.position, of: target) : []
  }

  private mutating func rule(_ words: [RuleWord: YAMLEntry], at position: Position, of target: Target) -> [Source] {
    let origins = words.keys.filter { [.from, .sum, .const].contains($0) }
    guard origins.count == 1, let origin = origins.first, let node = words[origin]?.value else {
      error("a rule has one of 'from', 'sum' and 'const'", at: position)
      return []
    }
    checkUseless(words, origin)
    for word in RuleWord.allCases { words[word].map { checkRestriction(of: word, target, for: $0) } }
    var template = Source(path: nil, position: node.position)
    readTransforms(words, &template)
    readContentWords(words, &template)
    template.when = words[.when].flatMap { condition($0.value) }
    switch origin {
    case .const:
      template.const = literal(node, "'const'")
      template.const.map { checkFits($0, target, at: node.position) }
      return template.const == nil ? [] : [template]
    case .sum:
      template.sum = paths(node, "'sum'").map(\.value)
      template.minus = words[.minus].map { paths($0.value, "'minus'").map(\.value) } ?? []
      return template.sum.isEmpty ? [] : [template]
    default: return spread(template, over: paths(node, "'from'"), words[.fallback], target)
    }
  }

  /// One source for each path of `from`; only the last has the default, or the others would never be tried.
  private mutating func spread(
    _ template: Source, over paths: [Located<Path>], _ fallback: YAMLEntry?, _ target: Target
  ) -> [Source] {
    var sources = paths.map { path -> Source in
      var source = template
      source.path = path.value
      source.position = path.position
      return source
    }
    sources.forEach { checkShape($0, target) }
    if let fallback, let value = literal(fallback.value, "'default'") {
      checkFits(value, target, at: fallback.value.position)
      if let last = sources.indices.last { sources[last].fallback = value }
    }
    return sources
  }

  private mutating func readTransforms(_ words: [RuleWord: YAMLEntry], _ source: inout Source) {
    if let entry = words[.map] { source.table = table(of: entry) }
    if let entry = words[.unit] { source.unit = choice(entry.value, "unit", of: TimeUnit.self) }
    if let entry = words[.writtenIn] { source.writtenIn = choice(entry.value, "unit", of: TimeUnit.self) }
    if let entry = words[.take] { source.take = choice(entry.value, "choice of 'take'", of: Take.self) }
    if let entry = words[.split], let separator = text(entry.value, "'split'") {
      if separator.utf8.count == 1 {
        source.split = separator
      } else {
        error("'split' takes one ASCII character", at: entry.value.position)
      }
    }
    if let entry = words[.extract] { source.extract = pattern(entry.value) }
    if let entry = words[.sinceStart] { source.sinceStart = flag(entry.value, "'since_start'") ?? false }
    if let entry = words[.skip] { source.skip = literals(entry.value, "'skip'") }
    if let entry = words[.strip] { source.strip = texts(entry.value, "'strip'").filter { isAffix($0) }.map(\.value) }
  }

  private mutating func readContentWords(_ words: [RuleWord: YAMLEntry], _ source: inout Source) {
    source.unwrap = words[.unwrap].flatMap { text($0.value, "'unwrap'") }
    source.role = words[.role].flatMap { choice($0.value, "role", of: MessageRole.self) }
    if let entry = words[.prepend] { source.prepend = paths(entry.value, "'prepend'").map(\.value) }
  }

  private mutating func isAffix(_ text: Located<String>) -> Bool {
    let isGood =
      text.value.count > 1 && text.value.count { $0 == "*" } == 1
      && (text.value.hasPrefix("*") || text.value.hasSuffix("*"))
    if !isGood { error("'strip' takes 'text*' to cut a prefix or '*text' to cut a suffix", at: text.position) }
    return isGood
  }

  /// A table of values.yaml by its name, or one written in place.
  private mutating func table(of entry: YAMLEntry) -> ValueTable? {
    if case .map = entry.value.content { return table(entry.value, name: "", position: entry.value.position) }
    guard case .scalar = entry.value.content else {
      wrongKind(entry.value, "'map'", expected: "the name of a table or a map")
      return nil
    }
    guard let name = text(entry.value, "'map'") else { return nil }
    if let tables, !tables.contains(name) {
      let near = Suggestion.nearest(to: name, of: tables.sorted())
      error("no table '\(name)' in values.yaml", at: entry.value.position, suggestion: near)
      return nil
    }
    return ValueTable(name: name, entries: [], position: entry.value.position)
  }

  private mutating func pattern(_ node: YAMLNode) -> String? {
    guard let text = text(node, "'extract'") else { return nil }
    do {
      _ = try Pattern(text)
      return text
    } catch {
      self.error("not a pattern that can be used: \(error.description)", at: node.position)
      return nil
    }
  }
}
