import Bytes
package import Capture
import Logging
import Mapping
import OTLP
import Spool
import Telemetry

/// Limits of delivery.
enum DeliveryLimits {
  /// Bytes of events that may be frozen or with the sink, over all lanes: what delivery may hold in memory, but for
  /// `laneBytesMin` of each lane.
  static let outstandingBytesMax = 12 << 20
  /// Of what others leave of that, a lane takes this share at most: so one that gets stuck leaves room, and the next one
  /// that gets stuck too.
  static let laneShare = 0.75
  /// What a lane that works may always hold, however much others that are stuck hold; and what a lane begins with, for it
  /// may be stuck from the start. It grows with all that PostHog takes.
  static let laneBytesMin = 64 << 10
  /// A lane that may hold less than this cannot fill a request of the usual size: what it has goes out at once.
  static let hurryBytes = 4 << 20
  /// Bytes of log records that a lane may have on their way beside its events: while PostHog does not take them, events go
  /// on until that is used up.
  static let logBytesMax = 8 << 20
  /// Log records of one lane that wait until PostHog takes some: each takes 24 bytes.
  static let parkedRecordsMax = 500_000
  /// Requests read from a lane before the next one has its turn.
  static let requestsPerTurn = 32
  /// Bytes of events frozen in one commit; a trace that passes them is the last.
  static let freezeBytesMax = 1 << 20
  /// A batch of this size is committed at once, a smaller one after `freezeWait`.
  static let freezeBytesDue = 768 << 10
  static let freezeWait: UInt64 = 20_000_000
  /// How often finished traces and requests are committed: until then a crash would send them again, in vain.
  static let settleWait: UInt64 = 50_000_000
  /// Empty batches that are kept for their memory.
  static let spareBatchesMax = 2
  /// Of larger ones, which a large trace has made, the memory is given back.
  static let spareBytesMax = 4 << 20
  /// How long to sleep when nothing is due; new requests wake the thread before.
  static let idleWait: UInt64 = 1_000_000_000
  /// How often others are told how things stand.
  static let publishInterval: UInt64 = 250_000_000
  /// How long a change that the disk refused waits before it is tried again.
  static let retryWait: UInt64 = 200_000_000
}

/// What delivery may keep in memory whatever the load and the backlog, over all lanes.
struct DeliveryMemory {
  /// Open traces (`OpenTrace.cost`): 24 MiB are some 50,000 with their roots. Above it those that are due next are judged
  /// before their time; what comes for them afterwards follows as late spans do.
  var openBytesMax = 24 << 20
  /// Traces that were decided: 16 MiB are some 80,000 of ten spans, ten minutes of 140 a second. Above it the lane that
  /// holds most forgets its oldest.
  var rememberedBytesMax = 16 << 20
}

/// Everything behind the spool, on one thread: collects requests into traces, maps those that are ripe, freezes what
/// must not change, gives events to the sink and settles in the spool what the sink has taken.
final class Delivery {
  let spool: any Spool
  let sink: any EventSink
  let mailbox: Mailbox
  let ripeness: RipenessSettings
  var sampling: SamplingSettings
  private let logForwarding: GatewaySettings.LogForwarding
  /// Where log records go: nowhere while the mappings keep content here.
  var logs: GatewaySettings.LogForwarding { mapper.program.keepsContent ? .off : logForwarding }
  let clock: @Sendable () -> UInt64
  let log: Logger
  var mapper: Mapper

