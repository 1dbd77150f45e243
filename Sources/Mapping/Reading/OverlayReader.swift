/// A file of `overlays/`: small changes to one of the other files, which stays as it is.
struct OverlayFile {
  var root: YAMLNode
  var target: Located<String>
  var members: [OverlayKey: YAMLEntry]

  var kind: OverlayTarget { OverlayTarget(named: target.value) }
}

/// Overlays change what was read of the other files, in the order of their names: the last one wins.
extension MappingReader {
  /// Reads the file as far as it says what it changes.
  mutating func overlay(_ root: YAMLNode) -> OverlayFile? {
    guard let members = members(root, "an overlay", keys: OverlayKey.words) else { return nil }
    guard let entry = members[OverlayKey.overlay.rawValue] else {
      error("the first line of an overlay names what it changes: 'overlay: gen-ai'", at: root.position)
      return nil
    }
    guard let target = text(entry.value, "'overlay'") else { return nil }
    _ = members[OverlayKey.about.rawValue].flatMap { text($0.value, "'about'") }
    var overlay = OverlayFile(root: root, target: Located(target, entry.value.position), members: [:])
    for (name, entry) in members {
      guard let key = OverlayKey(rawValue: name) else { continue }
      if key.fits(overlay.kind) {
        overlay.members[key] = entry
      } else {
        error("'\(name)' is nothing that an overlay of '\(target)' can change", at: entry.key.position)
      }
    }
    return overlay
  }

  /// Changes to properties.yaml, which dialects are checked against.
  mutating func applyToProperties(_ overlay: OverlayFile) {
    guard let entry = overlay.members[.properties], let entries = entries(entry.value, "'properties'") else { return }
    var taken: [String: Int] = [:]
    for entry in entries { taken[entry.key.value] = entry.key.position.line }
    for entry in entries {
      let known = set.properties.firstIndex { $0.name == entry.key.value }
      if entry.value.isNone {
        guard let known else {
          error("there is no property '\(entry.key.value)' to take away", at: entry.key.position)
          continue
        }
        set.properties.remove(at: known)
        types?[entry.key.value] = nil
        continue
      }
      let declared = property(entry, &taken)
      types?[entry.key.value] = declared?.type ?? .json
      guard let declared else { continue }
      if let known { set.properties[known] = declared } else { set.properties.append(declared) }
    }
  }

  /// Changes to values.yaml.
  mutating func applyToTables(_ overlay: OverlayFile) {
    guard let entry = overlay.members[.tables], let entries = entries(entry.value, "'tables'") else { return }
    for entry in entries {
      tables?.insert(entry.key.value)
      guard let table = table(entry.value, name: entry.key.value, position: entry.key.position) else { continue }
      guard let known = set.tables.firstIndex(where: { $0.name == table.name }) else {
        set.tables.append(table)
        continue
      }
      for entry in table.entries {
        set.tables[known].entries.removeAll { $0.key.lowercased() == entry.key.lowercased() }
        set.tables[known].entries.append(entry)
      }
    }
  }

  /// Changes to dialects.yaml.
  mutating func applyToOrder(_ overlay: OverlayFile) {
    guard let entry = overlay.members[.order] else { return }
    guard let parts = parts(of: entry.value) else {
      set.order = names(entry.value)
      return
    }
    let before = parts[.before].map { names($0.value) } ?? []
    let after = parts[.after].map { names($0.value) } ?? []
    let moved = Set((before + after).map(\.value))
    set.order = before + set.order.filter { !moved.contains($0.value) } + after
  }

  /// Changes to a dialect.
  mutating func applyToDialect(_ overlay: OverlayFile) {
    guard let number = set.dialects.firstIndex(where: { $0.name.value == overlay.target.value }) else {
      guard !unreadDialects.contains(overlay.target.value) else { return }
      let known = set.dialects.map(\.name.value) + OverlayTarget.allCases.dropFirst().map(\.rawValue)
      error(
        "no dialect '\(overlay.target.value)' to change: there is no '\(overlay.target.value).yaml'",
        at: overlay.target.position, suggestion: Suggestion.nearest(to: overlay.target.value, of: known.sorted()))
      return
    }
    var dialect = set.dialects[number]
    if let entry = overlay.members[.match] { changeMatch(entry, &dialect) }
    if let entry = overlay.members[.kind] { changeKinds(entry, &dialect) }
    if let entry = overlay.members[.error] { dialect.error = entry.value.isNone ? nil : errorRule(entry.value) }
    if let entry = overlay.members[.properties] { changeRules(entry, &dialect) }
    if let entry = overlay.members[.constants] {
      let constants = constants(entry.value)
      let given = Set(constants.map(\.name.value))
      dialect.constants = constants + dialect.constants.filter { !given.contains($0.name.value) }
    }
    if let entry = overlay.members[.keep] {
      for name in drops(entry.value, "'keep'") {
        if !dialect.drop.contains(where: { $0.value == name.value }) {
          let near = Suggestion.nearest(to: name.value, of: dialect.drop.map(\.value))
          error(
            "'\(dialect.name.value)' does not drop '\(name.value)'; 'keep' takes away entries of its own 'drop'",
            at: name.position, suggestion: near)
        }
        dialect.drop.removeAll { $0.value == name.value }
      }
    }
    if let entry = overlay.members[.drop] { dialect.drop += drops(entry.value, "'drop'") }
    set.dialects[number] = dialect
  }

