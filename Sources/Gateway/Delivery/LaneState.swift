import Mapping
import Spool
import Telemetry

/// What delivery knows of one lane (one project key).
struct LaneState {
  let lane: LaneID
  /// The last request that was read.
  var cursor: UInt64 = 0
  /// The last request that is known to be stored.
  var tail: UInt64 = 0
  /// Arrival time: that of the last request read, or the wall clock once everything was read.
  var clock: UInt64 = 0
  var open: [TraceID: OpenTrace] = [:]
  var timers = TimerHeap()
  /// Requests that were read and are not finished.
  var requests: [UInt64: PendingRequest] = [:]
  var remembered = RememberedTraces()
  /// Calls of late, for other traces that tell of them again.
  var calls = CallMemory()
  /// Traces that were frozen before a restart.
  var recovered: [TraceID: [RecoveredTrace]] = [:]
  /// Recovered traces that were not finished, by the request up to which they were read, the last one first.
  var resumable: [(through: UInt64, trace: TraceID)] = []
  /// While the log is read: the last checkpoint of sampling, and what blocks that it does not cover left out.
  var checkpoint: (block: UInt64, state: SamplingCheckpoint)?
  var leftOutInLog: [(block: UInt64, amounts: [UInt8])] = []
  /// Blocks of the decision log, oldest first.
  var blocks: [DecisionBlocks] = []
  var nextBlock: UInt64 = 1
  /// Bytes of events that are frozen or with the sink.
  var outstandingBytes = 0
  /// How many they may be, as far as the lane has shown that PostHog takes them.
  var window = DeliveryLimits.laneBytesMin
  /// Traces finished since the last commit.
  var finished: [(trace: TraceID, through: UInt64)] = []
  var finishedRequests: [UInt64] = []
  var damagedRequests: [UInt64] = []
  var deadLetters: [DeadLetter] = []
  /// Dead letters to be tried again that could not be read so far, by request.
  var unreadRetries: [UInt64] = []
  /// Requests whose free log records could not be read so far, or wait until PostHog takes log records.
  var unreadLogs: [(sequence: UInt64, units: [UnitReference])] = []
  /// How many records these are.
  var parkedRecords = 0
  /// Bytes of log records that are frozen or with the sink.
  var outstandingLogBytes = 0
  /// Where its records are accounted for.
  let metrics: LaneMetrics
  var sampling: LaneSampling

  /// When requests could not be read; they are tried again after `DeliveryLimits.retryWait`.
  var unreadableSince: UInt64?

  var hasUnread: Bool { cursor < tail }

  init(lane: LaneID, metrics: LaneMetrics, sampling: LaneSampling) {
    self.lane = lane
    self.metrics = metrics
    self.sampling = sampling
  }
}

/// A request of which some unit is not finished.
struct PendingRequest {
  var signal: Signal
  var arrival: UInt64
  var unitsLeft: Int
  /// Of those, units of traces that were left out, which stay for a while in case an error comes (`LeftOutTraces`).
  var unitsLeftOut = 0
  /// What it takes in the spool.
  var bytes = 0
  /// What is fixed about it, if it was a dead letter.
  var retried: FrozenTrace?
  /// Some unit could not be read: the bytes are kept when the others are finished.
  var isDamaged = false

  /// Whether something of it is still to be decided or sent.
  var isPending: Bool { unitsLeft > unitsLeftOut }
}

/// A trace whose decision was on disk when the gateway started.
struct RecoveredTrace {
  var frozen: FrozenTrace
  var isDone = false
  /// Whether there was a part of it before.
  var isLate: Bool
}

/// Blocks of the decision log that were written within the same second, as long as something needs them.
struct DecisionBlocks {
  /// The number of the last one.
  var last: UInt64
  /// The highest request their traces are made of.
  var through: UInt64
  /// When the first was written, in arrival time.
  var clock: UInt64
}

/// Records of a trace that are settled, by what became of them: terms of the accounting identity (architecture.md,
/// section 7).
struct SettledRecords {
  var delivered = 0
  var duplicate = 0
  var consumed = 0
  var noEventSpans = 0
  var noEventLogs = 0
  var deadSpans = 0
  var deadLogs = 0
  var sampledOutSpans = 0
  var sampledOutLogs = 0
  var deliveredLogs = 0

  init() {}

  init(_ tally: RecordTally) {
    // Made of log records, which are counted as consumed: as events they must not count again.
    delivered = -tally.made
    duplicate = tally.duplicates
    consumed = tally.joined
    noEventSpans = tally.silentSpans
    noEventLogs = tally.silentLogs
  }

  /// Adds the terms to a lane's accounting.
  func count(in metrics: LaneMetrics) {
    func count(_ state: RecordState, _ signal: Signal, _ records: Int) {
      if records > 0 { metrics.count(state, signal, records) }
    }
    count(.delivered, .traces, delivered)
    count(.duplicate, .traces, duplicate)
    count(.consumed, .logs, consumed)
    count(.noEvent, .traces, noEventSpans)
    count(.noEvent, .logs, noEventLogs)
    count(.deadLettered, .traces, deadSpans)
    count(.deadLettered, .logs, deadLogs)
    count(.sampledOut, .traces, sampledOutSpans)
    count(.sampledOut, .logs, sampledOutLogs)
    count(.delivered, .logs, deliveredLogs)
  }
}

/// A trace whose events are on their way.
struct OutgoingTrace {
  var lane: LaneID
  var frozen: FrozenTrace
  /// A dead letter that is tried again: the decision log has nothing of it.
  var isRetry = false
  var units: [UnitReference]
  var eventsLeft: Int
  var bytes: Int
  /// The same of its log records.
  var logBytes = 0
  /// Of its events that PostHog refuses.
  var letters: [DeadLetter] = []
  /// Records that are settled with the trace, beside one for each event.
  var settled: SettledRecords

  /// Counts events that are done with, and returns how many are not.
  mutating func settle(delivered: Int, dead: Int) -> Int {
    settled.delivered += delivered
    settled.deadSpans += dead
    eventsLeft -= delivered + dead
    if eventsLeft == 0, settled.delivered < 0 {
      // The event of a log record died: the record is counted as consumed.
      settled.deadSpans += settled.delivered
      settled.delivered = 0
    }
    return eventsLeft
  }
}