  var lanes: [LaneID: LaneState] = [:]
  var loader = TraceLoader()
  var patterns = TrafficPatterns()
  /// Where anomalies are told of beside the events that they become.
  var recentAnomalies: RecentAnomalies?
  var tally = TrafficTally()
  /// Where what came of each pattern is told, once a minute.
  var tellTraffic: (([CountedPattern]) -> Void)?
  var indexes = IndexCache()
  /// The cost of all open traces.
  var openBytes = 0
  var isOverfull: Bool { openBytes > memory.openBytesMax }
  let memory: DeliveryMemory
  var rememberedBytes = 0
  /// Of requests that stay in the spool only in case an error comes late, over all lanes.
  var leftOutBytes = 0
  var freezing = FreezeBatch()
  /// Enough is frozen for one commit; reading pauses until it was handed over.
  var isFreezeFull: Bool { freezing.output.count >= DeliveryLimits.freezeBytesMax }
  /// Batches whose events are with the sink, to be used again.
  var spare: [FreezeBatch] = []
  /// Freeze batches that wait for their commit, by token.
  var committing: [UInt64: FreezeBatch] = [:]
  /// Settlements that wait for their commit, for a second attempt if the disk refuses.
  var settling: [UInt64: Change] = [:]
  var retries: [Change] = []
  var retriedAt: UInt64 = 0
  var outgoing = SlotTable<OutgoingTrace>()
  /// How many bytes of whole traces dead letters may still take in this turn.
  var letterBytesLeft = 0
  var outstandingBytes = 0
  var nextToken: UInt64 = 1
  /// Events of Hoglet's own that are on their way, by token: the lane, and which of its roll-ups it is; nil for an anomaly.
  var sideEvents: [UInt64: (lane: LaneID, part: UInt64?)] = [:]
  /// Checkpoints of sampling that wait for their commit, by its token.
  var checkpoints: [UInt64: [PendingCheckpoint]] = [:]
  /// Of the change that is being put together.
  var newCheckpoints: [PendingCheckpoint] = []
  private var publishedAt: UInt64 = 0
  /// When the first trace of the batch was frozen, as far as it was looked at; 0 for not yet.
  var freezingSince: UInt64 = 0
  /// When settlements were last committed.
  var settledAt: UInt64 = 0
  /// Requests read from a lane that its turn did not get to, for the next one.
  private var ahead: (lane: LaneID, requests: ArraySlice<StoredRequest>)?
  let metrics: Metrics
  /// Requests that arrived before are counted when they are read, others when they are stored.
  let startedAt: UInt64
  let publish: @Sendable ([LaneID: LaneSnapshot]) -> Void

  init(
    spool: any Spool, sink: any EventSink, mailbox: Mailbox, program: Program, ripeness: RipenessSettings,
    sampling: SamplingSettings = SamplingSettings(), logs: GatewaySettings.LogForwarding = .off,
    memory: DeliveryMemory = DeliveryMemory(), clock: @escaping @Sendable () -> UInt64, metrics: Metrics, log: Logger,
    publish: @escaping @Sendable ([LaneID: LaneSnapshot]) -> Void
  ) {
    self.spool = spool
    self.sink = sink
    self.mailbox = mailbox
    self.mapper = Mapper(program: program)
    self.ripeness = ripeness
    self.sampling = sampling
    logForwarding = logs
    self.memory = memory
    self.clock = clock
    self.log = log
    self.metrics = metrics
    self.publish = publish
    startedAt = clock()
  }

  /// One turn: take what arrived, judge what is ripe, send, settle. Sleeps in the sink when nothing is due.
  func turn(mayWait: Bool, commitsAtOnce: Bool = false) {
    let commitsAtOnce = commitsAtOnce || !mayWait
    let letters = mailbox.take()
    if letters.unblocks { sink.unblock() }
    if let program = letters.program { mapper = Mapper(program: program) }
    if let policy = letters.policy { adopt(policy) }
    for (lane, tail) in letters.tails { learn(lane, tail: tail) }
    for (accepted, records) in letters.accepted {
      lanes[accepted.lane]?.metrics.count(.accepted, accepted.signal, records)
    }
    for lane in letters.grown { lookAgain(lane) }
    for change in letters.changes { committed(change.token, change.isDurable) }
    retryChanges()
    for lane in lanes.keys.sorted() { pump(lane) }
    if commitsAtOnce || isFreezeDue { commitFreeze() }
    if commitsAtOnce || isSettlementDue { commitSettled() }
    let isBusy = lanes.values.contains { $0.hasUnread && mayRead($0) }
    letterBytesLeft = Self.letterTurnBytesMax
    for outcome in sink.poll(timeout: isBusy || !mayWait ? 0 : idleWait()) { settle(outcome) }
    if commitsAtOnce { commitSettled() }
    publishNow()
  }

