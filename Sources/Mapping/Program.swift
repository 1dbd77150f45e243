import Bytes
import Telemetry

/// A compiled mapping set: flat, immutable, shared by every trace that takes it.
package struct Program: Sendable {
  /// The name and type of every property, by number.
  var properties: [CompiledProperty] = []
  var propertyNames: [String] = []
  /// All texts that are written as they stand, one after the other.
  var labels = Labels()
  var furtherLabels: [Slice] = []
  /// The parts of conditions, what they look at, and what they compare it with: texts of `labels`.
  var conditions: [CompiledCondition] = []
  var paths: [CompiledPath] = []
  var texts: [Slice] = []
  /// Attribute names that some rule reads, by slot.
  var slots = KeyTable()
  /// Names that only the code writes, or that go out as further names of a property.
  var reserved = KeyTable()
  var resourceSlots = KeyTable()
  var scopeSlots = KeyTable()
  /// Prefixes of families (`gen_ai.prompt.`), longest first.
  var families: [[UInt8]] = []
  var tables: [CompiledTable] = []
  var kindTables: [KindTable] = []
  var patterns: [Pattern] = []
  var dialects: [CompiledDialect] = []
  var matches = MatchIndex()
  /// Numbers of properties that the code itself fills or reads.
  var known = KnownProperties()
  /// Where everything is written, for people who ask; mapping never looks there.
  var origins = ProgramOrigins()
  /// What is decided between spans.
  var relations = CompiledRelations()
  /// Nil if nothing is redacted.
  package var redaction: RedactionProgram?

  package init() {}

  /// The names of the dialects, in the order in which they are tried.
  package var dialectNames: [String] { dialects.map(\.facts.name) }
}

/// Texts that are written as they stand. Behind them stands enough that each can be copied as one block.
struct Labels: Sendable {
  private(set) var bytes = [UInt8](repeating: 0, count: ByteBuffer.slack)

  mutating func add(_ text: [UInt8]) -> Slice {
    let start = bytes.count - ByteBuffer.slack
    bytes.insert(contentsOf: text, at: start)
    return Slice(start, start + text.count)
  }

  @inline(__always) func append(_ label: Slice, to out: inout ByteBuffer) { out.append(bytes.span, label) }
}

/// What is written under a name. Plain values only, its texts in `Program.labels`: a property is looked up for every
/// value that is written, and counting references took as long as writing.
struct CompiledProperty: Sendable {
  let number: Int
  let type: PropertyType
  /// `"name":`
  let label: Slice
  /// The same for every further name: a run of `Program.furtherLabels`.
  let further: Range<Int32>
  /// `"parameter":` inside `$ai_model_parameters`; empty for none.
  let parameter: Slice
  /// A bit for each `EventName`, by its order.
  let events: UInt8
  /// Whether a span that does not say takes what its nearest ancestor says.
  let inherits: Bool
  /// Whether it stays on the call: see `CompiledRelations.usage`.
  let isUsage: Bool
  /// Content is consumed from every source that has it; of scalars only the winner and its equals.
  let isContent: Bool
  /// Whether its messages are the model's.
  let isOutput: Bool
  /// What the code itself does with its value.
  let role: Role
  /// Whether nothing more is to be done once its value is written.
  let isSimple: Bool

  /// Properties that the code reads, beside writing them.
  enum Role: Sendable {
    case none, inputTokens, outputTokens, totalTokens, cacheRead, cacheWrite, cacheExclusive, modelParameters
    case processPersonProfile, geoIPDisable

    init(_ name: String) {
      self =
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
    }
  }

  init(
    _ declared: PropertyDeclaration, number: Int, label: Slice, further: Range<Int32>, parameter: Slice, inherits: Bool,
    isUsage: Bool
  ) {
    self.number = number
    self.label = label
    self.further = further
    self.parameter = parameter
    type = declared.type
    role = Role(declared.name)
    events = (declared.on.isEmpty ? EventName.allCases : declared.on).reduce(0) { $0 | $1.bit }
    self.inherits = inherits
    self.isUsage = isUsage
    isOutput = declared.name.hasPrefix("$ai_output")
    switch declared.type {
    case .messages, .tools, .json, .object: isContent = true
    default: isContent = false
    }
    isSimple = !isContent && further.isEmpty && parameter.isEmpty && role == .none
  }
}

/// What a dialect says beside its rules.
struct DialectFacts: Sendable {
  var name: String
  var match: CompiledCondition
  var kinds: [CompiledKind] = []
  /// Each tells of a failure that the span's status does not tell of.
  var failures: [CompiledCondition] = []
  /// Where the text of an error is read first.
  var errorMessages: [CompiledSource] = []
  /// Constant properties, as complete JSON members in `Program.labels`.
  var constants: [(property: Int, json: Slice)] = []
  /// Whether input tokens leave cached ones out; nil if the dialect does not say.
  var cacheExclusive: Bool?
  /// Attribute names or prefixes that never go out; the flag says prefix.
  var drop: [(bytes: [UInt8], isPrefix: Bool)] = []
  var dropResource: [(bytes: [UInt8], isPrefix: Bool)] = []
  /// Whether its calls tell again what others tell with content.
  var isSecondary = false
}

