import Bytes
import Mapping
import OTLP
import Sampling
import Spool
import Telemetry

/// Log records that are no part of an event: sampled one by one, or with their trace, and forwarded as they came.
extension Delivery {
  /// Judges a request's records that name no trace and are no step.
  func judgeFreeLogs(_ units: [UnitReference], _ index: RequestIndex, _ sequence: UInt64, _ lane: inout LaneState) {
    let trace = TraceID(logsOf: sequence)
    var counts = SettledRecords()
    let recovered = lane.recovered[trace]?.first
    if logs == .off, recovered == nil || mapper.program.keepsContent {
      counts.noEventLogs = units.count
      return finish(units, counts, &lane)
    }
    if !sink.takesLogs(lane.lane) { return park(units, sequence, &lane) }
    if let recovered, recovered.isDone { return finish(units, settled(recovered.frozen, units.count), &lane) }
    var batch = Batch()
    do {
      try loader.add(units.lazy.map { index.units[Int($0.unit)] }, of: index) { slices, arena in
        try spool.read(lane: lane.lane, sequence: sequence, slices: slices, into: &arena)
      }
      try loader.decode()
      loader.take { swap(&batch, &$0) }
    } catch SpoolError.unusable(_, let reason) {
      log.error("the spool cannot be read (\(reason)); its log records are tried again")
      loader.reset()
      return park(units, sequence, &lane)
    } catch {
      log.error("log records of request \(sequence) cannot be read (\(error))")
      loader.reset()
      return bury(units, &lane)
    }
    forward(
      Array(batch.logs.indices), batch, units, trace, of: nil, recovered?.frozen, through: sequence, counts, &lane)
  }

  /// Leaves records in the spool until they can be read, or PostHog takes log records.
  private func park(_ units: [UnitReference], _ sequence: UInt64, _ lane: inout LaneState) {
    lane.parkedRecords += units.count
    lane.unreadLogs.append((sequence, units))
  }

  /// Tries those again that could not be read.
  func readLogsAgain(_ lane: inout LaneState) {
    var waiting = lane.unreadLogs[...]
    // As many as may be on their way, in the order in which they came.
    while mayFreeze(lane), sink.takesLogs(lane.lane), let (sequence, units) = waiting.popFirst() {
      lane.unreadLogs.removeFirst()
      lane.parkedRecords -= units.count
      do {
        judgeFreeLogs(units, try index(sequence, of: lane.lane), sequence, &lane)
      } catch SpoolError.unusable {
        return park(units, sequence, &lane)
      } catch {
        bury(units, &lane)
      }
    }
  }

  /// Judges the log records of the loaded trace, which holds no AI span, one by one.
  func judgeOwnLogs(
    _ units: [UnitReference], _ trace: TraceID, _ recovered: FrozenTrace?, through: UInt64, _ lane: inout LaneState
  ) {
    var counts = SettledRecords()
    (counts.noEventSpans, counts.noEventLogs) = records(of: units, lane)
    let isForbidden = logs == .off && (recovered == nil || mapper.program.keepsContent)
    if mapper.batch.logs.isEmpty || isForbidden { return finish(units, counts, &lane) }
    counts.noEventLogs = 0
    let batch = mapper.batch
    forward(Array(batch.logs.indices), batch, units, trace, of: trace, recovered, through: through, counts, &lane)
  }

  /// Decides about records, freezes what was decided and writes those that are kept.
  private func forward(
    _ records: [Int], _ batch: Batch, _ units: [UnitReference], _ name: TraceID, of trace: TraceID?,
    _ recovered: FrozenTrace?, through: UInt64, _ counts: SettledRecords, _ lane: inout LaneState
  ) {
    var verdicts = LogVerdicts()
    var amounts = LeftOutAmounts()
    if let known = recovered.flatMap({ LogVerdicts($0.memory.inherited) }), known.picks.count == records.count {
      verdicts = known
    } else {
      judge(records, batch, trace, &verdicts, &amounts, &lane)
    }
    var frozen = FrozenTrace(
      trace: name, through: through, decision: .keepAll,
      memory: TraceMemory(identity: [], inherited: verdicts.encoded()), events: [])
    frozen.leftOut.amounts = amounts.encoded()
    let start = freezing.output.count
    let kept = records.indices.lazy.filter { verdicts[$0] != nil }.map { records[$0] }
    let pieces = write(batch, kept: kept, user: nil, verdicts.decisions) { verdicts.picks[$0] - 1 }
    var settled = counts
    settled.deliveredLogs = verdicts.kept
    settled.sampledOutLogs = records.count - verdicts.kept
    settled.delivered = -pieces.count
    lane.sampling.countKept(verdicts.kept, at: lane.clock)
    hold(
      OutgoingTrace(
        lane: lane.lane, frozen: frozen, units: units, eventsLeft: pieces.count,
        bytes: 0, logBytes: freezing.output.count - start, settled: settled),
      [], logs: pieces, &lane)
  }

  private func judge(
    _ records: [Int], _ batch: Batch, _ trace: TraceID?, _ verdicts: inout LogVerdicts,
    _ amounts: inout LeftOutAmounts, _ lane: inout LaneState
  ) {
    let bytes = batch.arena.span
    var services = ServiceNames(batch)
    for record in records {
      guard lane.sampling.isActive else {
        verdicts.append(.keepAll)
        continue
      }
      let log = batch.logs[record]
      let service = services.service(of: log.scope, batch)
      let severity = log.band(batch)
      let pattern = patterns.pattern(of: log, batch)
      lane.sampling.watch(pattern, isError: severity >= .error, service, at: lane.clock)
      tally.count(pattern, severity, service.text)
      let unit = SamplingUnit(log, pattern, severity, bytes, service: service, trace: trace)
      let verdict = lane.sampling.sampler.decide(unit, at: lane.clock)
      let decision = Decision(verdict, policyVersion: lane.sampling.sampler.policy.version)
      verdicts.append(decision)
      if !decision.isKept { amounts.add(log, severity, service: service, arrival: lane.clock) }
    }
  }