  /// Whether anything is on its way that a shutdown should wait for.
  var isIdle: Bool {
    outgoing.isEmpty && sideEvents.isEmpty && committing.isEmpty && settling.isEmpty && retries.isEmpty
      && freezing.isEmpty
      && !hasUnsettled && !lanes.values.contains { $0.hasUnread && mayRead($0) }
  }

  /// Whether something is finished that the spool has not been told.
  private var hasUnsettled: Bool {
    lanes.values.contains {
      !$0.finished.isEmpty || !$0.finishedRequests.isEmpty || !$0.damagedRequests.isEmpty || !$0.deadLetters.isEmpty
    }
  }

  /// Every commit is synced to the disk, so traces share one: until enough are there, or the first has waited.
  private var isFreezeDue: Bool {
    if freezing.isEmpty { return false }
    if freezing.output.count >= DeliveryLimits.freezeBytesDue { return true }
    if freezingSince == 0 { freezingSince = clock() }
    return isOver(DeliveryLimits.freezeWait, since: freezingSince)
  }

  private var isSettlementDue: Bool { isOver(DeliveryLimits.settleWait, since: settledAt) }

  /// Whether a wait is over; also when the clock was set back meanwhile, or it could last for hours.
  func isOver(_ wait: UInt64, since start: UInt64) -> Bool {
    let now = clock()
    return now >= start &+ wait || now < start
  }

  private func publishNow() {
    guard isOver(DeliveryLimits.publishInterval, since: publishedAt) else { return }
    publishedAt = clock()
    publish(lanes.mapValues { LaneSnapshot($0, sink.state($0.lane)) })
    if tally.isDue(at: clock()) { handOverTally() }
  }

  private func idleWait() -> UInt64 {
    let now = clock()
    var wait = DeliveryLimits.idleWait
    for lane in lanes.values where mayRead(lane) {
      for due in [lane.timers.earliest, lane.sampling.nextDue] {
        if let due { wait = min(wait, due > now ? due - now : 0) }
      }
    }
    if !freezing.isEmpty { wait = min(wait, DeliveryLimits.freezeWait) }
    if hasUnsettled { wait = min(wait, DeliveryLimits.settleWait) }
    // A deadline that is a nanosecond away is not worth a turn of its own.
    return max(wait, 1_000_000)
  }

  private func learn(_ lane: LaneID, tail: UInt64) {
    if lanes[lane] == nil, let key = (try? spool.lanes())?.first(where: { $0.lane == lane })?.key {
      open(lane, key: key)
    }
    guard var known = lanes.removeValue(forKey: lane) else { return }
    known.tail = max(known.tail, tail)
    lanes[lane] = known
  }

  /// Somebody else put requests into the lane: how far they go is known when reading finds no more.
  private func lookAgain(_ lane: LaneID) { learn(lane, tail: .max) }

  /// Makes a lane known to the sink and to the accounting.
  func open(_ lane: LaneID, key: String) {
    sink.register(lane, key: key)
    lanes[lane] = LaneState(
      lane: lane, metrics: metrics.lane(key: key),
      sampling: LaneSampling(policy: sampling.policy, instance: sampling.instance()))
    lanes[lane]?.sampling.isWatching = sampling.isWatching
  }

  func mayRead(_ lane: LaneState) -> Bool {
    if let since = lane.unreadableSince, !isOver(DeliveryLimits.retryWait, since: since) { return false }
    return lane.parkedRecords < DeliveryLimits.parkedRecordsMax && mayFreeze(lane)
  }

  /// Whether the lane may bring more on its way.
  func mayFreeze(_ lane: LaneState) -> Bool {
    !isFreezeFull && lane.outstandingLogBytes < DeliveryLimits.logBytesMax
      && lane.outstandingBytes < outstandingBytesMax(lane)
  }

  /// How many bytes of its events a lane may have on their way. One that fails tries with what it has; one that is
  /// blocked brings no more.
  private func outstandingBytesMax(_ lane: LaneState) -> Int {
    switch sink.state(lane.lane) {
    case .blocked: return 0
    case .retrying: return 1
    case .open: break
    }
    let left = DeliveryLimits.outstandingBytesMax - (outstandingBytes - lane.outstandingBytes)
    let share = Int(Double(left) * DeliveryLimits.laneShare)
    return max(DeliveryLimits.laneBytesMin, min(share, lane.window))
  }

