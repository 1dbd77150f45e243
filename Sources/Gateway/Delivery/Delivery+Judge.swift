import Bytes
import Mapping
import OTLP
import Sampling
import Spool
import Telemetry

/// From a ripe trace to frozen events.
extension Delivery {
  /// Judges a trace that is complete, as far as it will ever be.
  func judge(_ trace: TraceID, _ lane: inout LaneState) {
    guard let held = release(trace, &lane) else { return }
    if lane.remembered[trace] != nil, held.frozenThrough == nil {
      return judgeLate(held.units, trace, &lane)
    }
    var context = WritingContext()
    let parts = lane.recovered[trace] ?? []
    let earlier = parts.first { !$0.isDone && $0.frozen.through == held.frozenThrough }
    if let earlier {
      if !earlier.frozen.decision.isKept {
        var counts = SettledRecords()
        (counts.sampledOutSpans, counts.sampledOutLogs) = records(of: held.units, lane)
        return keepForErrors(earlier.frozen, held.units, counts, isSaved: true, &lane)
      }
      for event in earlier.frozen.events { context.frozen[event.key] = event }
      if earlier.isLate {
        // It was a late part.
        context.late = earlier.frozen.memory
      }
    }
    map(held, trace, context, through: held.frozenThrough ?? lane.cursor, recovered: earlier?.frozen, &lane)
  }

  /// Units of a trace that was decided before: same decision, same user, nothing twice.
  func judgeLate(_ units: [UnitReference], _ trace: TraceID, _ lane: inout LaneState) {
    guard let known = lane.remembered[trace] else { return }
    var context = WritingContext()
    context.late = known.memory
    var held = OpenTrace(arrival: lane.clock)
    held.units = units
    held.waitedForCall = true
    map(held, trace, context, through: lane.cursor, recovered: nil, &lane)
  }

  /// Maps a trace. `recovered` is what a start found frozen of it, `verdict` what the sampler said after a wait, `restored`
  /// how it goes out after all.
  func map(
    _ held: OpenTrace, _ trace: TraceID, _ context: WritingContext, through: UInt64, recovered: FrozenTrace?,
    verdict: Verdict? = nil, restored: (Decision, LeftOut)? = nil, _ lane: inout LaneState
  ) {
    let units = held.units
    var context = context
    do {
      try load(units, lane)
    } catch SpoolError.unusable(_, let reason) {
      // Not the trace's fault: the store cannot be read at the moment.
      log.error("the spool cannot be read (\(reason)); the trace is tried again")
      loader.reset()
      let through = context.frozen.isEmpty ? nil : through
      return putBack(held, trace, through: through, after: DeliveryLimits.retryWait, isUnreadable: true, &lane)
    } catch SpoolError.corrupt(_, let sequence, let reason) where units.contains(where: { $0.sequence != sequence }) {
      log.error("of trace \(trace) one request is damaged (\(reason)); it is sent without that")
      loader.reset()
      var rest = held
      rest.units.removeAll { $0.sequence == sequence }
      bury(units.filter { $0.sequence == sequence }, &lane)
      return map(
        rest, trace, context, through: through, recovered: recovered, verdict: verdict, restored: restored, &lane)
    } catch {
      log.error("trace \(trace) cannot be read (\(error)); what is readable of others is not affected")
      loader.reset()
      return bury(units, &lane)
    }
    loader.take { mapper.load(&$0, isLate: context.late != nil, trace: trace) }
    if context.late != nil {
      // What the parts before it brought is not sent again with it.
      context.sent = Set(mapper.spanKeys.filter { lane.remembered.contains(trace, $0) }).subtracting(
        context.frozen.keys)
    }
    if !mapper.facts.isAI, context.late != nil, mapper.hasErrorLog, lane.sampling.leftOut.contains(trace) {
      return restore(held, trace, through: through, &lane)
    }
    if !mapper.facts.isAI { return judgeOwnLogs(units, trace, recovered, through: through, &lane) }
    if mapper.hasSecondaries {
      // The call of a provider's own SDK waits once more for the trace that tells of it with content.
      let keepsWaiting = context.frozen.isEmpty && !held.waitedForCall
      if mapper.match(&lane.calls, keepsWaiting: keepsWaiting) > 0 {
        var held = held
        held.waitedForCall = true
        return putBack(held, trace, through: nil, after: ripeness.quiet, &lane)
      }
    }
    let judgement =
      restored.map { Judgement.send($0, only: nil, $1) }
      ?? judgement(of: trace, context, recovered: recovered, verdict: verdict, &lane)
    switch judgement {
    case .send(let decision, let only, let leftOut):
      context.only = only
      send(units, trace, context, decision, leftOut, through: through, &lane)
    case .leaveOut(let decision, let leftOut):
      let counts = leftOutRecords(context, events: leftOut.spans.count)
      leaveOut(trace, units, decision, leftOut, counts, through: through, &lane)
    case .wait(let ticket, let leftOut): wait(held, trace, ticket, leftOut, &lane)
    case .restore: restore(held, trace, through: through, &lane)
    }
  }

