/// redaction.yaml.
extension MappingReader {
  private static let patternKeys = ["pattern", "name"]

  mutating func readRedaction(_ root: YAMLNode) {
    guard let members = members(root, "redaction.yaml", keys: RedactionKey.words) else { return }
    if let entry = members["privacy"] {
      set.redaction.privacy = choice(entry.value, "privacy", of: Privacy.self) ?? .noContent
    }
    if let privacy = set.redactionSettings.privacy { set.redaction.privacy = privacy }
    if let entry = members["keep"] { set.redaction.keep = names(entry.value, "'keep'").map(\.value) }
    if let entry = members["rules"] { set.redaction.rules = redactionRules(entry.value) }
  }

  mutating func redactionRules(_ node: YAMLNode) -> [RedactionRule] {
    guard case .list(let elements) = node.content else {
      wrongKind(node, "'rules'", expected: "a list of rules")
      return []
    }
    var rules: [RedactionRule] = []
    for element in elements {
      if rules.count == RedactionLimits.rulesMax {
        error("redaction.yaml has at most \(RedactionLimits.rulesMax) rules", at: element.position)
        break
      }
      if let rule = redactionRule(element) { rules.append(rule) }
    }
    return rules
  }

  mutating func redactionRule(_ node: YAMLNode) -> RedactionRule? {
    guard let members = members(node, "a redaction rule", keys: RedactionRuleKey.words) else { return nil }
    guard let action = members["action"] else {
      // A mistyped 'action' is told already.
      if members.count == node.entryCount { error("this rule has no 'action': drop, mask or hash", at: node.position) }
      return nil
    }
    guard let action = choice(action.value, "action", of: RedactionAction.self) else { return nil }
    var rule = RedactionRule(action: action, position: members["action"]?.value.position ?? node.position)
    if let entry = members["name"], let name = text(entry.value, "'name'") {
      rule.name = Located(name, entry.value.position)
      if Side(rawValue: name) != nil {
        error("'\(name)' names a place in overlays; call the rule something else", at: entry.value.position)
      }
    }
    if let entry = members["properties"] { rule.properties = names(entry.value, "'properties'") }
    if let entry = members["dialects"] { rule.dialects = texts(entry.value, "'dialects'") }
    if let entry = members["services"] { rule.services = texts(entry.value, "'services'").map(\.value) }
    if let entry = members["match"] {
      emptyCheck(entry.value, "'match'")
      rule.matchers = entry.value.oneOrMany.compactMap { matcher($0) }
      // What is wrong in 'match' must not widen the rule to everything.
      if rule.matchers.isEmpty { return nil }
    } else if members["properties"] == nil {
      error(
        "this rule has neither 'properties' nor 'match', so it would take everything; 'privacy: no_content' does that",
        at: rule.position)
      return nil
    }
    checkUntouched(rule)
    return rule
  }

  /// Names of properties; a `*` may stand at the end.
  mutating func names(_ node: YAMLNode, _ what: String) -> [Located<String>] {
    texts(node, what).filter { name in
      guard name.value.dropLast().contains("*") else { return true }
      error("a '*' stands only at the end of a name, for all that begin so", at: name.position)
      return false
    }
  }

  private mutating func matcher(_ node: YAMLNode) -> RedactionMatcher? {
    guard case .map = node.content else {
      return choice(node, "preset", of: Preset.self).map { .preset($0) }
    }
    guard let members = members(node, "a pattern", keys: Self.patternKeys) else { return nil }
    guard let entry = members["pattern"] else {
      if members.count == node.entryCount { error("this has no 'pattern'", at: node.position) }
      return nil
    }
    guard let text = text(entry.value, "'pattern'") else { return nil }
    let name = members["name"].flatMap { self.text($0.value, "'name'") }
    do {
      let pattern = try Pattern(text, needsGroup: false)
      if pattern.isEmptyable {
        error("this pattern matches the empty text, so it is found everywhere", at: entry.value.position)
        return nil
      }
      return .pattern(text, name: name ?? "pattern")
    } catch {
      self.error("not a pattern that can be used: \(error.description)", at: entry.value.position)
      return nil
    }
  }