  /// Has the sink send what a lane has, if it may not bring more before that is taken.
  private func hurry(_ lane: LaneState) {
    let bytesMax = outstandingBytesMax(lane)
    if bytesMax < DeliveryLimits.hurryBytes, lane.outstandingBytes >= bytesMax { sink.hurry(lane.lane) }
  }

  // MARK: Reading

  /// Reads on in a lane and judges the traces that are ripe by its clock.
  private func pump(_ id: LaneID) {
    guard var lane = lanes.removeValue(forKey: id) else { return }
    defer {
      hurry(lane)
      lanes[id] = lane
    }
    releaseRipe(&lane)
    readRetries(&lane)
    readLogsAgain(&lane)
    closeWindows(&lane)
    sendRollUps(&lane)
    guard lane.hasUnread, mayRead(lane) else {
      if !lane.hasUnread {
        resume(&lane, isCaughtUp: true)
        advance(&lane, to: clock())
      }
      return
    }
    do {
      var stored = try requests(after: lane.cursor, of: id)
      lane.unreadableSince = nil
      if stored.isEmpty { lane.tail = lane.cursor }
      while mayRead(lane), let request = stored.popFirst() {
        advance(&lane, to: request.arrival)
        try read(request, &lane)
      }
      ahead = stored.isEmpty ? nil : (id, stored)
    } catch {
      // The lane stays behind: after a restart, nothing may be taken for complete that was not read.
      log.error("\(error); it is tried again")
      lane.unreadableSince = clock()
    }
  }

  private func requests(after cursor: UInt64, of lane: LaneID) throws(SpoolError) -> ArraySlice<StoredRequest> {
    if let ahead, ahead.lane == lane, ahead.requests.first.map({ $0.sequence > cursor }) ?? false {
      return ahead.requests
    }
    return try spool.requests(lane: lane, after: cursor, limit: DeliveryLimits.requestsPerTurn)[...]
  }

  private func advance(_ lane: inout LaneState, to time: UInt64) {
    guard time > lane.clock else { return }
    lane.clock = time
    closeWindows(&lane)
    releaseRipe(&lane)
  }

  private func releaseRipe(_ lane: inout LaneState) {
    while mayRead(lane), let entry = lane.timers.pop(at: isOverfull ? .max : lane.clock) {
      guard var trace = lane.open[entry.trace], trace.scheduled == entry.deadline else { continue }
      let deadline = trace.deadline(ripeness)
      guard trace.isTimed else { continue }
      if deadline <= lane.clock || (isOverfull && !trace.isUnreadable) {
        judge(entry.trace, &lane)
      } else {
        trace.scheduled = deadline
        lane.open[entry.trace] = trace
        lane.timers.push(deadline, entry.trace)
        // Nothing can be judged while the spool cannot be read.
        if trace.isUnreadable { return }
      }
    }
  }

  private func read(_ stored: StoredRequest, _ lane: inout LaneState) throws {
    // Whatever was frozen below this request is complete now.
    lane.cursor = stored.sequence - 1
    resume(&lane, isCaughtUp: false)
    let index: RequestIndex
    do {
      index = try RequestIndex(stored.index.span, bodyCount: stored.bodyCount)
    } catch {
      lane.cursor = stored.sequence
      log.error("the index of request \(stored.sequence) does not decode (\(error))")
      lane.damagedRequests.append(stored.sequence)
      return
    }
    let isRetry = !stored.frozen.isEmpty
    let recordTraces = isRetry ? [:] : try recordTraces(index, stored.sequence, lane)
    lane.cursor = stored.sequence
    if isRetry { return readRetry(stored, index, &lane) }
    if stored.arrival <= startedAt { lane.metrics.count(.recovered, stored.signal, index.records.count) }
    if index.units.isEmpty { return lane.finishedRequests.append(stored.sequence) }
    lane.requests[stored.sequence] = PendingRequest(
      signal: stored.signal, arrival: stored.arrival, unitsLeft: index.units.count)
    lane.requests[stored.sequence]?.bytes = stored.bodyCount + stored.index.count
    indexes.insert(index, IndexCache.Key(lane: lane.lane, sequence: stored.sequence))
    var freeLogs: [UnitReference] = []
    for (number, unit) in index.units.enumerated() {
      let reference = UnitReference(sequence: stored.sequence, unit: number, unit, index)
      guard let trace = unit.trace ?? recordTraces[number] else {
        freeLogs.append(reference)
        continue
      }
      add(unit, index, reference, trace, arrival: stored.arrival, &lane)
    }
    if !freeLogs.isEmpty { judgeFreeLogs(freeLogs, index, stored.sequence, &lane) }
    resume(&lane, isCaughtUp: false)
  }

