import Bytes
import Telemetry

/// A compiled mapping set: flat, immutable, shared by every trace that takes it.
package struct Program: Sendable {
  /// The name and type of every property, by number.
  var properties: [CompiledProperty] = []
  /// Attribute names that some rule reads, by slot.
  var slots = KeyTable()
  /// Names that only the code writes, or that go out as further names of a property.
  var reserved = KeyTable()
  var resourceSlots = KeyTable()
  var scopeSlots = KeyTable()
  /// Prefixes of families (`gen_ai.prompt.`), longest first.
  var families: [[UInt8]] = []
  var tables: [CompiledTable] = []
  var patterns: [Pattern] = []
  var dialects: [CompiledDialect] = []
  /// Numbers of properties that the code itself fills or reads.
  var known = KnownProperties()

  package init() {}

  /// The names of the dialects, in the order in which they are tried.
  package var dialectNames: [String] { dialects.map(\.facts.name) }
}

/// A class, as are rules and sources: one reference to count where a struct of arrays would be copied field by field.
final class CompiledProperty: Sendable {
  let name: String
  let type: PropertyType
  /// `"name":`, and the same for every further name.
  let label: [UInt8]
  let furtherLabels: [[UInt8]]
  /// `"parameter":` inside `$ai_model_parameters`.
  let parameter: [UInt8]?
  /// A bit for each `EventName`, by its order.
  let events: UInt8
  /// Whether a span that does not say takes what its nearest ancestor says.
  let inherits: Bool
  /// Content is consumed from every source that has it; of scalars only the winner and its equals.
  let isContent: Bool
  /// Whether its messages are the model's.
  let isOutput: Bool
  /// What the code itself does with its value.
  let role: Role

  /// Properties that the code reads, beside writing them.
  enum Role: Sendable {
    case none, inputTokens, outputTokens, totalTokens, cacheRead, cacheWrite, cacheExclusive, modelParameters
    case processPersonProfile, geoIPDisable
  }

  init(
    name: String, type: PropertyType, labels: [[UInt8]], parameter: [UInt8]?, events: UInt8, inherits: Bool
  ) {
    self.name = name
    self.type = type
    role =
      switch name {
      case "$ai_input_tokens": .inputTokens
      case "$ai_output_tokens": .outputTokens
      case "$ai_total_tokens": .totalTokens
      case "$ai_cache_read_input_tokens": .cacheRead
      case "$ai_cache_creation_input_tokens": .cacheWrite
      case "$ai_cache_reporting_exclusive": .cacheExclusive
      case "$ai_model_parameters": .modelParameters
      case "$process_person_profile": .processPersonProfile
      case "$geoip_disable": .geoIPDisable
      default: .none
      }
    label = labels.first ?? []
    furtherLabels = Array(labels.dropFirst())
    self.parameter = parameter
    self.events = events
    self.inherits = inherits
    isOutput = name.hasPrefix("$ai_output")
    switch type {
    case .messages, .tools, .json, .object: isContent = true
    default: isContent = false
    }
  }
}

/// What a dialect says beside its rules.
struct DialectFacts: Sendable {
  var name: String
  var match: CompiledCondition
  var kinds: [CompiledKind] = []
  /// Constant properties, as complete JSON members.
  var constants: [(property: Int, json: [UInt8])] = []
  /// Whether input tokens leave cached ones out; nil if the dialect does not say.
  var cacheExclusive: Bool?
  /// Attribute names or prefixes that never go out; the flag says prefix.
  var drop: [(bytes: [UInt8], isPrefix: Bool)] = []
  var dropResource: [(bytes: [UInt8], isPrefix: Bool)] = []
}

final class CompiledDialect: Sendable {
  let facts: DialectFacts
  /// Rules of the dialect and of those it extends, one a property.
  let rules: [CompiledRule]
  /// What must be known of each rule to pass it over, and of all their sources, rule after rule: plain numbers, because
  /// most rules have nothing to say about a span, and counting references for each of them took longer than that.
  let heads: [RuleHead]
  let sourceHeads: [SourceHead]
  /// The rule of `distinct_id`.
  let identity: Int?