/// trace.yaml, with properties by their numbers.
struct CompiledRelations: Sendable {
  var inherit: [Int] = []
  var usage: [Int] = []
  var failures: [Int] = []
  var same: Int?
  var nested: Int?
  var content: [Int] = []
  var callRecords: [NamePattern] = []
  var evaluationRecords: [NamePattern] = []
  var stepRecords: [NamePattern] = []
  var recordSame: [Int] = []
  /// `same` and `recordSame`: what names a call or the use of a tool.
  var names: [Int] { recordSame + (same.map { recordSame.contains($0) ? [] : [$0] } ?? []) }
  var recordTrace: Int?
  /// Whether any dialect's calls tell again what others tell with content.
  var hasSecondaries = false
}

enum CompiledKind: Sendable {
  case when(CompiledCondition, Kind)
  /// Indices into `Program.paths` and `Program.kindTables`.
  case by(path: Int32, table: Int32)
}

/// From the values of an attribute, in lower case, to kinds.
struct KindTable: Sendable {
  var values = KeyTable()
  var kinds: [Kind] = []

  func kind(of lower: [UInt8]) -> Kind? { values.find(lower.span, Slice(0, lower.count)).map { kinds[$0] } }
}

/// The words of a source that most sources do not use.
final class SourceWords: Sendable {
  let split: UInt8?
  let unwrap: [UInt8]?
  let role: Message.Role?
  let prepend: [CompiledPath]
  let strip: [(bytes: [UInt8], isPrefix: Bool)]
  let skip: [[UInt8]]
  let pattern: Int?
  let sum: [CompiledPath]
  let minus: [CompiledPath]
  let sinceStart: Bool
  let take: Take?

  init(
    split: UInt8?, unwrap: [UInt8]?, role: Message.Role?, prepend: [CompiledPath],
    strip: [(bytes: [UInt8], isPrefix: Bool)], skip: [[UInt8]], pattern: Int?, sum: [CompiledPath],
    minus: [CompiledPath],
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
    self.minus = minus
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
  /// What it counts when it goes out; nil for seconds.
  let writtenIn: TimeUnit?
  let words: SourceWords?
  let const: Literal?
  let fallback: Literal?

  init(
    path: CompiledPath?, when: CompiledCondition?, table: Int?, unit: TimeUnit?, writtenIn: TimeUnit?,
    words: SourceWords?, const: Literal?, fallback: Literal?
  ) {
    self.path = path
    self.when = when
    self.table = table
    self.unit = unit
    self.writtenIn = writtenIn
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
  /// Whether both lead to the same thing in a scope or resource.
  func isSame(as other: CompiledPath) -> Bool {
    guard pointer.isEmpty, other.pointer.isEmpty else { return false }
    switch (place, other.place) {
    case (.scopeName, .scopeName), (.scopeVersion, .scopeVersion), (.scopeSchemaURL, .scopeSchemaURL): return true
    case (.scope(let one), .scope(let two)), (.resource(let one), .resource(let two)): return one == two
    default: return false
    }
  }

  /// The family whose members it stands for, if it stands for no more than that.
  var family: Int? {
    switch place {
    case .gather(let family), .object(let family): pointer.isEmpty ? family : nil
    default: nil
    }
  }

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

/// A condition: plain numbers, which lead to the parts, paths and texts that `Program` keeps in runs.
enum CompiledCondition: Sendable {
  case never
  case always
  case status(StatusCode)
  /// Runs of `Program.conditions`.
  case any(Range<Int32>)
  case all(Range<Int32>)
  case not(Int32)
  /// An attribute that is there, by its slot.
  case has(Int32)
  /// Anything that is there, by its path.
  case present(Int32)
  case equals(TextTest)
  case prefix(TextTest)
  case suffix(TextTest)
  case atLeast(TextTest)
  case below(TextTest)
}

/// What is compared, and with what.
struct TextTest: Sendable {
  /// Index into `Program.paths`.
  var path: Int32
  /// Where the path leads, if no more than a look is needed to find it.
  var short: Short
  /// A run of `Program.texts`, any of which may match; of versions there is one.
  var texts: Range<Int32>

  enum Short: Sendable {
    case attribute(slot: Int32)
    case spanName
    case none
  }
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
  var model: Int?
  var provider: Int?
  var toolName: Int?
  var errorType: Int?
  var inputTokens: Int?
  var outputTokens: Int?
  var totalCost: Int?
  var inputCost: Int?
  var outputCost: Int?

  init() {}

  init(_ numbers: [String: Int]) {
    distinctID = numbers["distinct_id"]
    totalTokens = numbers["$ai_total_tokens"]
    model = numbers["$ai_model"]
    provider = numbers["$ai_provider"]
    toolName = numbers["$ai_tool_name"]
    errorType = numbers["$ai_error_type"]
    inputTokens = numbers["$ai_input_tokens"]
    outputTokens = numbers["$ai_output_tokens"]
    totalCost = numbers["$ai_total_cost_usd"]
    inputCost = numbers["$ai_input_cost_usd"]
    outputCost = numbers["$ai_output_cost_usd"]
  }
}
