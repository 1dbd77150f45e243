/// What only shows when all files are read: names that lead nowhere, dialects never reached, properties never filled.
extension MappingReader {
  /// Properties that the mapper computes or takes from attributes of the same name, without any rule.
  static let filledWithoutRule: Set<String> = [
    "$ai_total_tokens", "$ai_model_parameters", "$ai_cache_reporting_exclusive", "$process_person_profile",
    "$geoip_disable",
  ]

  mutating func check() {
    checkExtends()
    checkCycles()
    if hasOrder { checkOrder() }
    checkShadows()
    checkRedaction()
    if diagnostics.errorCount == 0 { noteUnfilled() }
  }

  private func dialect(_ name: String) -> Dialect? { set.dialects.first { $0.name.value == name } }

  private mutating func checkExtends() {
    let names = Set(set.dialects.map(\.name.value)).union(unreadDialects)
    for dialect in set.dialects {
      guard let base = dialect.extends, !names.contains(base.value) else { continue }
      let near = Suggestion.nearest(to: base.value, of: names.subtracting([dialect.name.value]).sorted())
      error(
        "no dialect '\(base.value)' to extend: there is no '\(base.value).yaml'", at: base.position, suggestion: near)
    }
  }

  /// Each cycle is told once, in the file that comes first.
  private mutating func checkCycles() {
    var told: Set<String> = []
    for dialect in set.dialects where !told.contains(dialect.name.value) {
      var chain = [dialect.name.value]
      while let next = self.dialect(chain[chain.count - 1])?.extends, !told.contains(next.value) {
        guard let start = chain.firstIndex(of: next.value) else {
          chain.append(next.value)
          continue
        }
        // A cycle further on is told when its own first file is reached.
        if start == 0, let place = dialect.extends?.position {
          error("these extend each other: \((chain + [next.value]).joined(separator: " → "))", at: place)
          told.formUnion(chain)
        }
        break
      }
    }
  }

  private mutating func checkOrder() {
    let known = Set(set.dialects.map(\.name.value))
    for name in set.order {
      if known.contains(name.value) {
        guard let found = dialect(name.value), found.match == nil, diagnostics.errorCount == 0 else { continue }
        let message = "dialect '\(name.value)' has no 'match', so it is never chosen"
        diagnostics.report(.warning, message, at: name.position)
      } else if !unreadDialects.contains(name.value) {
        let near = Suggestion.nearest(to: name.value, of: known.sorted())
        error("no dialect '\(name.value)': there is no '\(name.value).yaml'", at: name.position, suggestion: near)
      }
    }
    guard unreadDialects.isEmpty else { return }
    let listed = Set(set.order.map(\.value))
    let bases = Set(set.dialects.compactMap(\.extends?.value))
    for dialect in set.dialects where !listed.contains(dialect.name.value) {
      // What others extend needs no place of its own, unless it says how to recognise spans.
      if dialect.match == nil && bases.contains(dialect.name.value) { continue }
      let message = "dialect '\(dialect.name.value)' is not in dialects.yaml, so it is never chosen"
      diagnostics.report(.warning, message, at: dialect.name.position)
    }
  }

  private mutating func checkShadows() {
    let ordered = set.order.compactMap { name in dialect(name.value).map { (name, $0) } }
    for (index, (name, later)) in ordered.enumerated() {
      guard let match = later.match else { continue }
      for (_, earlier) in ordered[..<index] {
        guard let wider = earlier.match, Implication.holds(from: match, to: wider) else { continue }
        let message =
          "dialect '\(name.value)' is never reached: '\(earlier.name.value)' matches first, whatever it matches"
        diagnostics.report(.warning, message, at: name.position)
        break
      }
    }
  }

  private mutating func noteUnfilled() {
    var filled = Self.filledWithoutRule
    for dialect in set.dialects {
      let rules = dialect.properties + dialect.lastRules
      filled.formUnion(rules.filter { !$0.sources.isEmpty }.map(\.property.value))
      filled.formUnion(dialect.constants.filter { $0.value != nil }.map(\.name.value))
    }
    for property in set.properties where !filled.contains(property.name) {
      diagnostics.report(.note, "no dialect fills '\(property.name)'", at: property.position)
    }
  }
}