  /// Writes and freezes the loaded trace.
  private func send(
    _ units: [UnitReference], _ trace: TraceID, _ context: WritingContext, _ decision: Decision, _ leftOut: LeftOut,
    through: UInt64, _ lane: inout LaneState
  ) {
    var context = context
    if decision != .keepAll {
      context.members = decision.members(upstream: UpstreamSampling(mapper.batch, trace: trace).threshold)
    }
    let start = freezing.output.count
    let events = writeEvents(context)
    var settled = SettledRecords(mapper.tally(context))
    settled.sampledOutSpans = leftOut.spans.count
    guard !events.isEmpty else { return finish(units, settled, &lane) }
    let bytes = freezing.output.count - start
    let pieces = writeLogs(of: events, decision, &settled)
    let logBytes = freezing.output.count - start - bytes
    lane.sampling.countKept(events.count, at: lane.clock)
    let frozen = FrozenTrace(
      trace: trace, through: through, decision: decision,
      memory: mapper.traceMemory(context), events: events.map(\.frozen), leftOut: leftOut)
    remember(frozen, spans: mapper.spanKeys, &lane)
    var going = OutgoingTrace(
      lane: lane.lane, frozen: frozen, units: units, eventsLeft: events.count + pieces.count,
      bytes: bytes, settled: settled)
    going.logBytes = logBytes
    hold(going, events, logs: pieces, &lane)
  }

  /// Writes the loaded trace's events to what is frozen next.
  func writeEvents(_ context: WritingContext) -> [MappedEvent] {
    let events = mapper.writeEvents(context, to: &freezing.output)
    mapper.takeRedactions { metrics.series(.redactions, $0.rawValue, $1).add($2) }
    return events
  }

  /// Counts units that cannot be read as dead; their requests are kept for people to look at.
  func bury(_ units: [UnitReference], _ lane: inout LaneState) {
    for reference in units { lane.requests[reference.sequence]?.isDamaged = true }
    var counts = SettledRecords()
    (counts.deadSpans, counts.deadLogs) = records(of: units, lane)
    finish(units, counts, &lane)
  }

  /// Keeps events until they are frozen on disk.
  func hold(_ going: OutgoingTrace, _ events: [MappedEvent], logs: [Slice] = [], _ lane: inout LaneState) {
    lane.outstandingBytes += going.bytes
    outstandingBytes += going.bytes
    lane.outstandingLogBytes += going.logBytes
    freezing.add(going, outgoing.insert(going), events, logs: logs)
  }

  func remember(_ frozen: FrozenTrace, spans: [SpanKey], _ lane: inout LaneState) {
    let before = lane.remembered.bytes
    lane.remembered.remember(frozen, spans: spans)
    rememberedBytes += lane.remembered.bytes - before
    while rememberedBytes > memory.rememberedBytesMax {
      let most = lanes.max { $0.value.remembered.bytes < $1.value.remembered.bytes }?.key
      guard let most, let bytes = lanes[most]?.remembered.bytes, bytes > lane.remembered.bytes else {
        return forget(eighthOf: &lane.remembered)
      }
      guard var other = lanes.removeValue(forKey: most) else { return }
      forget(eighthOf: &other.remembered)
      lanes[most] = other
    }
  }

  /// So much at once that the lanes are not looked through for every trace.
  private func forget(eighthOf remembered: inout RememberedTraces) {
    let before = remembered.bytes
    remembered.forget(downTo: before - max(before / 8, 1))
    rememberedBytes -= before - remembered.bytes
  }

  /// Holds a trace again, for so long.
  private func putBack(
    _ earlier: OpenTrace, _ trace: TraceID, through: UInt64?, after wait: UInt64, isUnreadable: Bool = false,
    _ lane: inout LaneState
  ) {
    var held = OpenTrace(arrival: lane.clock)
    held.waitedForCall = earlier.waitedForCall
    held.units = earlier.units
    held.isUnreadable = isUnreadable
    held.frozenThrough = through
    held.retryAt = lane.clock &+ wait
    held.scheduled = lane.clock &+ wait
    lane.timers.push(held.scheduled, trace)
    hold(held, trace, &lane)
  }

