import Sampling
import Telemetry

/// Everything that sampling knows of one lane.
final class LaneSampling {
  var sampler: Sampler
  /// Sums of what was left out, as far as that is on disk.
  var table = RollUpTable()
  /// How often what occurs.
  var anomalies = AnomalyDetector()
  /// Blocks of the decision log up to this number are in `table`.
  var covers: UInt64 = 0
  /// Roll-ups that are closed and not delivered, as they are sent, by their part.
  var closed: [UInt64: SideEvent] = [:]
  /// Of those, what is durable and to be sent, and how many are on their way.
  var ready: Set<UInt64> = []
  var sending = 0
  /// Closed since the last checkpoint: they go out when it is durable.
  var unsaved: Set<UInt64> = []
  /// Sixteen random bytes: gateways that serve one project must not name their roll-ups alike.
  let instance: [UInt8]
  /// The block that holds the last checkpoint; 0 for none.
  var checkpoint: UInt64 = 0
  /// Arrival time of the last checkpoint.
  var savedAt: UInt64 = 0
  /// Something changed since.
  var isChanged = false
  /// Traces that wait for the sampler's verdict.
  var waiting: [Sampler.Ticket: WaitingTrace] = [:]
  var tickets: [TraceID: Sampler.Ticket] = [:]
  /// Verdicts that were given and not carried out yet.
  var verdicts: [Sampler.Release] = []
  var leftOut = LeftOutTraces()
  /// Events that were kept since `minuteBegan`, and in the minute before.
  private var keptEvents = 0
  private var keptLastMinute = 0
  private var minuteBegan: UInt64 = 0

  /// Whether anything may be left out.
  var isActive: Bool { isWatching || sampler.policy.target != .everything }
  /// Patterns are counted although everything is kept.
  var isWatching = false
  /// Something was counted since the last minute ended.
  var hasWatched = false

  /// Blocks that leave something out which no durable checkpoint holds, in order.
  private(set) var unsavedBlocks: [UInt64] = []

  /// Blocks from this number on are needed to know what was left out; nil for none.
  var blocksNeeded: UInt64? {
    let needed = min(unsavedBlocks.first ?? .max, checkpoint > 0 ? checkpoint : .max)
    return needed == .max ? nil : needed
  }

  /// A block is durable, and what it leaves out is in `table`.
  func cover(_ block: UInt64, leavesOut: Bool) {
    covers = block
    guard leavesOut else { return }
    isChanged = true
    if unsavedBlocks.last != block { unsavedBlocks.append(block) }
  }

  /// A checkpoint is durable.
  func saved(in block: UInt64, covers: UInt64) {
    checkpoint = block
    unsavedBlocks.removeAll { $0 <= covers }
  }

  /// Roll-ups that wait for a lane that does not take them: above it, open ones grow instead.
  static let closedMax = 4_096
  /// How often what is known is written down: until then a crash means reading some more of the log.
  static let checkpointInterval: UInt64 = 30_000_000_000

  init(policy: SamplingPolicy, instance: [UInt8]) {
    sampler = Sampler(policy: policy)
    self.instance = instance
  }

  /// Goes on from what a checkpoint holds.
  init(_ state: SamplingState, covers: UInt64) {
    sampler = state.sampler
    table = state.table
    anomalies = state.anomalies
    closed = state.closed
    instance = state.instance
    self.covers = covers
  }

  /// Whether a checkpoint should be written.
  func isCheckpointDue(at now: UInt64) -> Bool {
    !unsaved.isEmpty || isChanged && now >= savedAt &+ Self.checkpointInterval
  }

  /// When something has to be done next, in arrival time; nil for nothing.
  var nextDue: UInt64? {
    [sampler.nextDue, table.nextDue, isActive ? anomalies.nextDue : nil].compactMap(\.self).min()
  }

  /// Closes roll-ups whose time has come.
  func closeRollUps(at now: UInt64) {
    guard let due = table.nextDue, due <= now, closed.count < Self.closedMax else { return }
    for rollUp in table.close(at: now, eventsPerMinute: Double(max(keptLastMinute, keptEvents))) {
      closed[rollUp.part] = SideEvent(rollUp, instance: instance)
      unsaved.insert(rollUp.part)
    }
    isChanged = true
  }

  /// Counts one event or log record.
  func watch(_ pattern: UInt64, isError: Bool, _ service: Label, at now: UInt64) {
    hasWatched = true
    anomalies.count(pattern: pattern, at: now)
    if isError { anomalies.count(errorsOf: service, at: now) }
  }

  func countKept(_ events: Int, at now: UInt64) {
    if now >= minuteBegan &+ 60_000_000_000 {
      keptLastMinute = now < minuteBegan &+ 120_000_000_000 ? keptEvents : 0
      (keptEvents, minuteBegan) = (0, now)
    }
    keptEvents += events
  }
}

/// A trace whose window is not closed.
struct WaitingTrace {
  var trace: TraceID
  var held: OpenTrace
  /// What is left out of it if it is dropped, and how its records count then; nil once more of it came.
  var outcome: (leftOut: LeftOut, counts: SettledRecords)?
}
