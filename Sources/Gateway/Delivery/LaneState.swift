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
  /// Traces that were frozen before a restart.
  var recovered: [TraceID: [RecoveredTrace]] = [:]
  /// Recovered traces that were not finished, by the request up to which they were read, the last one first.
  var resumable: [(through: UInt64, trace: TraceID)] = []
  /// Blocks of the decision log, oldest first.
  var blocks: [DecisionBlocks] = []
  var nextBlock: UInt64 = 1
  /// Bytes of events that are frozen or with the sink.
  var outstandingBytes = 0
  /// Traces finished since the last commit.
  var finished: [(trace: TraceID, through: UInt64)] = []
  var finishedRequests: [UInt64] = []
  var deadLetters: [DeadLetter] = []
  var counts = RecordCounts()

  var hasUnread: Bool { cursor < tail }

  init(lane: LaneID) { self.lane = lane }
}

/// A request of which some unit is not finished.
struct PendingRequest {
  var index: RequestIndex
  var signal: Signal
  var arrival: UInt64
  var unitsLeft: Int
}

/// A trace whose decision was on disk when the gateway started.
struct RecoveredTrace {
  var frozen: FrozenTrace
  var isDone: Bool
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

/// Input records of a lane by what became of them: the terms of the accounting identity (architecture.md, section 7).
package struct RecordCounts: Sendable, Equatable {
  package var accepted = 0
  package var delivered = 0
  package var sampledOut = 0
  package var noEvent = 0
  package var consumed = 0
  package var duplicate = 0
  package var deadLettered = 0
  package var pending = 0

  package init() {}

  init(_ tally: RecordTally) {
    noEvent = tally.silent
    consumed = tally.joined
    duplicate = tally.duplicates
  }

  package static func += (left: inout RecordCounts, right: RecordCounts) {
    left.accepted += right.accepted
    left.delivered += right.delivered
    left.sampledOut += right.sampledOut
    left.noEvent += right.noEvent
    left.consumed += right.consumed
    left.duplicate += right.duplicate
    left.deadLettered += right.deadLettered
    left.pending += right.pending
  }
}

/// A trace whose events are on their way.
struct OutgoingTrace {
  var lane: LaneID
  var trace: TraceID
  var through: UInt64
  var units: [UnitReference]
  var eventsLeft: Int
  var bytes: Int
  /// Records that are settled with the trace, beside one for each event.
  var settled: RecordCounts
}