  func load(_ units: [UnitReference], _ lane: LaneState) throws {
    for reference in units where lane.requests[reference.sequence] != nil {
      let index = try index(reference.sequence, of: lane.lane)
      try loader.add(index.units[Int(reference.unit)], of: index) { slices, arena in
        try spool.read(lane: lane.lane, sequence: reference.sequence, slices: slices, into: &arena)
      }
    }
    try loader.decode()
  }

  /// The traces that records without a trace id are put into, by unit; not those that become no event. Only a record with
  /// a name can be one, so that most need not be read for it.
  func recordTraces(_ index: RequestIndex, _ sequence: UInt64, _ lane: LaneState) throws -> [Int: TraceID] {
    var traces: [Int: TraceID] = [:]
    for (number, unit) in index.units.enumerated()
    where unit.trace == nil && index.records[unit.range].first?.flags.contains(.named) == true {
      do {
        try loader.add(unit, of: index) { slices, arena in
          try spool.read(lane: lane.lane, sequence: sequence, slices: slices, into: &arena)
        }
        try loader.decode()
        loader.take { mapper.load(&$0) }
        traces[number] = mapper.recordTrace
      } catch {
        loader.reset()
        if case SpoolError.unusable = error { throw error }
        // Told and counted like any other trace that cannot be read.
        traces[number] = TraceID(high: sequence, low: UInt64(number))
      }
    }
    return traces
  }

  /// How many spans and log records units hold.
  func records(of units: [UnitReference], _ lane: LaneState) -> (spans: Int, logs: Int) {
    var counts = (spans: 0, logs: 0)
    for reference in units {
      guard let request = lane.requests[reference.sequence] else { continue }
      let count = Int(reference.records)
      if request.signal == .logs { counts.logs += count } else { counts.spans += count }
    }
    return counts
  }

  // MARK: Freezing

  /// Commits what was frozen; its events go to the sink when it is durable.
  func commitFreeze() {
    guard !freezing.isEmpty else { return }
    let token = nextToken
    nextToken += 1
    freezingSince = 0
    let batch = freezing
    freezing = spare.popLast() ?? FreezeBatch()
    for place in batch.blocks.indices {
      guard var lane = lanes.removeValue(forKey: batch.blocks[place].lane) else { continue }
      batch.blocks[place].number = lane.newBlock(through: batch.blocks[place].through)
      lanes[lane.lane] = lane
    }
    spool.commit(batch.change(token: token))
    committing[token] = batch
  }

  /// The outcome of a change.
  func committed(_ token: UInt64, _ isDurable: Bool) {
    if let batch = committing[token] {
      guard isDurable else { return retry(batch.change(token: token)) }
      batch.isDurable = true
      sendDurable()
    } else if let change = settling[token] {
      guard isDurable else { return retry(change) }
      settling[token] = nil
      checkpointed(token)
    }
  }

  private func retry(_ change: Change) {
    retries.append(change)
    retriedAt = clock()
  }

  func retryChanges() {
    guard !retries.isEmpty, isOver(DeliveryLimits.retryWait, since: retriedAt) else { return }
    for change in retries { spool.commit(change) }
    retries.removeAll()
  }

  /// In the order in which they were frozen. A late part of a trace that was sent, and is done, before the part before it
  /// is on disk would after a crash stand for both.
  private func sendDurable() {
    for token in committing.keys.sorted() {
      guard let batch = committing[token], batch.isDurable else { return }
      committing[token] = nil
      send(batch)
    }
  }

  private func send(_ batch: FreezeBatch) {
    var leavingOut = Set<LaneID>()
    batch.output.withSpan { bytes in
      for held in batch.traces {
        if noteLeftOut(held.token) { leavingOut.insert(held.lane) }
        if held.events.isEmpty, held.logs.isEmpty {
          frozenDurably(held.token)
        } else {
          sink.enqueue(held.lane, held.events, trace: held.trace, token: held.token, bytes)
          sink.enqueue(held.lane, logs: held.logs, token: held.token, bytes)
        }
      }
    }
    for block in batch.blocks {
      lanes[block.lane]?.sampling.cover(block.number, leavesOut: leavingOut.contains(block.lane))
    }
    batch.reset()
    let isUsual = batch.output.capacity <= DeliveryLimits.spareBytesMax
    if isUsual, spare.count < DeliveryLimits.spareBatchesMax { spare.append(batch) }
  }
}