  init(_ facts: DialectFacts, rules: [CompiledRule], _ program: borrowing Program) {
    self.facts = facts
    self.rules = rules
    var heads: [RuleHead] = []
    var sourceHeads: [SourceHead] = []
    for rule in rules {
      let property = program.properties[rule.property]
      // Whose event it is stands beside the properties.
      let events = rule.property == program.known.distinctID ? 0 : property.events
      let first = sourceHeads.count
      sourceHeads += rule.sources.map { SourceHead($0) }
      let run = Int32(first)..<Int32(sourceHeads.count)
      heads.append(RuleHead(events: events, inherits: property.inherits, sources: run))
    }
    self.heads = heads
    self.sourceHeads = sourceHeads
    let identity = program.known.distinctID
    self.identity = rules.firstIndex { $0.property == identity }
  }
}

struct RuleHead: Sendable {
  /// The events that carry the property, as `CompiledProperty.events`.
  var events: UInt8
  var inherits: Bool
  /// A run of `CompiledDialect.sourceHeads`.
  var sources: Range<Int32>
}

/// Where a source looks, as far as that tells that it finds nothing.
struct SourceHead: Sendable {
  enum Reach: UInt8, Sendable {
    /// An attribute as it stands.
    case plain
    /// An attribute that conditions, pointers, tables or words change.
    case attribute
    /// An attribute of the resource, and the span's name, as they stand.
    case resource, spanName
    case log, event, other
  }

  var reach: Reach
  var isAttribute: Bool { reach.rawValue <= Reach.attribute.rawValue }
  /// The attribute's slot; -1 for other places.
  var slot: Int32 = -1
  /// The resource's slot.
  var resourceSlot: Int32 = -1
  /// The span's status without which the source says nothing.
  var status: StatusCode?

  init(_ source: CompiledSource) {
    if case .status(let status)? = source.when { self.status = status }
    if case .attribute(let slot)? = source.path?.place { self.slot = Int32(slot) }
    reach = .other
    guard let path = source.path, source.const == nil, source.fallback == nil, source.words?.sum.isEmpty != false else {
      return
    }
    let isPlain = path.pointer.isEmpty && source.when == nil && source.words == nil && source.table == nil
    switch path.place {
    case .attribute: reach = isPlain ? .plain : .attribute
    case .resource(let slot) where isPlain:
      reach = .resource
      resourceSlot = Int32(slot)
    case .spanName where isPlain: reach = .spanName
    case .log: reach = .log
    case .event: reach = .event
    default: break
    }
  }
}

enum CompiledKind: Sendable {
  case when(CompiledCondition, Kind)
  case by([CompiledPath], table: [(value: [UInt8], kind: Kind)])
}

final class CompiledRule: Sendable {
  let property: Int
  let sources: [CompiledSource]

  init(property: Int, sources: [CompiledSource]) {
    self.property = property
    self.sources = sources
  }
}

/// The words of a source that most sources do not use.
final class SourceWords: Sendable {
  let split: UInt8?
  let unwrap: [UInt8]?
  let role: [UInt8]?
  let prepend: [CompiledPath]
  let strip: [(bytes: [UInt8], isPrefix: Bool)]
  let skip: [[UInt8]]
  let pattern: Int?
  let sum: [CompiledPath]
  let sinceStart: Bool
  let take: Take?

  init(
    split: UInt8?, unwrap: [UInt8]?, role: [UInt8]?, prepend: [CompiledPath],
    strip: [(bytes: [UInt8], isPrefix: Bool)], skip: [[UInt8]], pattern: Int?, sum: [CompiledPath],
    sinceStart: Bool, take: Take?
  ) {
    self.split = split
    self.unwrap = unwrap
    self.role = role
    self.prepend = prepend
    self.strip = strip
    self.skip = skip
    self.pattern = pattern
    self.sum = sum
    self.sinceStart = sinceStart
    self.take = take
  }
}

