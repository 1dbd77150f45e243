import Bytes
import Mapping
import Telemetry

/// One entry of a lane's decision log: what was fixed about a trace before its events were sent, or that all of them
/// were taken.
///
/// The log is written in blocks, one a commit, and read as a whole at start. Keyed by commit and not by trace id, because
/// trace ids are random: a table of them dirties a page of the store for every trace, twice.
enum DecisionEntry: Equatable {
  case frozen(FrozenTrace)
  case done(trace: TraceID, through: UInt64)
  /// What the sampler knows, and with it all that the log said of traces that were left out up to a block.
  case sampling(SamplingCheckpoint)
}

/// The sampler's state in the decision log: with it, and with what later blocks left out, nothing is counted twice or lost
/// (reliability.md, section 1.2).
struct SamplingCheckpoint: Equatable {
  /// What blocks up to this number left out is in it.
  var covers: UInt64
  /// As `LaneSampling` writes it.
  var state: [UInt8]
}

/// What may never change about a trace once something of it may have reached PostHog (reliability.md, section 1.2).
struct FrozenTrace: Equatable {
  var trace: TraceID
  /// Requests up to this number are part of it; what comes later is late.
  var through: UInt64
  var decision: Decision
  /// What late spans take from it.
  var memory: TraceMemory
  var events: [FrozenEvent]
  /// What of it is not sent.
  var leftOut = LeftOut()
}

/// What sampling leaves out of a trace.
struct LeftOut: Equatable {
  /// The spans, so that they are known when they come again.
  var spans: [SpanKey] = []
  /// What they add to roll-ups, as `RollUpAmounts` writes it. It is told once: where something is frozen again, it is empty.
  var amounts: [UInt8] = []
  /// Of a trace that goes out after all, the marks (`FrozenTrace.through`) of its parts that were left out before.
  var takesBack: [UInt64] = []

  var isEmpty: Bool { spans.isEmpty && amounts.isEmpty && takesBack.isEmpty }
}

struct DecisionLogError: Error, CustomStringConvertible {
  var description: String { "a block of the decision log does not decode" }
}

/// The first byte of an entry.
private enum EntryKind: UInt8 {
  /// As `frozen`, without what late spans inherit: written until that was remembered, and read for good.
  case frozenWithoutInherited = 1
  case done = 2
  /// As `sampled`, of a trace that was kept without sampling.
  case frozen = 3
  case sampled = 4
  case sampling = 5
}

extension ByteBuffer {
  /// How an event's user is written: most share the trace's.
  private static var sameAsTrace: UInt8 { 0 }
  private static var explicit: UInt8 { 1 }

  mutating func append(_ entry: DecisionEntry) {
    switch entry {
    case .done(let trace, let through):
      append(EntryKind.done.rawValue)
      append(trace, through)
    case .sampling(let checkpoint):
      append(EntryKind.sampling.rawValue)
      appendLittleEndian(checkpoint.covers)
      appendCounted(checkpoint.state)
    case .frozen(let frozen):
      let isSampled = frozen.decision != .keepAll || !frozen.leftOut.isEmpty
      append((isSampled ? EntryKind.sampled : .frozen).rawValue)
      append(frozen.trace, frozen.through)
      append(frozen.decision)
      if isSampled {
        append(frozen.decision.reason.rawValue)
        appendLittleEndian(frozen.decision.weight.bitPattern)
        appendVarint(UInt64(frozen.leftOut.spans.count))
        for key in frozen.leftOut.spans {
          appendLittleEndian(key.span)
          appendLittleEndian(key.start)
        }
        appendCounted(frozen.leftOut.amounts)
        appendVarint(UInt64(frozen.leftOut.takesBack.count))
        for through in frozen.leftOut.takesBack { appendLittleEndian(through) }
      }
      appendCounted(frozen.memory.identity)
      appendCounted(frozen.memory.inherited)
      appendVarint(UInt64(frozen.events.count))
      for event in frozen.events {
        appendLittleEndian(event.key.span)
        appendLittleEndian(event.key.start)
        append(event.name)
        appendVarint(event.timestamp &- event.key.start)
        let isShared = event.distinctID == frozen.memory.identity
        append(isShared ? Self.sameAsTrace : Self.explicit)
        if !isShared { appendCounted(event.distinctID) }
      }
    }
  }

