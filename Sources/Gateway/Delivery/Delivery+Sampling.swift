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
    let known = context.late == nil ? nil : lane.remembered[trace]?.decision
    // What was decided under an earlier policy stands.
    let isDecided = verdict != nil || known.map { $0 != .keepAll } == true
    guard lane.sampling.isActive || isDecided else {
      return .send(.unsampled(upstream.threshold), only: nil, LeftOut())
    }
    let facts = mapper.eventFacts(context)
    guard !facts.isEmpty else { return .send(.keepAll, only: nil, LeftOut()) }
    let seen = patterns(of: facts, isCounted: verdict == nil && lane.sampling.isActive, &lane)
    if let known {
      return judgementOfLate(trace, known, facts, seen, lane)
    }
    let unit = SamplingUnit(facts, seen, upstream: upstream)
    let given: Verdict
    if let verdict {
      // An error that came while it waited is none to be dropped.
      given = !verdict.isKept && unit.isError ? lane.sampling.sampler.restore(unit, at: lane.clock) : verdict
    } else {
      switch offer(unit, &lane) {
      case .decided(let decided): given = decided
      case .waits(let ticket): return .wait(ticket, leftOut(facts, units: 1, lane))
      }
    }
    let decision = Decision(given, policyVersion: lane.sampling.sampler.policy.version)
    if !decision.isKept { return .leaveOut(decision, leftOut(facts, units: 1, lane)) }
    return decision.isEssential ? essentials(of: facts, decision, lane) : .send(decision, only: nil, LeftOut())
  }

  /// Of which kinds the events and log records of the loaded trace are. They are counted when they are judged first.
  private func patterns(of facts: [EventFacts], isCounted: Bool, _ lane: inout LaneState) -> [SeenPattern] {
    var seen: [SeenPattern] = []
    seen.reserveCapacity(facts.count)
    for fact in facts {
      let pattern = patterns.pattern(of: fact, mapper.batch)
      if isCounted {
        lane.sampling.watch(pattern, isError: fact.isError, Label(fact.service), at: lane.clock)
        tally.count(pattern, fact)
      }
      seen.append(SeenPattern(id: pattern))
    }
    for index in mapper.silentLogs {
      let log = mapper.batch.logs[index]
      let severity = log.band(mapper.batch)
      let pattern = patterns.pattern(of: log, mapper.batch)
      if isCounted {
        lane.sampling.watch(pattern, isError: severity >= .error, Label(facts[0].service), at: lane.clock)
        tally.count(pattern, severity, facts[0].service)
      }
      seen.append(SeenPattern(id: pattern, severity: severity))
    }
    return seen
  }

  /// Waiting traces of all lanes: each takes some 700 bytes. Beyond, they are decided at once.
  private static let waitingMax = 60_000

  private func offer(_ unit: SamplingUnit, _ lane: inout LaneState) -> Sampler.Offer {
    let waiting = lanes.values.reduce(lane.sampling.waiting.count) { $0 + $1.sampling.waiting.count }
    if waiting >= Self.waitingMax { return .decided(lane.sampling.sampler.decide(unit, at: lane.clock)) }
    return lane.sampling.sampler.offer(unit, at: lane.clock)
  }

  /// What comes late follows what was decided, but for errors, which always go out.
  private func judgementOfLate(
    _ trace: TraceID, _ known: Decision, _ facts: [EventFacts], _ seen: [SeenPattern], _ lane: LaneState
  ) -> Judgement {
    if known.isKept {
      return known.isEssential ? essentials(of: facts, known, lane) : .send(known, only: nil, LeftOut())
    }
    let hasError = facts.contains(where: \.isError) || seen.contains { $0.severity >= .error }
    guard hasError else { return .leaveOut(known, leftOut(facts, units: 0, lane)) }
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
    var amounts = LeftOutAmounts(facts, units: units, arrival: lane.clock)
    // Of a trace of which something goes out, its errors do.
    addLogs(to: &amounts, withErrors: units > 0, Label(facts.first?.service ?? ""), lane)
    return LeftOut(spans: facts.map(\.key), amounts: amounts.encoded())
  }

  /// Log records of the loaded trace that would have been forwarded.
  private func addLogs(
    to amounts: inout LeftOutAmounts, withErrors: Bool, _ service: Label, _ lane: LaneState
  ) {
    if logs == .off { return }
    for index in mapper.silentLogs {
      let log = mapper.batch.logs[index]
      let severity = log.band(mapper.batch)
      if severity >= .error, !withErrors { continue }
      amounts.add(log, severity, service: service, arrival: lane.clock)
    }
  }

  // MARK: Waiting

  /// Takes up verdicts that the sampler gives now, and carries out those that may be.
  func closeWindows(_ lane: inout LaneState) {
    forgetLeftOut(&lane)
    tellAnomalies(&lane)
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
    waiting.held.add(unit, index, reference: reference, arrival: lane.clock)
    waiting.outcome = nil
    lane.sampling.waiting[ticket] = waiting
  }

  func wait(_ held: OpenTrace, _ trace: TraceID, _ ticket: Sampler.Ticket, _ leftOut: LeftOut, _ lane: inout LaneState)
  {
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
    if logs != .off {
      counts.noEventLogs -= tally.silentLogs
      counts.sampledOutLogs += tally.silentLogs
    }
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
    var going = OutgoingTrace(
      lane: lane.lane, frozen: frozen, units: [], eventsLeft: 0, bytes: 0, settled: SettledRecords())
    if decision.isKept {
      // A part without anything essential, of a trace that went out.
      (going.units, going.settled) = (units, counts)
    } else {
      keepForErrors(frozen, units, counts, isSaved: false, &lane)
    }
    freezing.add(going, outgoing.insert(going), [])
  }

  /// What has nothing to send is durable: a trace that was left out, or log records that all were.
  func frozenDurably(_ token: UInt64) {
    guard let going = outgoing.remove(token), var lane = lanes.removeValue(forKey: going.lane) else { return }
    defer { lanes[going.lane] = lane }
    if !going.frozen.decision.isKept { return lane.sampling.leftOut.saved(going.frozen.trace) }
    lane.finished.append((going.frozen.trace, going.frozen.through))
    finish(going.units, going.settled, &lane)
  }

  /// Counts what is left out, and keeps it where an error that comes late finds it.
  func keepForErrors(
    _ frozen: FrozenTrace, _ units: [UnitReference], _ counts: SettledRecords, isSaved: Bool, _ lane: inout LaneState
  ) {
    counts.count(in: lane.metrics)
    let (spans, logs) = records(of: units, lane)
    var entry = LeftOutTraces.Entry(
      units: [], through: [frozen.through], amounts: frozen.leftOut.amounts.isEmpty ? [] : [frozen.leftOut.amounts],
      spans: spans, logs: logs, time: lane.clock, unsaved: isSaved ? 0 : 1)
    for reference in units where lane.requests[reference.sequence] != nil {
      lane.requests[reference.sequence]?.unitsLeftOut += 1
      if lane.requests[reference.sequence]?.unitsLeftOut == 1 {
        leftOutBytes += lane.requests[reference.sequence]?.bytes ?? 0
      }
      entry.units.append(reference)
    }
    lane.sampling.leftOut.insert(frozen.trace, entry)
    forgetLeftOut(&lane)
  }

  /// Lets go what was left out so long ago, or so much, that no error is waited for.
  func forgetLeftOut(_ lane: inout LaneState) {
    let time = lane.clock > sampling.errorsWait ? lane.clock - sampling.errorsWait : 0
    while let (trace, entry) = lane.sampling.leftOut.popOldest(
      before: time,
      isTooMuch: leftOutBytes > sampling.leftOutBytesMax || lane.sampling.leftOut.cost > sampling.leftOutMemoryMax)
    {
      for through in entry.through { lane.finished.append((trace, through)) }
      release(entry.units, &lane)
      finish(entry.units, SettledRecords(), &lane)
    }
  }

  private func release(_ units: [UnitReference], _ lane: inout LaneState) {
    for reference in units {
      lane.requests[reference.sequence]?.unitsLeftOut -= 1
      if lane.requests[reference.sequence]?.unitsLeftOut == 0 {
        leftOutBytes -= lane.requests[reference.sequence]?.bytes ?? 0
      }
    }
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
    var takenBack = LeftOut(takesBack: entry.through)
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
