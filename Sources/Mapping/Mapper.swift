import Bytes
package import Telemetry

/// Turns one trace after the other into events. Owned by one thread; the compiled `Program` is shared.
///
/// A trace is loaded once (`load`), then `facts` says what the sampler must know, and `events` writes what goes out.
/// The parts: `Mapper+Load` fills the tables, `Resolver` reads paths, `Conversion` and `Messages` write values,
/// `TraceShape` decides the tree, `EventWriter` puts an event together.
package final class Mapper {
  package let program: Program
  package internal(set) var batch = Batch()

  /// Numbers of attribute names, for every attribute of the batch.
  var keys = ValueBuffer<Int32>()
  var memory: KeyMemory
  var focus = Focus()
  /// For each span, a bit for each slot that it has: `slotWords` words a span.
  var slotsPresent = ValueBuffer<UInt64>()
  var resourceSlots: [Int32] = []
  var scopeSlots: [Int32] = []
  /// What each scope says about the dialects of its spans; nil not asked yet.
  var scopeAnswers: [ScopeMemory.Answer?] = []
  var scopeMemory = ScopeMemory()
  /// `"otel.resource.…":…,` of each resource, written once and copied into every event; and where each one stands.
  var resourceText = ByteBuffer()
  var resourceSlices: [Slice?] = []
  /// Whether redaction knows that it hints at no key and no token; nil not asked yet.
  var resourcesClean: [Bool?] = []

  var spans: [SpanState] = []
  /// How many spans came as spans; those behind them were made of log records and span events.
  var givenSpans = 0
  /// What each of those is; nil for what its dialect says.
  var recordKinds: [Kind?] = []
  /// Log records that are steps, each with its span.
  var stepOfLog: [Int: Int] = [:]
  /// The trace of records that name none, where such were loaded.
  var ownTrace: TraceID?
  /// For each log record, whether a span was made of it.
  var becameSpan: [Bool] = []
  /// Calls of the trace, if it has more than one.
  var calls: [CallFacts] = []
  /// For a call that was told more than once, the spans that tell of it too.
  var partners: [Int: [Int]] = [:]
  /// For a call that is told with content, what the provider's own SDK counted.
  var reported: [Int: ReportedUsage] = [:]
  /// For a call that failed, the last failed attempt at it.
  var failedAttempts: [Int: Int] = [:]
  /// For each span, whether a call below it tells its usage; empty until somebody asks.
  var usageBelow: [Bool] = []
  /// Log records of each span, in order of time: indices into `batch.logs`, and their event names.
  var logsOfSpan: [Int: [Int]] = [:]
  var logNames: [Slice] = []

  /// Whether an attribute went into a property of the event being written.
  var consumed = ValueBuffer<Bool>()
  /// The users of spans as far as they are known: nil not asked yet, `.some(nil)` nobody.
  var users: [Slice??] = []
  var tape = JSONTape()
  /// Attributes of the current span whose JSON text is on the tape.
  var parsed: [(attribute: Int32, node: Int)] = []
  var scratch = ByteBuffer()
  var moment = MomentWriter()
  /// Text in lower case, while a table is asked.
  var lower: [UInt8] = []
  /// The trace id as text, which stands in for an unknown user.
  var traceText: [UInt8] = []
  /// The user that was found last.
  var lastDistinct: [UInt8] = []
  /// Nil where nothing is redacted.
  let redactor: Redactor?
  var lastRedacted: RedactedUser?
  /// Arenas that `constant` outgrew, alive until the next trace.
  var retired: [[UInt8]] = []
  /// Strings are cut to this many bytes while a property is too large; see `MappingLimits.stringBytesSteps`.
  var stringBytesMax = Int.max
  var current = CurrentEvent()
  /// While late spans are written: as `TraceMemory.inherited`, of the parts before and of this one.
  var remembered: [UInt8] = []
  /// As `WritingContext.members`.
  var members: [UInt8] = []
  /// Members of `$ai_model_parameters` of the current event, each followed by a comma.
  var parameters = ByteBuffer()
  /// Properties of the current event that were cut.
  var truncated: [String] = []
  /// Properties that could not be converted, by dialect and property, since start.
  package internal(set) var conversionFailures: [ConversionFailure: Int] = [:]

  let slotCount: Int
  let slotWords: Int

  package init(program: Program) {
    self.program = program
    redactor = program.redaction.map { Redactor($0) }
    slotCount = program.slots.count
    slotWords = slotCount / 64 + 1
    memory = KeyMemory(program)
  }
}

extension Mapper {
  /// The arena. It may be held while `constant` appends to the arena: when that moves the bytes, the old ones are kept
  /// alive until the next trace, so that what was lent stays readable.
  var bytes: ByteSpan {
    @_lifetime(borrow self)
    get {
      let memory = unsafe batch.arena.withUnsafeBufferPointer { unsafe $0 }
      return unsafe _overrideLifetime(ByteSpan(_unsafeElements: memory), borrowing: self)
    }
  }

  /// Puts text that was computed into the arena, so that slices and nodes can point at it.
  func constant(_ text: [UInt8]) -> Slice {
    if batch.arena.capacity - batch.arena.count < text.count { retired.append(batch.arena) }
    let start = batch.arena.count
    batch.arena.append(contentsOf: text)
    return Slice(start, batch.arena.count)
  }
}

/// A source whose value did not fit its property's type.
package struct ConversionFailure: Hashable, Sendable {
  package var dialect: String
  package var property: String
}

/// What is decided about a span before events are written.
struct SpanState {
  /// Index into `Program.dialects`; -1 if no dialect knows it.
  var dialect: Int32 = -1
  var kind: Kind = .notAI
  /// Its parent's index in the batch; -1 if that span is not here.
  var parent: Int32 = -1
  /// The nearest ancestor that becomes an event; -1 for none.
  var aiParent: Int32 = -1
  /// Whether it failed: by its status, or by what its dialect says.
  var isError = false
  var isTrace = false
  /// The same span came twice.
  var isDuplicate = false
  /// Its number in `Mapper.calls`; -1 for none.
  var call: Int32 = -1
  /// The span that is kept of a call that this one tells of again.
  var duplicateOf: SpanID?
  /// Whether an attribute is given twice.
  var hasRepeats = false

  var isAI: Bool { kind != .notAI }
  var isCall: Bool { kind == .generation || kind == .embedding }

  var event: EventName {
    if isTrace { return .trace }
    if duplicateOf != nil { return .span }
    return switch kind {
    case .generation: .generation
    case .embedding: .embedding
    case .evaluation: .evaluation
    default: .span
    }
  }
}

/// What the writer remembers of the event it is writing.
struct CurrentEvent {
  var span = 0
  /// Where the properties begin that follow the ids.
  var bodyStart = 0
  /// Where the resource's attributes stand in it, if they were copied whole.
  var resource = Slice.empty
  var inputTokens: Double?
  var outputTokens: Double?
  var totalTokens: Double?
  var cacheRead: Double?
  var cacheWrite: Double?
  var cacheExclusiveGiven = false
  /// As `DialectFacts.cacheExclusive`, of the dialect that told the input tokens, where that is another one.
  var cacheExclusive: Bool?
  var processPersonGiven = false
  var geoIPGiven = false
  /// Members of `$ai_model_parameters` so far, and whether a rule wrote the whole.
  var parametersGiven = false
}