  private mutating func append(_ decision: Decision) {
    append((decision.isKept ? 1 : 0) | (decision.isEssential ? 2 : 0))
    appendLittleEndian(decision.probability.bitPattern)
    appendLittleEndian(decision.policyVersion)
  }

  private mutating func append(_ trace: TraceID, _ through: UInt64) {
    appendLittleEndian(trace.high)
    appendLittleEndian(trace.low)
    appendLittleEndian(through)
  }

  private mutating func appendCounted(_ bytes: [UInt8]) {
    appendVarint(UInt64(bytes.count))
    append(bytes)
  }
}

/// Reads blocks of the decision log.
struct DecisionReader {
  private var cursor: ProtobufCursor
  private let bytes: [UInt8]

  init(_ block: [UInt8]) {
    bytes = block
    cursor = ProtobufCursor(start: 0, end: block.count)
  }

  /// The next entry; nil at the end.
  mutating func next() throws -> DecisionEntry? {
    guard cursor.offset < cursor.end else { return nil }
    guard let kind = EntryKind(rawValue: try byte()) else { throw DecisionLogError() }
    if kind == .sampling { return .sampling(SamplingCheckpoint(covers: try word(), state: try counted())) }
    guard let trace = TraceID(high: try word(), low: try word()) else { throw DecisionLogError() }
    let through = try word()
    if kind == .done { return .done(trace: trace, through: through) }
    var decision = try self.decision()
    var leftOut = LeftOut()
    if kind == .sampled {
      guard let reason = SampleReason(rawValue: try byte()) else { throw DecisionLogError() }
      decision.reason = reason
      decision.weight = Double(bitPattern: try word())
      for _ in 0..<(try count()) { leftOut.spans.append(SpanKey(span: try word(), start: try word())) }
      leftOut.amounts = try counted()
      for _ in 0..<(try count()) { leftOut.takesBack.append(try word()) }
    }
    let identity = try counted()
    let inherited = kind == .frozenWithoutInherited ? [] : try counted()
    return .frozen(
      FrozenTrace(
        trace: trace, through: through, decision: decision,
        memory: TraceMemory(identity: identity, inherited: inherited), events: try events(of: identity),
        leftOut: leftOut))
  }

  private mutating func decision() throws -> Decision {
    let flags = try byte()
    let probability = Double(bitPattern: try word())
    var policyVersion: UInt32 = 0
    for shift in 0..<4 { policyVersion |= UInt32(try byte()) << UInt32(8 * shift) }
    var decision = Decision(
      isKept: flags & 1 == 1, probability: probability, reason: .unsampled, policyVersion: policyVersion)
    decision.isEssential = flags & 2 == 2
    return decision
  }

  private mutating func events(of identity: [UInt8]) throws -> [FrozenEvent] {
    var events: [FrozenEvent] = []
    for _ in 0..<(try count()) {
      let key = SpanKey(span: try word(), start: try word())
      let name = try byte()
      let timestamp = key.start &+ (try varint())
      events.append(
        FrozenEvent(
          key: key, name: name, timestamp: timestamp, distinctID: try byte() == 0 ? identity : try counted()))
    }
    return events
  }

  private mutating func byte() throws -> UInt8 {
    guard cursor.offset < cursor.end else { throw DecisionLogError() }
    cursor.offset += 1
    return bytes[cursor.offset - 1]
  }

  private mutating func word() throws -> UInt64 {
    guard cursor.end - cursor.offset >= 8 else { throw DecisionLogError() }
    cursor.offset += 8
    return bytes.span.word(at: cursor.offset - 8)
  }

  private mutating func varint() throws -> UInt64 {
    var moved = cursor
    let value = try moved.varint(in: bytes.span)
    cursor = moved
    return value
  }

  private mutating func count() throws -> Int {
    let count = try varint()
    guard count <= UInt64(cursor.end - cursor.offset) else { throw DecisionLogError() }
    return Int(count)
  }

  private mutating func counted() throws -> [UInt8] {
    let size = try count()
    cursor.offset += size
    return Array(bytes[cursor.offset - size..<cursor.offset])
  }
}
