import Bytes
import Telemetry

extension Program {
  /// Compiles a checked set. What a check would have refused (unknown names, cycles) is left out, never trapped on.
  package init(_ set: MappingSet) {
    var compiler = ProgramCompiler(set: set)
    self = compiler.compile()
  }
}

/// Turns names into numbers: properties, attribute slots, families, tables.
struct ProgramCompiler {
  let set: MappingSet
  var program = Program()
  var propertyNumbers: [String: Int] = [:]
  var tableNumbers: [String: Int] = [:]

  init(set: MappingSet) { self.set = set }

  mutating func compile() -> Program {
    program.origins.files = set.files
    declareProperties()
    for table in set.tables { tableNumbers[table.name] = add(table) }
    collectFamilies()
    // Slots are given out while rules are compiled, so what is indexed by slot comes after all of them.
    let compiled = set.order.compactMap { name in
      set.dialects.first { $0.name.value == name.value }.map { compile($0) }
    }
    program.dialects = compiled.map { CompiledDialect($0.facts, rules: $0.rules, program) }
    program.matches = MatchIndex(program)
    program.redaction = RedactionProgram(
      set.redaction, salt: set.redactionSettings.salt, dialects: program.dialectNames)
    return program
  }

  /// What the event writer gives every event itself. The last one would make PostHog map the event again.
  private static let written = [
    "$ai_trace_id", "$ai_span_id", "$ai_parent_id", "$ai_span_type", "$ai_duplicate_of", "$ai_target_event_id",
    "$ai_target_event_type", "$ai_is_error", "$ai_error", "$ai_truncated",
    "$lib",
    "$lib_version", "$ai_ingestion_source",
  ]

  private mutating func declareProperties() {
    for name in Self.written + set.properties.flatMap({ [$0.name] + $0.also }) { _ = program.reserved.intern(name) }
    let inherited = Set(set.trace.inherit.map(\.value))
    let usage = Set(set.trace.usage.map(\.value))
    for declared in set.properties where propertyNumbers[declared.name] == nil {
      propertyNumbers[declared.name] = program.properties.count
      let label = program.labels.add(Self.label(declared.name))
      let first = Int32(program.furtherLabels.count)
      for name in declared.also { program.furtherLabels.append(program.labels.add(Self.label(name))) }
      program.properties.append(
        CompiledProperty(
          declared, number: program.properties.count, label: label,
          further: first..<Int32(program.furtherLabels.count),
          parameter: declared.parameter.map { program.labels.add(Self.label($0)) } ?? .empty,
          inherits: inherited.contains(declared.name), isUsage: usage.contains(declared.name)))
      program.propertyNames.append(declared.name)
    }
    program.known = KnownProperties(propertyNumbers)
    program.relations = CompiledRelations(
      inherit: set.trace.inherit.compactMap { propertyNumbers[$0.value] },
      usage: set.trace.usage.compactMap { propertyNumbers[$0.value] },
      failures: set.trace.failures.compactMap { propertyNumbers[$0.value] },
      same: set.trace.same.flatMap { propertyNumbers[$0.value] },
      nested: set.trace.nested.flatMap { propertyNumbers[$0.value] },
      content: set.trace.content.compactMap { propertyNumbers[$0.value] },
      callRecords: set.trace.callRecords.map { Self.pattern($0.value) },
      evaluationRecords: set.trace.evaluationRecords.map { Self.pattern($0.value) },
      stepRecords: set.trace.stepRecords.map { Self.pattern($0.value) },
      recordSame: set.trace.recordSame.compactMap { propertyNumbers[$0.value] },
      recordTrace: set.trace.recordTrace.flatMap { propertyNumbers[$0.value] },
      hasSecondaries: set.dialects.contains(where: \.isSecondary))
  }

  /// `"name":`
  private static func label(_ name: String) -> [UInt8] {
    var out = ByteBuffer()
    out.appendJSONString(name)
    out.append(UInt8(ascii: ":"))
    return out.array()
  }

  private mutating func add(_ table: ValueTable) -> Int {
    var compiled = CompiledTable()
    for entry in table.entries {
      let number = compiled.keys.intern(entry.key.lowercased())
      if number == compiled.values.count { compiled.values.append(Array(entry.value.utf8)) }
    }
    program.tables.append(compiled)
    return program.tables.count - 1
  }

