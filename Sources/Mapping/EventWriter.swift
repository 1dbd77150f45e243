package import Bytes
import Codec
package import Telemetry

/// One event as it goes to PostHog.
package struct MappedEvent: Sendable {
  /// What it is called.
  package var name: EventName
  package var frozen: FrozenEvent
  /// The event's UUID, as two big-endian words.
  package var id: (high: UInt64, low: UInt64)
  /// The complete JSON object, in the buffer that was written to.
  package var json: Slice

  /// The UUID as text.
  package var uuid: String {
    var out = ByteBuffer()
    out.appendUUID(id)
    return out.string
  }
}

/// How a trace is written: what was frozen before, and who late spans belong to.
package struct WritingContext: Sendable {
  /// What an earlier attempt fixed; it wins over what the mapping says now.
  package var frozen: [SpanKey: FrozenEvent] = [:]
  /// Spans that went out before; they are left out.
  package var sent: Set<SpanKey> = []
  /// For late spans: what they take from the trace; and there is no second `$ai_trace`.
  package var late: TraceMemory?
  /// Write the events of these spans alone: a dead letter brings relatives along that went out before. Nil for all.
  package var only: Set<SpanKey>?
  /// Members that every event is given beside what its span says, each with a comma behind it: how it was sampled.
  package var members: [UInt8] = []

  package init() {}
}

extension Mapper {
  /// Writes every event of the loaded trace, in the order in which its spans came.
  package func writeEvents(_ context: WritingContext, to out: inout ByteBuffer) -> [MappedEvent] {
    var events: [MappedEvent] = []
    events.reserveCapacity(spans.count)
    var moments = Moments()
    remembered = context.late.map { inheritance(after: $0.inherited) } ?? []
    members = context.members
    for index in spans.indices where spans[index].isAI && !spans[index].isDuplicate {
      let span = batch.spans[index]
      let key = SpanKey(span: span.id.value, start: span.start)
      if context.sent.contains(key) || context.only?.contains(key) == false { continue }
      focus(on: index)
      let frozen = context.frozen[key] ?? freeze(index, key, context, &moments)
      guard let name = EventName(number: frozen.name) else { continue }
      let start = out.count
      let id = identify(span, name)
      writeEvent(index, frozen, id, to: &out)
      redact(index, from: start, &out)
      events.append(MappedEvent(name: name, frozen: frozen, id: id, json: Slice(start, out.count)))
    }
    return events
  }

  /// What PostHog may take for the same event if its uuid is not looked at.
  private struct Moment: Hashable {
    var name: UInt8
    var microsecond: UInt64
    var distinctID: [UInt8]

    /// The time alone tells nearly all apart.
    func hash(into hasher: inout Hasher) { hasher.combine(microsecond) }
  }

  /// The moments of a trace: compared one by one while they are few, hashed from then on.
  private struct Moments {
    private var few: [Moment] = []
    private var many = Set<Moment>()

    /// False if that moment was there.
    mutating func insert(_ moment: Moment) -> Bool {
      if few.count == 12 {
        if many.isEmpty { many = Set(few) }
        return many.insert(moment).inserted
      }
      for place in few.indices where few[place].microsecond == moment.microsecond && few[place] == moment {
        return false
      }
      few.append(moment)
      return true
    }
  }

  /// Fixes name, time and user. Two events of a trace that would agree in all three are moved apart by less than a
  /// millisecond, by an amount that follows from the span id.
  private func freeze(
    _ index: Int, _ key: SpanKey, _ context: WritingContext, _ moments: inout Moments
  ) -> FrozenEvent {
    if context.late != nil { spans[index].isTrace = false }
    let span = batch.spans[index]
    let distinct: [UInt8]
    if let known = distinctID(of: index) {
      // Most events of a trace belong to the same user: one array does for all.
      if !bytes.equals(known, lastDistinct) {
        lastDistinct = []
        lastDistinct.append(bytes, known)
      }
      distinct = lastDistinct
    } else if let late = context.late?.identity, !late.isEmpty {
      distinct = late
    } else {
      distinct = traceText
    }
    var timestamp = span.start
    let name = spans[index].event.number
    let moment = Moment(name: name, microsecond: timestamp / 1000, distinctID: distinct)
    if !moments.insert(moment) {
      let offset = (1 + span.id.value % 997) * 1000
      timestamp = timestamp <= .max - offset ? timestamp + offset : timestamp - offset
    }
    return FrozenEvent(key: key, name: name, timestamp: timestamp, distinctID: distinct)
  }

  /// Whether the event belongs to somebody known, not to the trace id that stands in.
  private func isKnown(_ frozen: FrozenEvent, _ index: Int) -> Bool {
    frozen.distinctID != traceText
  }

  /// Writes one event; while it is larger than PostHog takes, again with shorter strings.
  func writeEvent(
    _ index: Int, _ frozen: FrozenEvent, _ id: (high: UInt64, low: UInt64), to out: inout ByteBuffer
  ) {
    let start = out.count
    stringBytesMax = MappingLimits.propertyBytesMax
    writeOnce(index, frozen, id, to: &out)
    if out.count - start <= MappingLimits.eventBytesMax { return }
    for step in MappingLimits.stringBytesSteps {
      out.truncate(to: start)
      for attribute in batch.spans[index].attributes { consumed[Int(attribute)] = false }
      stringBytesMax = step
      writeOnce(index, frozen, id, to: &out)
      if out.count - start <= MappingLimits.eventBytesMax { return }
    }
    out.truncate(to: start)
    // Too many properties rather than too large ones: what is left is who and when.
    stringBytesMax = MappingLimits.stringBytesSteps.last ?? 64
    writeHead(index, frozen, id, to: &out)
    out.append(members)
    out.append("\"$ai_truncated\":[\"*\"]}}")
  }

