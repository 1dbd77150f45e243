import Bytes
import Telemetry

/// The rules of a dialect and of those it extends, one a property, and an index that says which of them can have
/// something to say about a span: mapping a span costs what its attributes cost, however many rules there are.
final class CompiledDialect: Sendable {
  let facts: DialectFacts
  let kinds: [CompiledKind]
  let rules: [CompiledRule]
  /// The sources of all rules, rule after rule: what must be known to pass one over, and the whole.
  let heads: [SourceHead]
  let sources: [CompiledSource]
  let index: RuleIndex
  /// The rule of `distinct_id`.
  let identity: Int?
  /// For each property its rule; -1 for none.
  private let ruleOfProperty: [Int32]

  init(_ facts: DialectFacts, rules: [(property: Int, sources: [CompiledSource])], _ program: borrowing Program) {
    self.facts = facts
    kinds = facts.kinds
    var compiled: [CompiledRule] = []
    var sources: [CompiledSource] = []
    var index = RuleIndex(program)
    var ruleOfProperty = [Int32](repeating: -1, count: program.properties.count)
    let identity = program.known.distinctID
    for (number, rule) in rules.enumerated() {
      let property = program.properties[rule.property]
      // Whose event it is stands beside the properties.
      let events = rule.property == identity ? 0 : property.events
      let first = Int32(sources.count)
      sources += rule.sources
      compiled.append(
        CompiledRule(
          property: Int32(rule.property), events: events, inherits: property.inherits, isUsage: property.isUsage,
          sources: first..<Int32(sources.count)))
      index.add(number, property, events: events)
      ruleOfProperty[rule.property] = Int32(number)
      for source in rule.sources { index.add(number, source, program) }
    }
    index.addFamilies(program)
    self.rules = compiled
    self.ruleOfProperty = ruleOfProperty
    self.sources = sources
    self.index = index
    heads = sources.map { SourceHead($0) }
    self.identity = rules.firstIndex { $0.property == identity }
  }

  /// The rule that fills a property.
  func rule(of property: Int) -> CompiledRule? {
    let number = ruleOfProperty[property]
    return number < 0 ? nil : rules[Int(number)]
  }
}

/// Plain numbers, because most rules have nothing to say about a span, and counting references for each of them took
/// longer than that.
struct CompiledRule: Sendable {
  let property: Int32
  /// The events that carry the property, as `CompiledProperty.events`.
  let events: UInt8
  let inherits: Bool
  /// As `CompiledProperty.isUsage`.
  let isUsage: Bool
  /// A run of the dialect's sources.
  let sources: Range<Int32>
}

/// Where a source looks, as far as that tells that it finds nothing.
struct SourceHead: Sendable {
  enum Reach: UInt8, Sendable {
    /// An attribute as it stands.
    case plain
    /// An attribute that conditions, pointers, tables or words change.
    case attribute
    /// An attribute of the resource, the span's name and its duration, as they stand.
    case resource, spanName, duration
    case log, event, other
  }

  let reach: Reach
  /// The attribute's slot; -1 for other places.
  let slot: Int32
  /// The resource's slot.
  let resourceSlot: Int32
  /// The span's status without which the source says nothing.
  let status: StatusCode?

  init(_ source: CompiledSource) {
    if case .status(let status)? = source.when { self.status = status } else { status = nil }
    if case .attribute(let slot)? = source.path?.place { self.slot = Int32(slot) } else { slot = -1 }
    if case .resource(let slot)? = source.path?.place { resourceSlot = Int32(slot) } else { resourceSlot = -1 }
    guard let path = source.path, source.const == nil, source.fallback == nil, source.words?.sum.isEmpty != false else {
      reach = .other
      return
    }
    let isPlain =
      path.pointer.isEmpty && source.when == nil && source.words == nil && source.table == nil
      && source.writtenIn == nil
    reach =
      switch path.place {
      case .attribute: isPlain ? .plain : .attribute
      case .resource where isPlain: .resource
      case .spanName where isPlain: .spanName
      case .spanDuration where isPlain: .duration
      case .log: .log
      case .event: .event
      default: .other
      }
  }
}

