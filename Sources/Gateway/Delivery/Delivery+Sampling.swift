import Mapping
import Sampling
import Spool
import Telemetry

/// Which traces go out: between a loaded trace and its events.
extension Delivery {
  /// What becomes of a loaded trace.
  enum Judgement {
    /// It goes out: all of its events, or those of `only`.
    case send(Decision, only: Set<SpanKey>?, LeftOut)
    case leaveOut(Decision, LeftOut)
    /// The sampler will tell.
    case wait(Sampler.Ticket, LeftOut)
    /// It was left out before, and goes out whole now that an error came.
    case restore
  }

  /// Judges the trace that the mapper has loaded. `verdict` is what the sampler has said after a wait.
  func judgement(
    of trace: TraceID, _ context: WritingContext, recovered: FrozenTrace?, verdict: Verdict?, _ lane: inout LaneState
  ) -> Judgement {
    if let recovered {
      // What was frozen told once what it leaves out.
      let only = recovered.decision.isEssential ? Set(recovered.events.map(\.key)) : nil
      return .send(recovered.decision, only: only, LeftOut(spans: recovered.leftOut.spans))
    }
    let upstream = UpstreamSampling(mapper.batch, trace: trace)
    guard lane.sampling.isActive else { return .send(.unsampled(upstream.threshold), only: nil, LeftOut()) }
    let facts = mapper.eventFacts(context)
    guard !facts.isEmpty else { return .send(.keepAll, only: nil, LeftOut()) }
    if context.late != nil, let known = lane.remembered[trace]?.decision {
      return judgementOfLate(trace, known, facts, lane)
    }
    let unit = SamplingUnit(facts, mapper.batch, upstream: upstream)
    let given: Verdict
    if let verdict {
      // An error that came while it waited is none to be dropped.
      given = !verdict.isKept && unit.isError ? lane.sampling.sampler.restore(unit, at: lane.clock) : verdict
    } else {
      switch lane.sampling.sampler.offer(unit, at: lane.clock) {
      case .decided(let decided): given = decided
      case .waits(let ticket): return .wait(ticket, leftOut(facts, units: 1, lane))
      }
    }
    let decision = Decision(given, policyVersion: lane.sampling.sampler.policy.version)
    if !decision.isKept { return .leaveOut(decision, leftOut(facts, units: 1, lane)) }
    return decision.isEssential ? essentials(of: facts, decision, lane) : .send(decision, only: nil, LeftOut())
  }

  /// What comes late follows what was decided, but for errors, which always go out.
  private func judgementOfLate(
    _ trace: TraceID, _ known: Decision, _ facts: [EventFacts], _ lane: LaneState
  ) -> Judgement {
    if known.isKept {
      return known.isEssential ? essentials(of: facts, known, lane) : .send(known, only: nil, LeftOut())
    }
    guard facts.contains(where: \.isError) else { return .leaveOut(known, leftOut(facts, units: 0, lane)) }
    if lane.sampling.leftOut.contains(trace) { return .restore }
    // Too late for the rest of it.
    let decision = Decision(isKept: true, probability: 1, reason: .error, policyVersion: known.policyVersion)
    return .send(decision, only: nil, LeftOut())
  }

  private func essentials(of facts: [EventFacts], _ decision: Decision, _ lane: LaneState) -> Judgement {
    let rest = facts.filter { !$0.isEssential }
    if rest.isEmpty { return .send(decision, only: nil, LeftOut()) }
    let only = Set(facts.lazy.filter(\.isEssential).map(\.key))
    if only.isEmpty { return .leaveOut(decision, leftOut(facts, units: 0, lane)) }
    return .send(decision, only: only, leftOut(rest, units: 0, lane))
  }

  private func leftOut(_ facts: [EventFacts], units: Int64, _ lane: LaneState) -> LeftOut {
    LeftOut(
      spans: facts.map(\.key), amounts: LeftOutAmounts(facts, units: units, arrival: lane.clock).encoded())
  }

  // MARK: Waiting

  /// Takes up verdicts that the sampler gives now, and carries out those that may be.
  func closeWindows(_ lane: inout LaneState) {
    forgetLeftOut(&lane)
    if let due = lane.sampling.sampler.nextDue, due <= lane.clock {
      lane.sampling.verdicts += lane.sampling.sampler.close(at: lane.clock)
      // What kept traces stand for follows from what was dropped beside them: a crash should not forget that.
      lane.sampling.isChanged = true
      lane.sampling.savedAt = 0
    }
    lane.sampling.closeRollUps(at: lane.clock)
    while mayRead(lane), let release = lane.sampling.verdicts.popLast() {
      guard let waiting = lane.sampling.waiting.removeValue(forKey: release.ticket) else { continue }
      lane.sampling.tickets[waiting.trace] = nil
      openBytes -= waiting.held.cost
      carryOut(release.verdict, waiting, &lane)
    }
  }

  private func carryOut(_ verdict: Verdict, _ waiting: WaitingTrace, _ lane: inout LaneState) {
    if !verdict.isKept, let (leftOut, counts) = waiting.outcome {
      // Nothing of it has to be read again.
      let decision = Decision(verdict, policyVersion: lane.sampling.sampler.policy.version)
      return leaveOut(waiting.trace, waiting.held.units, decision, leftOut, counts, through: lane.cursor, &lane)
    }
    map(
      waiting.held, waiting.trace, WritingContext(), through: lane.cursor, recovered: nil, verdict: verdict, &lane)
  }

  /// More of a trace that waits for its verdict.
  func join(
    _ unit: Unit, _ index: RequestIndex, _ reference: UnitReference, _ ticket: Sampler.Ticket, _ lane: inout LaneState
  ) {
    guard var waiting = lane.sampling.waiting[ticket] else { return }
    openBytes -= waiting.held.cost
    waiting.held.add(unit, index, reference: reference, arrival: lane.clock)
    waiting.outcome = nil
    openBytes += waiting.held.cost
    lane.sampling.waiting[ticket] = waiting
  }