  private func writeOnce(
    _ index: Int, _ frozen: FrozenEvent, _ id: (high: UInt64, low: UInt64), to out: inout ByteBuffer
  ) {
    let event = EventName(number: frozen.name) ?? spans[index].event
    current = CurrentEvent()
    current.span = index
    tape.nodes.removeAll(keepingCapacity: true)
    parsed.removeAll(keepingCapacity: true)
    scratch.truncate(to: 0)
    truncated.removeAll(keepingCapacity: true)
    writeHead(index, frozen, id, to: &out)
    let dialect = program.dialects[Int(spans[index].dialect)]
    if !partners.isEmpty || !reported.isEmpty || !failedAttempts.isEmpty, spans[index].duplicateOf == nil,
      partners[index] != nil || reported[index] != nil || failedAttempts[index] != nil
    {
      applyRules(dialect, to: index, with: partners[index] ?? [], event: event, &out)
    } else {
      applyRules(dialect, to: index, event: event, &out)
    }
    for constant in dialect.facts.constants where program.properties[constant.property].events & event.bit != 0 {
      program.labels.append(constant.json, to: &out)
    }
    writeDerived(index, dialect, event, isKnown: isKnown(frozen, index), to: &out)
    writeLeftovers(index, to: &out)
    writeResource(index, dialect, to: &out)
    if !members.isEmpty { out.append(members) }
    if !truncated.isEmpty { writeTruncated(to: &out) }
    out.append("\"$lib\":\"hoglet\",\"$lib_version\":\"")
    out.append(Self.version)
    out.append("\"}}")
  }

  /// The version that events and `hoglet --version` name.
  package static var version: StaticString { "0.1.0" }

  private func writeHead(
    _ index: Int, _ frozen: FrozenEvent, _ id: (high: UInt64, low: UInt64), to out: inout ByteBuffer
  ) {
    let span = batch.spans[index]
    out.append("{\"event\":\"")
    out.append((EventName(number: frozen.name) ?? .span).text)
    out.append("\",\"distinct_id\":")
    out.appendJSONString(frozen.distinctID.span, Slice(0, frozen.distinctID.count))
    out.append(",\"uuid\":\"")
    out.appendUUID(id)
    out.append("\",\"timestamp\":\"")
    moment.append(frozen.timestamp, to: &out)
    out.append("\",\"properties\":{\"$ai_trace_id\":\"")
    out.appendHex(span.trace.high)
    out.appendHex(span.trace.low)
    out.append("\",\"$ai_span_id\":\"")
    out.appendHex(span.id.value)
    out.append("\",")
    if let parent = parentID(of: index) {
      out.append("\"$ai_parent_id\":\"")
      out.appendHex(parent.value)
      out.append("\",")
    }
    current.bodyStart = out.count
    current.resource = .empty
  }

  /// UUIDv5 of trace id, span id, start and event name: the same on every attempt, in every replica.
  func identify(_ span: Telemetry.Span, _ event: EventName) -> (high: UInt64, low: UInt64) {
    let key = SpanKey(span: span.id.value, start: span.start)
    return EventIdentity.make(span.trace, key, event, scratch: &scratch)
  }
}

/// What names an event for ever.
package enum EventIdentity {
  /// Hoglet's namespace for UUIDv5: made once at random, never to change.
  static let namespace: (UInt64, UInt64) = (0x6f2c_9d1e_3b7a_4c58, 0x9e41_d07f_2a86_b5c3)

  /// The UUID as text of a frozen event; nil for a name that nobody gives.
  package static func uuid(_ trace: TraceID, _ frozen: FrozenEvent) -> String? {
    guard let name = EventName(number: frozen.name) else { return nil }
    var out = ByteBuffer()
    let id = make(trace, frozen.key, name, scratch: &out)
    out.truncate(to: 0)
    out.appendUUID(id)
    return out.string
  }

  static func make(
    _ trace: TraceID, _ key: SpanKey, _ event: EventName, scratch: inout ByteBuffer
  ) -> (high: UInt64, low: UInt64) {
    scratch.truncate(to: 0)
    scratch.append(bigEndian: trace.high)
    scratch.append(bigEndian: trace.low)
    scratch.append(bigEndian: key.span)
    scratch.append(bigEndian: key.start)
    scratch.append(event.text)
    return scratch.withSpan { UUID5.make(namespace: namespace, name: $0) }
  }
}

extension EventName {
  /// The number under which a name is frozen.
  package var number: UInt8 {
    switch self {
    case .generation: 1
    case .embedding: 2
    case .span: 3
    case .trace: 4
    case .evaluation: 5
    }
  }

  package init?(number: UInt8) {
    switch number {
    case 1: self = .generation
    case 2: self = .embedding
    case 3: self = .span
    case 4: self = .trace
    case 5: self = .evaluation
    default: return nil
    }
  }

  var text: StaticString {
    switch self {
    case .generation: "$ai_generation"
    case .embedding: "$ai_embedding"
    case .span: "$ai_span"
    case .trace: "$ai_trace"
    case .evaluation: "$ai_evaluation"
    }
  }
}
