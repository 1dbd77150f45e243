/// What a rule may say that makes no sense for its property, or together.
extension MappingReader {
  /// `unit` and its like need a property of certain types.
  mutating func checkRestriction(of word: RuleWord, _ target: Target, for entry: YAMLEntry) {
    guard let actual = target.type, let (types, why) = word.restriction, !types.contains(actual) else { return }
    let message = "'\(entry.key.value)' \(why), but '\(target.name)' is of type \(actual.rawValue)"
    error(message, at: entry.key.position)
  }

  /// Words that the others leave without effect.
  mutating func checkUseless(_ words: [RuleWord: YAMLEntry], _ origin: RuleWord) {
    var allowed: Set<RuleWord> = Set(RuleWord.allCases)
    var reason = origin
    switch origin {
    case .const: allowed = [origin, .when]
    case .sum: allowed = [origin, .minus, .when, .unit, .writtenIn]
    default:
      if let entry = words[.minus] {
        error("'minus' takes away from a 'sum', and there is none", at: entry.key.position)
      }
      guard words[.sinceStart] != nil else { return }
      allowed = [.from, .sinceStart, .unit, .writtenIn, .when, .fallback]
      reason = .sinceStart
    }
    for (word, entry) in words where !allowed.contains(word) {
      error("'\(word.rawValue)' has no effect beside '\(reason.rawValue)'", at: entry.key.position)
    }
  }

  /// A family, or all events of a name, are no scalar.
  mutating func checkShape(_ source: Source, _ target: Target) {
    guard let path = source.path, let type = target.type, type.isScalar else { return }
    guard path.pointer.isEmpty, source.take == nil, source.unwrap == nil, !source.sinceStart else { return }
    switch (path.place, path.shape) {
    case (_, .gather), (_, .object):
      let what = path.shape == .gather ? "gathers a list" : "gathers an object"
      error("'\(path)' \(what), but '\(target.name)' is of type \(type.rawValue)", at: source.position)
    case (.event, _) where path.name.isEmpty, (.log, _) where path.name.isEmpty:
      let message =
        "'\(path)' is a list of records, but '\(target.name)' is of type \(type.rawValue): name an attribute"
      error("\(message) with '#'", at: source.position)
    default: return
    }
  }

  /// A constant of the wrong type would never convert.
  mutating func checkFits(_ value: Literal, _ target: Target, at position: Position) {
    guard let type = target.type else { return }
    let fits =
      switch (type, value) {
      case (.int, .int), (.bool, .bool): true
      case (.number, .int), (.number, .number), (.seconds, .int), (.seconds, .number), (.money, .int),
        (.money, .number):
        true
      case (.int, _), (.bool, _), (.number, _), (.seconds, _), (.money, _): false
      case (.tools, _), (.object, _): false
      default: true
      }
    if !fits { error("this value is not of type \(type.rawValue), as '\(target.name)' is", at: position) }
  }

  /// A source behind one that always wins over it.
  mutating func warnOfUselessSources(_ sources: [Source]) {
    for (index, source) in sources.enumerated() {
      for earlier in sources[..<index] {
        let reason: String
        if earlier.alwaysWins {
          reason = "a constant stands before it in line \(earlier.position.line)"
        } else if earlier.wins(over: source) {
          reason = "the same is read before it, in line \(earlier.position.line)"
        } else {
          continue
        }
        diagnostics.report(.warning, "this can never win: \(reason)", at: source.position)
        break
      }
    }
  }
}

extension PropertyType {
  /// One value, no list or object.
  var isScalar: Bool {
    switch self {
    case .string, .int, .number, .bool, .seconds, .money, .id: true
    case .json, .messages, .tools, .object: false
    }
  }
}

extension Source {
  /// Whether it gives a value whatever the span has.
  fileprivate var alwaysWins: Bool { when == nil && (const != nil || fallback != nil) }

  /// Whether a value that is there can turn out to be none.
  private var canRefuse: Bool {
    when != nil || extract != nil || sinceStart || unwrap != nil || take != nil || table != nil || !skip.isEmpty
      || !strip.isEmpty
  }

  /// Whether the other source is never reached where this one stands before it: it reads the same and takes whatever is
  /// there, or both say the same.
  fileprivate func wins(over other: Source) -> Bool {
    guard path == other.path, sum == other.sum, minus == other.minus else { return false }
    if !canRefuse, path != nil { return true }
    let tablesAgree =
      table?.name == other.table?.name
      && (table?.entries ?? []).elementsEqual(other.table?.entries ?? [], by: ==)
    return tablesAgree && when == other.when && extract == other.extract && sinceStart == other.sinceStart
      && unwrap == other.unwrap && take == other.take && skip == other.skip && strip == other.strip
      && const == other.const
  }
}