  func wait(_ held: OpenTrace, _ trace: TraceID, _ ticket: Sampler.Ticket, _ leftOut: LeftOut, _ lane: inout LaneState)
  {
    openBytes += held.cost
    let counts = leftOutRecords(WritingContext(), events: leftOut.spans.count)
    lane.sampling.waiting[ticket] = WaitingTrace(trace: trace, held: held, outcome: (leftOut, counts))
    lane.sampling.tickets[trace] = ticket
  }

  // MARK: Leaving out

  /// How the records of the loaded trace count if all its events are left out.
  func leftOutRecords(_ context: WritingContext, events: Int) -> SettledRecords {
    let tally = mapper.tally(context)
    var counts = SettledRecords(tally)
    counts.delivered = 0
    counts.consumed = 0
    counts.sampledOutSpans = events - tally.made
    counts.sampledOutLogs = tally.joined
    return counts
  }

  /// Freezes that a trace is not sent; its requests stay for a while.
  func leaveOut(
    _ trace: TraceID, _ units: [UnitReference], _ decision: Decision, _ leftOut: LeftOut, _ counts: SettledRecords,
    through: UInt64, _ lane: inout LaneState
  ) {
    let frozen = FrozenTrace(
      trace: trace, through: through, decision: decision, memory: TraceMemory(identity: []), events: [],
      leftOut: leftOut)
    remember(frozen, spans: leftOut.spans, &lane)
    let going = OutgoingTrace(
      lane: lane.lane, frozen: frozen, units: units, eventsLeft: 0, bytes: 0, settled: counts)
    freezing.add(going, outgoing.insert(going), [])
  }

  /// The decision to leave a trace out is durable.
  func leftOutDurably(_ token: UInt64) {
    guard let going = outgoing.remove(token), var lane = lanes.removeValue(forKey: going.lane) else { return }
    defer { lanes[going.lane] = lane }
    keepForErrors(going.frozen, going.units, going.settled, &lane)
  }

  /// Counts what is left out, and keeps it where an error that comes late finds it.
  func keepForErrors(
    _ frozen: FrozenTrace, _ units: [UnitReference], _ counts: SettledRecords, _ lane: inout LaneState
  ) {
    // Log records were judged for themselves: no error brings them out.
    guard !frozen.decision.isKept else {
      lane.finished.append((frozen.trace, frozen.through))
      return finish(units, counts, &lane)
    }
    counts.count(in: lane.metrics)
    var entry = LeftOutTraces.Entry(
      units: [], through: [frozen.through], amounts: frozen.leftOut.amounts.isEmpty ? [] : [frozen.leftOut.amounts],
      spans: counts.sampledOutSpans, logs: counts.sampledOutLogs, bytes: 0, time: lane.clock)
    for reference in units where lane.requests[reference.sequence] != nil {
      lane.requests[reference.sequence]?.unitsLeftOut += 1
      entry.units.append(reference)
      entry.bytes += Int(reference.bytes)
    }
    lane.sampling.leftOut.insert(frozen.trace, entry)
    forgetLeftOut(&lane)
  }

  /// Lets go what was left out so long ago, or so much, that no error is waited for.
  func forgetLeftOut(_ lane: inout LaneState) {
    let time = lane.clock > sampling.errorsWait ? lane.clock - sampling.errorsWait : 0
    while let (trace, entry) = lane.sampling.leftOut.popOldest(
      before: time, bytesMax: sampling.leftOutBytesMax, costMax: sampling.leftOutMemoryMax)
    {
      for through in entry.through { lane.finished.append((trace, through)) }
      release(entry.units, &lane)
      finish(entry.units, SettledRecords(), &lane)
    }
  }

  private func release(_ units: [UnitReference], _ lane: inout LaneState) {
    for reference in units { lane.requests[reference.sequence]?.unitsLeftOut -= 1 }
  }

  /// Maps a trace that was left out, with what came late: whole, for an error is among it.
  func restore(_ late: OpenTrace, _ trace: TraceID, through: UInt64, _ lane: inout LaneState) {
    guard let entry = lane.sampling.leftOut.take(trace) else { return }
    release(entry.units, &lane)
    for (signal, count) in [(Signal.traces, entry.spans), (.logs, entry.logs)] where count > 0 {
      lane.metrics.count(.restored, signal, count)
    }
    var held = late
    held.units = entry.units + late.units
    var takenBack = LeftOut()
    for amounts in entry.amounts {
      guard let amounts = try? LeftOutAmounts(amounts) else { continue }
      takenBack.amounts += amounts.takenBack.encoded()
    }
    let decision = Decision(
      isKept: true, probability: 1, reason: .lateError, policyVersion: lane.sampling.sampler.policy.version)
    map(
      held, trace, WritingContext(), through: through, recovered: nil, restored: (decision, takenBack), &lane)
  }
}

extension TraceID {
  /// Names what was decided of a request's records without a trace id.
  init(logsOf sequence: UInt64) {
    self = TraceID(high: Self.logs, low: sequence) ?? .one
  }

  /// No trace id: one in 2^64 has these first eight bytes ("hogletlg").
  private static let logs: UInt64 = 0x686f_676c_6574_6c67
}

extension Decision {
  /// Of a trace that nobody samples here; it may have been sampled before.
  static func unsampled(_ upstream: SamplingThreshold) -> Decision {
    if upstream == .keepAll { return .keepAll }
    return Decision(isKept: true, probability: upstream.probability, reason: .unsampled, policyVersion: 0)
  }
}