  /// Names that no rule may touch, and what would make one user of many.
  private mutating func checkUntouched(_ rule: RedactionRule) {
    for name in rule.properties {
      if EventNames.untouchable.contains(name.value) {
        error("'\(name.value)' cannot be redacted: PostHog needs it as it is", at: name.position)
      }
      if name.value == "distinct_id", rule.action != .hash {
        error(
          "'\(rule.action.rawValue)' would make one user of all; 'action: hash' hides who it is and keeps users apart",
          at: name.position)
      }
      checkKnown(name)
    }
  }

  /// A mistyped name would hide nothing, and nobody would see.
  private mutating func checkKnown(_ name: Located<String>) {
    guard let types, name.value.hasPrefix("$ai_"), !name.value.hasSuffix("*"), types[name.value] == nil,
      !EventNames.untouchable.contains(name.value), name.value != "$ai_error"
    else { return }
    if set.properties.contains(where: { $0.also.contains(name.value) }) { return }
    let near = Suggestion.nearest(to: name.value, of: types.keys.sorted() + ["$ai_error"])
    diagnostics.report(
      .warning, "no property '\(name.value)' in properties.yaml", at: name.position, suggestion: near)
  }

  /// What only shows when all files and settings are known.
  mutating func checkRedaction() {
    if let privacy = set.redactionSettings.privacy { set.redaction.privacy = privacy }
    let known = Set(set.dialects.map(\.name.value)).union(unreadDialects)
    checkRedactionTotals()
    for rule in set.redaction.rules {
      for name in rule.dialects where !known.contains(name.value) {
        let near = Suggestion.nearest(to: name.value, of: known.sorted())
        error("no dialect '\(name.value)': there is no '\(name.value).yaml'", at: name.position, suggestion: near)
      }
      guard set.redactionSettings.salt == nil else { continue }
      if rule.action == .hash {
        error(
          "a hash needs a salt, or it is guessed: set redaction.salt (HOGLET_REDACTION_SALT) to a secret text",
          at: rule.position)
      } else if rule.properties.isEmpty, rule.matchers.contains(where: { !$0.isSecret }) {
        diagnostics.report(
          .note,
          "distinct_id stays as it is even where this is found in it: it can only be hashed, and there is no "
            + "redaction.salt (HOGLET_REDACTION_SALT)", at: rule.position)
      }
    }
  }
}

extension MappingReader {
  /// What counts over all files: no rule and no pattern beyond a limit is left out in silence.
  private mutating func checkRedactionTotals() {
    if set.redaction.rules.count > RedactionLimits.rulesMax, let last = set.redaction.rules.last {
      error("overlays make more than \(RedactionLimits.rulesMax) redaction rules", at: last.position)
    }
    var patterns = 0
    var named: [String: Position] = [:]
    for rule in set.redaction.rules {
      let before = patterns
      patterns += rule.matchers.count { $0.isPattern }
      if before <= RedactionLimits.patternsMax, patterns > RedactionLimits.patternsMax {
        error("all rules together look for at most \(RedactionLimits.patternsMax) patterns", at: rule.position)
      }
      guard let name = rule.name else { continue }
      if let first = named[name.value] {
        error("a rule on line \(first.line) has the name '\(name.value)' already", at: name.position)
      }
      named[name.value] = name.position
    }
  }
}

extension RedactionMatcher {
  fileprivate var isPattern: Bool {
    if case .pattern = self { return true }
    return false
  }

  /// Found in text that nobody can guess.
  fileprivate var isSecret: Bool {
    if case .preset(let preset) = self { return preset == .keys || preset == .jwt }
    return false
  }
}