/// Which rules of a dialect can find something in a span, by what the span has.
struct RuleIndex: Sendable {
  /// A set of rules, by number. All rules from the last bit on share it.
  typealias Rules = UInt128
  static let last = 127

  /// By the slot of an attribute that is there, its family included; and by the family of one that has no slot.
  private(set) var bySlot: [Rules]
  private(set) var byFamily: [Rules]
  /// Rules that look at more than attributes, by the span's status.
  private var always: (unset: Rules, ok: Rules, error: Rules) = (0, 0, 0)
  /// Rules that look at log records and span events.
  private(set) var logs: Rules = 0
  private(set) var spanEvents: Rules = 0
  /// Rules that may find with an ancestor what the span does not say.
  private(set) var inherited: Rules = 0
  /// Rules of properties that stay on the call.
  private(set) var usage: Rules = 0
  /// Rules of the properties that an event carries, by the event's place among all.
  private var carried: (Rules, Rules, Rules, Rules, Rules) = (0, 0, 0, 0, 0)

  init(_ program: borrowing Program) {
    bySlot = Array(repeating: 0, count: program.slots.count)
    byFamily = Array(repeating: 0, count: program.families.count)
  }

  static func bit(_ rule: Int) -> Rules { 1 << Rules(min(rule, last)) }

  func always(_ status: StatusCode) -> Rules {
    switch status {
    case .unset: always.unset
    case .ok: always.ok
    case .error: always.error
    }
  }

  func carried(by event: EventName) -> Rules {
    switch event {
    case .generation: carried.0
    case .embedding: carried.1
    case .span: carried.2
    case .trace: carried.3
    case .evaluation: carried.4
    }
  }

  mutating func add(_ rule: Int, _ property: CompiledProperty, events: UInt8) {
    let bit = Self.bit(rule)
    if property.inherits { inherited |= bit }
    if property.isUsage { usage |= bit }
    if events & EventName.generation.bit != 0 { carried.0 |= bit }
    if events & EventName.embedding.bit != 0 { carried.1 |= bit }
    if events & EventName.span.bit != 0 { carried.2 |= bit }
    if events & EventName.trace.bit != 0 { carried.3 |= bit }
    if events & EventName.evaluation.bit != 0 { carried.4 |= bit }
  }

  /// Files a rule under what one of its sources needs.
  mutating func add(_ rule: Int, _ source: CompiledSource, _ program: borrowing Program) {
    let status: StatusCode? = if case .status(let status)? = source.when { status } else { nil }
    guard source.const == nil, source.fallback == nil else { return add(rule, always: status) }
    if let sum = source.words?.sum, !sum.isEmpty {
      for path in sum { add(rule, path.place, status, program) }
    } else if let path = source.path {
      add(rule, path.place, status, program)
    }
  }

  private mutating func add(
    _ rule: Int, _ place: CompiledPath.Place, _ status: StatusCode?, _ program: borrowing Program
  ) {
    let bit = Self.bit(rule)
    switch place {
    case .attribute(let slot): bySlot[slot] |= bit
    case .gather(let family), .object(let family):
      // An attribute belongs to the longest family only, but to those around it too.
      for inner in program.families.indices where program.families[inner].starts(with: program.families[family]) {
        byFamily[inner] |= bit
      }
    case .log: logs |= bit
    case .event: spanEvents |= bit
    default: add(rule, always: status)
    }
  }

  /// To be called once all rules are filed.
  mutating func addFamilies(_ program: borrowing Program) {
    for slot in bySlot.indices {
      let name = program.slots.name(slot)
      if let family = program.families.firstIndex(where: { name.starts(with: $0) }) { bySlot[slot] |= byFamily[family] }
    }
  }

  private mutating func add(_ rule: Int, always status: StatusCode?) {
    let bit = Self.bit(rule)
    if status ?? .unset == .unset { always.unset |= bit }
    if status ?? .ok == .ok { always.ok |= bit }
    if status ?? .error == .error { always.error |= bit }
  }
}