  private mutating func changeMatch(_ entry: YAMLEntry, _ dialect: inout Dialect) {
    dialect.matchPosition = entry.key.position
    if entry.value.isNone {
      dialect.match = nil
    } else if case .map(let entries) = entry.value.content, entries.count == 1,
      ["or", "and"].contains(entries[0].key.value)
    {
      guard let added = condition(entries[0].value) else { return }
      let known = dialect.match.map { [$0] } ?? []
      dialect.match = entries[0].key.value == "or" ? .any(known + [added]) : .all(known + [added])
    } else {
      dialect.match = condition(entry.value)
    }
  }

  private mutating func changeKinds(_ entry: YAMLEntry, _ dialect: inout Dialect) {
    guard let parts = parts(of: entry.value) else {
      dialect.kinds = kinds(entry.value)
      return
    }
    let before = parts[.before].map { kinds($0.value) } ?? []
    dialect.kinds = before + dialect.kinds + (parts[.after].map { kinds($0.value) } ?? [])
  }

  private mutating func changeRules(_ entry: YAMLEntry, _ dialect: inout Dialect) {
    guard let entries = entries(entry.value, "'properties'") else { return }
    for entry in entries {
      let target = Target(name: entry.key.value, type: declaredType(entry.key))
      var known = dialect.properties.firstIndex { $0.property.value == target.name }
      guard let parts = parts(of: entry.value) else {
        let rule = sources(entry.value, of: target)
        warnOfUselessSources(rule.sources)
        if rule.sources.isEmpty { warnIfNothing(is: target.name, entry.key.position, dialect) }
        let changed = PropertyRule(property: entry.key, sources: rule.sources, isFinal: rule.isFinal)
        if let known { dialect.properties[known] = changed } else { dialect.properties.append(changed) }
        if rule.isFinal { dialect.lastRules.removeAll { $0.property.value == target.name } }
        continue
      }
      if let before = parts[.before] {
        let rule = sources(before.value, of: target)
        if rule.isFinal { error("'none' takes a rule away; before one it has no meaning", at: before.value.position) }
        if known == nil {
          known = dialect.properties.count
          dialect.properties.append(PropertyRule(property: entry.key, sources: []))
        }
        if let known { dialect.properties[known].sources.insert(contentsOf: rule.sources, at: 0) }
      }
      if let after = parts[.after] {
        let rule = sources(after.value, of: target)
        if rule.isFinal { error("'none' takes a rule away; after one it has no meaning", at: after.value.position) }
        dialect.lastRules.append(PropertyRule(property: entry.key, sources: rule.sources))
      }
    }
  }

  /// A rule that is taken away should be there.
  private mutating func warnIfNothing(is name: String, _ position: Position, _ dialect: Dialect) {
    var link: Dialect? = dialect
    var steps = 0
    while let current = link, steps <= set.dialects.count {
      if current.properties.contains(where: { $0.property.value == name }) { return }
      link = current.extends.flatMap { base in set.dialects.first { $0.name.value == base.value } }
      steps += 1
    }
    diagnostics.report(
      .warning, "this takes nothing away: '\(dialect.name.value)' has no rule for '\(name)'", at: position)
  }

  // MARK: Before and after

  enum Side: String, CaseIterable { case before, after }

  /// `{before: …, after: …}`; nil if the node is something else.
  private func parts(of node: YAMLNode) -> [Side: YAMLEntry]? {
    guard case .map(let entries) = node.content, !entries.isEmpty else { return nil }
    var parts: [Side: YAMLEntry] = [:]
    for entry in entries {
      guard let side = Side(rawValue: entry.key.value) else { return nil }
      parts[side] = entry
    }
    return parts
  }
}