  /// Families are known before any path is compiled, longest first, so that the most specific one takes an attribute.
  private mutating func collectFamilies() {
    var families = Set<String>()
    func visit(_ path: Path) { if path.shape != .single { families.insert(path.name) } }
    for dialect in set.dialects {
      let rules = (dialect.properties + dialect.lastRules).map(\.sources) + [dialect.error?.messages.sources ?? []]
      for source in rules.joined() {
        let paths =
          [source.path].compactMap(\.self) + source.sum + source.minus + source.prepend + (source.when?.paths ?? [])
        paths.forEach(visit)
      }
      dialect.match?.paths.forEach(visit)
      dialect.error?.when?.value.paths.forEach(visit)
      for kind in dialect.kinds { kind.paths.forEach(visit) }
    }
    program.families = families.map { Array($0.utf8) }.sorted {
      ($1.count, $0.lexicographic) < ($0.count, $1.lexicographic)
    }
  }

  private typealias Rules = [(property: Int, sources: [CompiledSource])]

  private mutating func compile(_ dialect: Dialect) -> (facts: DialectFacts, rules: Rules) {
    let chain = chain(of: dialect)
    var compiled = DialectFacts(name: dialect.name.value, match: dialect.match.map { condition($0) } ?? .never)
    var origins = DialectOrigins(match: dialect.matchPosition)
    compiled.isSecondary = dialect.isSecondary
    for link in chain {
      for kind in link.kinds {
        let made = kinds(kind)
        compiled.kinds += made
        origins.kinds += made.map { _ in kind.position }
      }
      addErrors(of: link, to: &compiled, &origins)
      addConstants(of: link, to: &compiled, &origins)
      for name in link.drop { add(drop: name, to: &compiled, &origins) }
    }
    let rules = rules(of: chain)
    origins.rules = rules.map { rule in rule.sources.map { SourceOrigin($0) } }
    program.origins.dialects.append(origins)
    return (compiled, rules.map { rule in (rule.property, rule.sources.map { self.source($0) }) })
  }

  /// What a dialect and those it extends say of each property, in the order in which it is asked.
  private func rules(of chain: [Dialect]) -> [(property: Int, sources: [Source])] {
    var rules: [(property: Int, sources: [Source])] = []
    var numbers: [Int: Int] = [:]
    var last: [Int: [Source]] = [:]
    var finished = Set<Int>()
    func add(_ sources: [Source], _ property: Int) {
      if let known = numbers[property] {
        rules[known].sources += sources
      } else {
        numbers[property] = rules.count
        rules.append((property, native(property) + sources))
      }
    }
    for link in chain {
      for rule in link.lastRules {
        guard let property = propertyNumbers[rule.property.value], !finished.contains(property) else { continue }
        last[property, default: []] += rule.sources
      }
      for rule in link.properties {
        guard let property = propertyNumbers[rule.property.value], !finished.contains(property) else { continue }
        add(rule.sources, property)
        if rule.isFinal { finished.insert(property) }
      }
    }
    for property in program.properties.indices {
      add(last[property] ?? [], property)
    }
    return rules.filter { !$0.sources.isEmpty }
  }

  /// An application may set PostHog's own properties itself; they win over every rule.
  private func native(_ property: Int) -> [Source] {
    let name = program.propertyNames[property]
    guard name.hasPrefix("$") else { return [] }
    return [Source(path: Path(name: name), position: SourceOrigin.application)]
  }

  /// The dialect, what it extends, and so on.
  private func chain(of dialect: Dialect) -> [Dialect] {
    var chain = [dialect]
    while let name = chain[chain.count - 1].extends?.value,
      let next = set.dialects.first(where: { $0.name.value == name }),
      !chain.contains(where: { $0.name.value == name })
    {
      chain.append(next)
    }
    return chain
  }

  private mutating func addErrors(
    of dialect: Dialect, to compiled: inout DialectFacts, _ origins: inout DialectOrigins
  ) {
    guard let error = dialect.error else { return }
    if let when = error.when {
      compiled.failures.append(condition(when.value))
      origins.failures.append(when.position)
    }
    if origins.errorIsFinal { return }
    origins.errorIsFinal = error.messages.isFinal
    for source in error.messages.sources {
      compiled.errorMessages.append(self.source(source))
      origins.errorMessages.append(SourceOrigin(source))
    }
  }

  private mutating func addConstants(
    of dialect: Dialect, to compiled: inout DialectFacts, _ origins: inout DialectOrigins
  ) {
    for constant in dialect.constants where origins.decided.insert(constant.name.value).inserted {
      guard let value = constant.value else { continue }
      if constant.name.value == Switch.cacheReporting.rawValue {
        compiled.cacheExclusive = value == .string("exclusive")
        continue
      }
      guard let property = propertyNumbers[constant.name.value] else { continue }
      var out = ByteBuffer()
      let further = program.properties[property].further
      for label in [program.properties[property].label] + further.map({ program.furtherLabels[Int($0)] }) {
        program.labels.append(label, to: &out)
        out.append(value)
        out.append(UInt8(ascii: ","))
      }
      compiled.constants.append((property, program.labels.add(out.array())))
      origins.constants.append(constant.name.position)
    }
  }