  private func settled(_ frozen: FrozenTrace, _ records: Int) -> SettledRecords {
    var counts = SettledRecords()
    counts.deliveredLogs = LogVerdicts(frozen.memory.inherited)?.kept ?? records
    counts.sampledOutLogs = records - counts.deliveredLogs
    return counts
  }

  // MARK: With a trace's events

  /// Writes the log records of the loaded trace that no event was made of, if they are forwarded: all of a whole trace, the
  /// errors of one of which only essentials go out.
  func writeLogs(of events: [MappedEvent], _ decision: Decision, _ settled: inout SettledRecords) -> [Slice] {
    let silent = mapper.silentLogs
    if logs == .off || silent.isEmpty { return [] }
    let kept = silent.filter { !decision.isEssential || mapper.batch.logs[$0].band(mapper.batch) >= .error }
    settled.noEventLogs -= silent.count
    settled.deliveredLogs += kept.count
    settled.sampledOutLogs += silent.count - kept.count
    // Where nobody is known, the trace id stands for them.
    let user = events.first.map(\.frozen.distinctID)
    let known = user == mapper.traceName ? nil : user
    let pieces = write(mapper.batch, kept: kept, user: known, [decision]) { _ in 0 }
    settled.delivered -= pieces.count
    return pieces
  }

  /// Writes records to what is frozen next, in the form in which they go out. `decision` says by which of `decisions` one
  /// was kept.
  private func write(
    _ batch: Batch, kept: some Sequence<Int>, user: [UInt8]?, _ decisions: [Decision], decision: (Int) -> Int
  ) -> [Slice] {
    if logs == .events {
      let members = decisions.map { $0.members(upstream: .keepAll) }
      return LogEvents.write(batch, kept: kept, user: user, to: &freezing.output) { members[decision($0)] }
    }
    var named = ByteBuffer()
    if let user { named.appendLogAttribute("posthogDistinctId", text: user) }
    let attributes = decisions.map { $0.logAttributes + named.array() }
    return LogPieces.write(batch, kept: kept, to: &freezing.output) { attributes[decision($0)] }
  }

  // MARK: Settling

  /// PostHog has no endpoint for them.
  func settleUnwantedLogs(_ token: UInt64) {
    if let records = outgoing[token]?.settled.deliveredLogs {
      outgoing[token]?.settled.noEventLogs += records
      outgoing[token]?.settled.deliveredLogs = 0
    }
    settle(token, delivered: 1, dead: 0)
  }

  func buryLogs(_ token: UInt64, _ status: UInt16, _ reason: String, _ piece: [UInt8]) {
    guard outgoing[token] != nil else { return }
    let records = LogPieces.isPiece(piece) ? LogPieces.count(piece) : 1
    outgoing[token]?.settled.deliveredLogs -= records
    outgoing[token]?.settled.deadLogs += records
    let source = letterSource(ofLogs: piece)
    outgoing[token]?.letters.append(
      DeadLetter(time: clock(), status: status, reason: reason, event: source == nil ? piece : [], source: source))
    settle(token, delivered: 1, dead: 0)
  }

  /// Records as they were sent are all that a letter needs to try them again; nil for those that went out as an event.
  private func letterSource(ofLogs piece: [UInt8]) -> DeadLetterSource? {
    guard LogPieces.isPiece(piece) else { return nil }
    var body = piece
    guard let scan = try? RequestScanner.scan(&body, signal: .logs) else { return nil }
    var entry = ByteBuffer()
    entry.append(
      .frozen(
        FrozenTrace(
          trace: TraceID(logsOf: 0), through: 0, decision: .keepAll, memory: TraceMemory(identity: []), events: [])))
    return DeadLetterSource(frozen: entry.array(), index: scan.index.encoded(), body: body, tracesCount: 0)
  }

  /// Log records that were a dead letter, as `batch` holds them: forwarded as they are.
  func forwardAgain(_ batch: Batch, _ frozen: FrozenTrace, _ units: [UnitReference], _ lane: inout LaneState) {
    let start = freezing.output.count
    let pieces = LogPieces.write(batch, kept: batch.logs.indices, to: &freezing.output) { _ in [] }
    var settled = SettledRecords()
    settled.deliveredLogs = batch.logs.count
    settled.delivered = -pieces.count
    hold(
      OutgoingTrace(
        lane: lane.lane, frozen: frozen, isRetry: true, units: units, eventsLeft: pieces.count,
        bytes: 0, logBytes: freezing.output.count - start, settled: settled),
      [], logs: pieces, &lane)
  }
}

/// `service.name` of scopes, looked up once each.
private struct ServiceNames {
  private var known: [Label?]
  private static let key = Array("service.name".utf8)
  private static let unknown = Label("")

  init(_ batch: Batch) { known = Array(repeating: nil, count: batch.scopes.count) }

  mutating func service(of scope: Int32, _ batch: Batch) -> Label {
    if let label = known[Int(scope)] { return label }
    let bytes = batch.arena.span
    var label = Self.unknown
    for attribute in batch.resources[Int(batch.scopes[Int(scope)].resource)].attributes
    where bytes.equals(batch.attributes[Int(attribute)].key, Self.key) {
      if case .string(let name) = batch.attributes[Int(attribute)].value { label = Label(bytes.string(name)) }
    }
    known[Int(scope)] = label
    return label
  }
}