  private func add(
    _ unit: Unit, _ index: RequestIndex, _ reference: UnitReference, _ trace: TraceID, arrival: UInt64,
    _ lane: inout LaneState
  ) {
    var frozenThrough: UInt64?
    if let earlier = lane.recovered[trace]?.first(where: { reference.sequence <= $0.frozen.through }) {
      if earlier.isDone { return finish([reference], settled(unit, index, earlier.frozen.decision), &lane) }
      frozenThrough = earlier.frozen.through
    } else if let ticket = lane.sampling.tickets[trace] {
      return join(unit, index, reference, ticket, &lane)
    } else if lane.open[trace] == nil, lane.remembered[trace] != nil {
      return judgeLate([reference], trace, &lane)
    }
    var held = release(trace, &lane) ?? OpenTrace(arrival: arrival)
    held.add(unit, index, reference: reference, arrival: arrival)
    held.frozenThrough = frozenThrough ?? held.frozenThrough
    if frozenThrough == nil {
      let earliest = held.earliest(ripeness)
      if earliest < held.scheduled {
        held.scheduled = earliest
        lane.timers.push(earliest, trace)
      }
    }
    hold(held, trace, &lane)
    if isOverfull { releaseRipe(&lane) }
  }

  // MARK: Open traces

  func hold(_ held: OpenTrace, _ trace: TraceID, _ lane: inout LaneState) {
    openBytes += held.cost
    lane.open[trace] = held
  }

  func release(_ trace: TraceID, _ lane: inout LaneState) -> OpenTrace? {
    let held = lane.open.removeValue(forKey: trace)
    openBytes -= held?.cost ?? 0
    return held
  }

  /// The index of a request that is not finished.
  func index(_ sequence: UInt64, of lane: LaneID) throws -> RequestIndex {
    let key = IndexCache.Key(lane: lane, sequence: sequence)
    if let known = indexes[key] { return known }
    guard let stored = try spool.requests(lane: lane, after: sequence - 1, limit: 1).first, stored.sequence == sequence
    else { throw SpoolError.corrupt(lane: lane, sequence: sequence, reason: "its index cannot be read any more") }
    let index = try RequestIndex(stored.index.span, bodyCount: stored.bodyCount)
    indexes.insert(index, key)
    return index
  }

  /// Units that were settled before a restart, whose request was still waiting for others.
  private func settled(_ unit: Unit, _ index: RequestIndex, _ decision: Decision) -> SettledRecords {
    var counts = SettledRecords()
    for record in index.records[unit.range] {
      switch (record.flags.contains(.log), decision.isKept) {
      case (true, true): counts.consumed += 1
      case (false, true): counts.delivered += 1
      case (true, false): counts.sampledOutLogs += 1
      case (false, false): counts.sampledOutSpans += 1
      }
    }
    return counts
  }
}

/// What others may know of a lane.
package struct LaneSnapshot: Sendable {
  package var openTraces: Int
  /// Whether requests wait that delivery has not looked at.
  package var isBehind: Bool
  package var outstandingBytes: Int
  /// Arrival of the oldest request that is not finished, in nanoseconds since 1970; nil if there is none.
  package var oldestArrival: UInt64?
  /// How metrics and logs name its key.
  package var label: String
  /// How PostHog takes its events.
  package var state: Capture.LaneState

  init(_ lane: LaneState, _ state: Capture.LaneState) {
    label = lane.metrics.label
    self.state = state
    openTraces = lane.open.count
    isBehind = lane.hasUnread
    outstandingBytes = lane.outstandingBytes
    oldestArrival = lane.requests.values.lazy.filter(\.isPending).map(\.arrival).min()
  }
}
