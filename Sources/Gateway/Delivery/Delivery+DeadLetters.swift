import Bytes
import Mapping
import OTLP
import Spool
import Telemetry

/// Dead letters: what is kept of an event that PostHog refuses, and how it is tried again.
///
/// A letter holds the event's spans and log records as the client sent them, with what was frozen of it. Trying it again
/// makes a request of that (`LaneChange.retriedLetters`, in one commit with the letter's end), which is read like any
/// other, but mapped at once and under the frozen name, time and user: the mappings may have changed, the uuid may not.
extension Delivery {
  /// A letter keeps the whole trace up to this size, so that it maps as it did: what a span says can depend on its
  /// relatives. Of a larger trace it keeps the span, its log records and its ancestors.
  static let letterTraceBytesMax = 128 << 10
  /// What whole traces may add up to in one turn: when a batch of a thousand events dies at once, letters beyond this are
  /// made as those of large traces, so that memory stays bounded.
  static let letterTurnBytesMax = 4 << 20
  /// Nor more than this at all: an event is at most 8 MiB, and so is nearly all that makes one.
  static let letterBytesMax = 16 << 20

  /// What an event was made of; nil if that cannot be told or read any more.
  func deadLetterSource(of event: [UInt8], _ going: OutgoingTrace, _ lane: LaneState) -> DeadLetterSource? {
    guard let uuid = Self.uuid(event),
      let frozen = going.frozen.events.first(where: { EventIdentity.uuid(going.frozen.trace, $0) == uuid })
    else { return nil }
    var entry = ByteBuffer()
    var fixed = going.frozen
    fixed.events = [frozen]
    // What the trace left out was told with it, once.
    fixed.leftOut = LeftOut()
    entry.append(.frozen(fixed))
    var found = TraceLoader()
    do {
      let wanted = try spans(of: frozen.key.span, going.units, lane)
      for reference in going.units where lane.requests[reference.sequence] != nil {
        let index = try index(reference.sequence, of: lane.lane)
        try found.add(index.units[Int(reference.unit)], of: index, where: { wanted?.contains($0.span) ?? true }) {
          try spool.read(lane: lane.lane, sequence: reference.sequence, slices: $0, into: &$1)
        }
      }
      var (traces, logs) = found.requests()
      guard traces.count + logs.count <= Self.letterBytesMax, entry.count <= DeadLetterSource.frozenBytesMax else {
        return nil
      }
      var index = try RequestScanner.scan(&traces, signal: .traces).index
      index.append(try RequestScanner.scan(&logs, signal: .logs).index, at: traces.count)
      return DeadLetterSource(
        frozen: entry.array(), index: index.encoded(), body: traces + logs, tracesCount: traces.count)
    } catch {
      log.error("a dead letter keeps its event alone, its spans cannot be read: \(error)")
      return nil
    }
  }

  /// The spans that a letter keeps: one and its ancestors, or nil for all of the trace.
  private func spans(of span: UInt64, _ units: [UnitReference], _ lane: LaneState) throws -> Set<UInt64>? {
    var bytes = 0
    var parents: [UInt64: UInt64] = [:]
    for reference in units where lane.requests[reference.sequence] != nil {
      let index = try index(reference.sequence, of: lane.lane)
      for record in index.records[index.units[Int(reference.unit)].range] {
        bytes += Int(record.body.count)
        if !record.flags.contains(.log) || parents[record.span] == nil { parents[record.span] = record.parent }
      }
    }
    // An event of a record that is no span came with one; which one, its id does not say.
    if parents[span] == nil { return nil }
    if bytes <= min(Self.letterTraceBytesMax, letterBytesLeft) {
      letterBytesLeft -= bytes
      return nil
    }
    var wanted = Set<UInt64>()
    var next = span
    while let parent = parents[next], wanted.insert(next).inserted { next = parent }
    return wanted
  }

  private static func uuid(_ event: [UInt8]) -> String? {
    var tape = JSONTape(nodesMax: .max)
    let bytes = event.span
    guard let root = try? tape.parse(bytes, Slice(0, event.count)), tape.nodes[root].kind == .object else { return nil }
    let uuid = tape.children(of: root).first { bytes.equals(tape.nodes[$0].key, Array("uuid".utf8)) }
    return uuid.map { bytes.string(tape.nodes[$0].text) }
  }

  // MARK: Again

  /// A request that was a dead letter.
  func readRetry(_ stored: StoredRequest, _ index: RequestIndex, _ lane: inout LaneState) {
    var reader = DecisionReader(stored.frozen)
    guard case .frozen(let frozen)? = try? reader.next(), !index.units.isEmpty else {
      log.error("dead letter \(stored.sequence) does not decode; it is set aside")
      return lane.damagedRequests.append(stored.sequence)
    }
    // A letter of log records has no events.
    let signal: Signal = frozen.events.isEmpty ? .logs : .traces
    let records = frozen.events.isEmpty ? index.records.count : frozen.events.count
    lane.metrics.count(stored.arrival <= startedAt ? .recovered : .retried, signal, records)
    lane.requests[stored.sequence] = PendingRequest(
      signal: signal, arrival: stored.arrival, unitsLeft: index.units.count, retried: frozen)
    indexes.insert(index, IndexCache.Key(lane: lane.lane, sequence: stored.sequence))
    retry(stored.sequence, &lane)
  }

  /// Tries those again that could not be read.
  func readRetries(_ lane: inout LaneState) {
    guard !lane.unreadRetries.isEmpty, mayRead(lane) else { return }
    let waiting = lane.unreadRetries
    lane.unreadRetries = []
    for sequence in waiting { retry(sequence, &lane) }
  }

  private func retry(_ sequence: UInt64, _ lane: inout LaneState) {
    guard let request = lane.requests[sequence], let frozen = request.retried else { return }
    var units: [UnitReference] = []
    var counts = SettledRecords()
    do {
      let index = try index(sequence, of: lane.lane)
      units = index.units.enumerated().map { UnitReference(sequence: sequence, unit: $0, $1, index) }
      try load(units, lane)
    } catch SpoolError.unusable(_, let reason) {
      log.error("the spool cannot be read (\(reason)); the dead letter is tried again")
      loader.reset()
      return lane.unreadRetries.append(sequence)
    } catch {
      log.error("a retried dead letter cannot be read (\(error))")
      loader.reset()
      counts.deadSpans = frozen.events.count
      if frozen.events.isEmpty { counts.deadLogs = units.reduce(0) { $0 + Int($1.records) } }
      counts.count(in: lane.metrics)
      lane.requests[sequence] = nil
      return lane.damagedRequests.append(sequence)
    }
    if frozen.events.isEmpty {
      var batch = Batch()
      loader.take { swap(&batch, &$0) }
      return forwardAgain(batch, frozen, units, &lane)
    }
    loader.take { mapper.load(&$0, trace: frozen.trace) }
    var context = WritingContext()
    context.only = []
    context.late = frozen.memory
    context.members = frozen.decision.members(upstream: .keepAll)
    for event in frozen.events {
      context.frozen[event.key] = event
      context.only?.insert(event.key)
    }
    let start = freezing.output.count
    let events = mapper.facts.isAI ? writeEvents(context) : []
    // What the mappings no longer make an event of is no event.
    counts.noEventSpans = frozen.events.count - events.count
    guard !events.isEmpty else { return finish(units, counts, &lane) }
    hold(
      OutgoingTrace(
        lane: lane.lane, frozen: frozen, isRetry: true, units: units, eventsLeft: events.count,
        bytes: freezing.output.count - start, settled: counts),
      events, &lane)
  }
}