final class CompiledSource: Sendable {
  let path: CompiledPath?
  let when: CompiledCondition?
  /// Index into `Program.tables`.
  let table: Int?
  /// What the number counts; nil for seconds.
  let unit: TimeUnit?
  let words: SourceWords?
  let const: Literal?
  let fallback: Literal?

  init(
    path: CompiledPath?, when: CompiledCondition?, table: Int?, unit: TimeUnit?, words: SourceWords?, const: Literal?,
    fallback: Literal?
  ) {
    self.path = path
    self.when = when
    self.table = table
    self.unit = unit
    self.words = words
    self.const = const
    self.fallback = fallback
  }
}

final class CompiledPath: Sendable {
  enum Place: Sendable {
    case attribute(Int)
    case resource(Int)
    case scopeName, scopeVersion, scopeSchemaURL
    case scope(Int)
    case spanName, spanKind, spanStatus, spanStatusMessage, spanDuration
    /// The families of `Program.families`.
    case gather(Int)
    case object(Int)
    case event(NamePattern, field: Field)
    case log(NamePattern, field: Field)
  }

  /// What of an event or log record is meant.
  enum Field: Sendable {
    case whole
    case body
    case attribute([UInt8])
  }

  enum Step: Sendable {
    case member([UInt8])
    case index(Int)
    case each
  }

  let place: Place
  let pointer: [Step]

  init(place: Place, pointer: [Step]) {
    self.place = place
    self.pointer = pointer
  }
}

/// An event name with at most one `*`.
struct NamePattern: Sendable {
  var prefix: [UInt8]
  var suffix: [UInt8]
  var isExact: Bool

  func matches(_ bytes: ByteSpan, _ name: Slice) -> Bool {
    if isExact { return bytes.equals(name, prefix) }
    return Int(name.count) >= prefix.count + suffix.count && bytes.starts(name, with: prefix)
      && bytes.equals(Slice(name.end - suffix.count, name.end), suffix)
  }

  /// What the `*` stands for.
  func wildcard(_ name: Slice) -> Slice {
    isExact ? .empty : Slice(name.start + prefix.count, name.end - suffix.count)
  }
}

indirect enum CompiledCondition: Sendable {
  case never
  case always
  case status(StatusCode)
  case any([CompiledCondition])
  case all([CompiledCondition])
  case not(CompiledCondition)
  case present(CompiledPath)
  case equals(CompiledPath, [[UInt8]])
  case prefix(CompiledPath, [[UInt8]])
  case suffix(CompiledPath, [[UInt8]])
  case atLeast(CompiledPath, [Int])
  case below(CompiledPath, [Int])
}

/// A shared enum table, keys in lower case.
struct CompiledTable: Sendable {
  var keys = KeyTable()
  var values: [[UInt8]] = []

  /// The value for a text, compared without case: for the whole of it, else for what follows its last dot. `lower` is
  /// memory to work in.
  func value(_ bytes: ByteSpan, _ slice: Slice, _ lower: inout [UInt8]) -> [UInt8]? {
    lower.removeAll(keepingCapacity: true)
    lower.append(bytes, slice)
    for index in lower.indices where lower[index] >= 0x41 && lower[index] <= 0x5a { lower[index] |= 0x20 }
    if let index = keys.find(lower.span, Slice(0, lower.count)) { return values[index] }
    guard let dot = lower.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    return keys.find(lower.span, Slice(dot + 1, lower.count)).map { values[$0] }
  }
}

/// Properties by number that the code itself fills or reads; nil where the vocabulary does not have them.
struct KnownProperties: Sendable {
  var distinctID: Int?
  var totalTokens: Int?
}
