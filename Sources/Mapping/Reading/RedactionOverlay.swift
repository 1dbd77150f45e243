/// Overlays of redaction.yaml.
extension MappingReader {
  mutating func applyToRedaction(_ overlay: OverlayFile) {
    if let entry = overlay.members[.privacy] {
      set.redaction.privacy = choice(entry.value, "privacy", of: Privacy.self) ?? .noContent
    }
    if let entry = overlay.members[.keep] { set.redaction.keep += names(entry.value, "'keep'").map(\.value) }
    guard let entry = overlay.members[.rules] else { return }
    guard case .map(let entries) = entry.value.content else {
      set.redaction.rules = redactionRules(entry.value)
      return
    }
    for entry in entries {
      switch Side(rawValue: entry.key.value) {
      case .before: set.redaction.rules = redactionRules(entry.value) + set.redaction.rules
      case .after: set.redaction.rules += redactionRules(entry.value)
      case nil: changeRedactionRule(entry)
      }
    }
  }

  /// Another rule in place of the one of that name, or none.
  private mutating func changeRedactionRule(_ entry: YAMLEntry) {
    let name = entry.key
    guard let known = set.redaction.rules.firstIndex(where: { $0.name?.value == name.value }) else {
      let names = set.redaction.rules.compactMap(\.name?.value)
      return error(
        "no redaction rule has the name '\(name.value)'; 'before' and 'after' add rules", at: name.position,
        suggestion: Suggestion.nearest(to: name.value, of: names))
    }
    if entry.value.isNone {
      set.redaction.rules.remove(at: known)
    } else if var rule = redactionRule(entry.value) {
      rule.name = rule.name ?? name
      set.redaction.rules[known] = rule
    }
  }
}