  private func add(drop entry: Located<String>, to compiled: inout DialectFacts, _ origins: inout DialectOrigins) {
    let name = entry.value
    let isPrefix = name.hasSuffix("*")
    let text = isPrefix ? String(name.drop { $0 == "*" }.reversed().drop { $0 == "*" }.reversed()) : name
    if text.hasPrefix("resource:") {
      compiled.dropResource.append((Array(text.dropFirst("resource:".count).utf8), isPrefix))
    } else {
      compiled.drop.append((Array(text.utf8), isPrefix))
      origins.drops.append(entry.position)
    }
  }

  private mutating func kinds(_ rule: KindRule) -> [CompiledKind] {
    switch rule {
    case .when(let condition, let kind, _): return [.when(self.condition(condition), kind)]
    case .by(let paths, let map, _):
      program.kindTables.append(Self.table(map))
      return paths.map { path in
        program.paths.append(self.path(path))
        return .by(path: Int32(program.paths.count - 1), table: Int32(program.kindTables.count - 1))
      }
    }
  }

  private static func table(_ entries: [(value: String, kind: Kind)]) -> KindTable {
    var table = KindTable()
    // The first of equal values counts.
    for entry in entries where table.values.intern(entry.value.lowercased()) == table.kinds.count {
      table.kinds.append(entry.kind)
    }
    return table
  }

  private mutating func source(_ source: Source) -> CompiledSource {
    var words: SourceWords?
    let pattern = source.extract.flatMap { add(pattern: $0) }
    if source.split != nil || source.unwrap != nil || source.role != nil || !source.prepend.isEmpty
      || !source.strip.isEmpty || !source.skip.isEmpty || pattern != nil || !source.sum.isEmpty || source.sinceStart
      || source.take != nil
    {
      words = SourceWords(
        split: source.split?.utf8.first, unwrap: source.unwrap.map { Array($0.utf8) },
        role: source.role.map { Message.Role($0) }, prepend: source.prepend.map { path($0) },
        strip: source.strip.map { Self.affix($0) }, skip: source.skip.map(\.bytes), pattern: pattern,
        sum: source.sum.map { path($0) }, minus: source.minus.map { path($0) }, sinceStart: source.sinceStart,
        take: source.take)
    }
    var table: Int?
    if let named = source.table {
      table = named.entries.isEmpty ? tableNumbers[named.name] : add(named)
    }
    return CompiledSource(
      path: source.path.map { path($0) }, when: source.when.map { condition($0) }, table: table, unit: source.unit,
      writtenIn: source.writtenIn, words: words, const: source.const, fallback: source.fallback)
  }

  private mutating func add(pattern text: String) -> Int? {
    guard let pattern = try? Pattern(text) else { return nil }
    program.patterns.append(pattern)
    return program.patterns.count - 1
  }

  /// `text*` strips a prefix, `*text` a suffix.
  private static func affix(_ text: String) -> (bytes: [UInt8], isPrefix: Bool) {
    if text.hasPrefix("*") { return (Array(text.dropFirst().utf8), false) }
    return (Array((text.hasSuffix("*") ? String(text.dropLast()) : text).utf8), true)
  }

  mutating func condition(_ condition: Condition) -> CompiledCondition {
    switch condition {
    case .any(let parts): any(parts.map { self.condition($0) })
    case .all(let parts): .all(run(of: parts.map { self.condition($0) }))
    case .not(let part): .not(run(of: [self.condition(part)]).lowerBound)
    case .present(let path): present(path)
    case .equals(let path, let values) where path.place == .span && path.name == "status":
      any(values.compactMap { status($0) })
    case .equals(let path, let values): .equals(comparison(path, values.map(\.bytes)))
    case .prefix(let path, let values): .prefix(comparison(path, values.map { Array($0.utf8) }))
    case .suffix(let path, let values): .suffix(comparison(path, values.map { Array($0.utf8) }))
    case .atLeast(let path, let version): .atLeast(comparison(path, [Array(version.utf8)]))
    case .below(let path, let version): .below(comparison(path, [Array(version.utf8)]))
    }
  }

  private mutating func any(_ parts: [CompiledCondition]) -> CompiledCondition {
    parts.count == 1 ? parts[0] : .any(run(of: parts))
  }

  private mutating func run(of parts: [CompiledCondition]) -> Range<Int32> {
    let first = Int32(program.conditions.count)
    program.conditions += parts
    return first..<Int32(program.conditions.count)
  }

  private mutating func present(_ path: Path) -> CompiledCondition {
    let compiled = self.path(path)
    if case .attribute(let slot) = compiled.place, compiled.pointer.isEmpty { return .has(Int32(slot)) }
    program.paths.append(compiled)
    return .present(Int32(program.paths.count - 1))
  }

  private mutating func comparison(_ path: Path, _ texts: [[UInt8]]) -> TextTest {
    let compiled = self.path(path)
    let first = Int32(program.texts.count)
    for text in texts { program.texts.append(program.labels.add(text)) }
    program.paths.append(compiled)
    let short: TextTest.Short =
      switch compiled.place {
      case .attribute(let slot) where compiled.pointer.isEmpty: .attribute(slot: Int32(slot))
      case .spanName: .spanName
      default: .none
      }
    return TextTest(
      path: Int32(program.paths.count - 1), short: short, texts: first..<Int32(program.texts.count))
  }

  private func status(_ value: Literal) -> CompiledCondition? {
    switch value {
    case .string("error"): .status(.error)
    case .string("ok"): .status(.ok)
    case .string("unset"): .status(.unset)
    default: nil
    }
  }

  mutating func path(_ path: Path) -> CompiledPath {
    let steps = path.pointer.map { step -> CompiledPath.Step in
      if step == "*" { return .each }
      if let index = Int(step) { return .index(index) }
      return .member(Array(step.utf8))
    }
    return CompiledPath(place: place(path), pointer: steps)
  }

  private mutating func place(_ path: Path) -> CompiledPath.Place {
    switch path.place {
    case .attribute:
      switch path.shape {
      case .single: .attribute(program.slots.intern(path.name))
      case .gather: .gather(program.families.firstIndex(of: Array(path.name.utf8)) ?? 0)
      case .object: .object(program.families.firstIndex(of: Array(path.name.utf8)) ?? 0)
      }
    case .resource: .resource(program.resourceSlots.intern(path.name))
    case .scope:
      switch path.name {
      case "name": .scopeName
      case "version": .scopeVersion
      case "schema_url": .scopeSchemaURL
      default: .scope(program.scopeSlots.intern(path.name))
      }
    case .span:
      switch path.name {
      case "name": .spanName
      case "kind": .spanKind
      case "status": .spanStatus
      case "status_message": .spanStatusMessage
      default: .spanDuration
      }
    case .event(let name): .event(Self.pattern(name), field: Self.field(path.name))
    case .log(let name): .log(Self.pattern(name), field: Self.field(path.name))
    }
  }

  private static func field(_ name: String) -> CompiledPath.Field {
    if name.isEmpty { return .whole }
    return name == "body" ? .body : .attribute(Array(name.utf8))
  }

  private static func pattern(_ name: String) -> NamePattern {
    let parts = name.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return NamePattern(prefix: Array(name.utf8), suffix: [], isExact: true) }
    return NamePattern(prefix: Array(parts[0].utf8), suffix: Array(parts[1].utf8), isExact: false)
  }
}

extension EventName {
  /// The bit that stands for this event in `CompiledProperty.events`.
  var bit: UInt8 {
    switch self {
    case .generation: 1
    case .embedding: 2
    case .span: 4
    case .trace: 8
    case .evaluation: 16
    }
  }
}

extension Literal {
  /// The value as text.
  var bytes: [UInt8] {
    switch self {
    case .string(let text): Array(text.utf8)
    case .int(let value): Array(String(value).utf8)
    case .number(let value): Array(value.description.utf8)
    case .bool(let value): Array((value ? "true" : "false").utf8)
    }
  }
}

extension ByteBuffer {
  /// Appends a literal as JSON.
  mutating func append(_ literal: Literal) {
    switch literal {
    case .string(let text): appendJSONString(text)
    case .int(let value): appendDecimal(value)
    case .number(let value): appendJSONNumber(value)
    case .bool(let value): append(value ? "true" : "false")
    }
  }
}

extension Condition {
  /// Every path that the condition reads.
  var paths: [Path] {
    switch self {
    case .any(let parts), .all(let parts): parts.flatMap(\.paths)
    case .not(let part): part.paths
    case .present(let path), .equals(let path, _), .prefix(let path, _), .suffix(let path, _), .atLeast(let path, _),
      .below(let path, _):
      [path]
    }
  }
}

extension KindRule {
  var position: Position {
    switch self {
    case .when(_, _, let position), .by(_, _, let position): position
    }
  }

  var paths: [Path] {
    switch self {
    case .when(let condition, _, _): condition.paths
    case .by(let paths, _, _): paths
    }
  }
}

extension [UInt8] {
  /// For sorting.
  fileprivate var lexicographic: String { String(decoding: self, as: UTF8.self) }
}
