import Bytes
import Capture
import Logging
import Mapping
import Spool
import Synchronization
import Telemetry

/// PostHog as a sink.
final class CaptureSink: EventSink {
  private let sender: Sender
  private let log: Logger
  private let counters: SharedCaptureCounters
  /// Lanes that take nothing at the moment.
  private var blocked = Set<UInt32>()

  init(sender: Sender, counters: SharedCaptureCounters, log: Logger) {
    self.sender = sender
    self.counters = counters
    self.log = log
  }

  func register(_ lane: LaneID, key: String) { sender.register(lane: lane.value, key: key) }
  func wakeUp() { sender.wakeUp() }
  func flush() { sender.isFlushing = true }
  func isBlocked(_ lane: LaneID) -> Bool { blocked.contains(lane.value) }

  func enqueue(_ lane: LaneID, _ events: [MappedEvent], trace: TraceID, token: UInt64, _ bytes: ByteSpan) {
    let now = SystemTime().now
    for place in events.indices {
      sender.enqueue(lane: lane.value, .ai, token: token, bytes, events[place].json, now: now)
    }
  }

  func poll(timeout: UInt64) -> [SinkOutcome] {
    let outcomes = sender.poll(timeout: .nanoseconds(Int64(clamping: timeout)))
    if outcomes.isEmpty { return [] }
    counters.set(sender.counters)
    return outcomes.compactMap(translate)
  }

  private func translate(_ outcome: Outcome) -> SinkOutcome? {
    switch outcome {
    case .delivered(_, let tokens): return .delivered(tokens)
    case .dead(let event):
      log.error(
        "PostHog refuses an event for good; it was set aside",
        metadata: ["lane": "\(event.lane)", "status": "\(event.status)", "reason": "\(event.reason)"])
      return .dead(token: event.token, status: event.status, reason: event.reason, event: event.bytes)
    case .lane(let lane, let state):
      tell(lane, state)
      return nil
    case .notice(.aiEndpointMissing):
      log.notice("this PostHog has no AI endpoint; its events go to /batch/ from now on")
      return nil
    case .notice(.quotaLimited(let lane)):
      log.warning("PostHog says that the project is over its quota and drops events", metadata: ["lane": "\(lane)"])
      return nil
    }
  }

  private func tell(_ lane: UInt32, _ state: Capture.LaneState) {
    let metadata: Logger.Metadata = ["lane": "\(lane)"]
    switch state {
    case .open:
      blocked.remove(lane)
      log.notice("PostHog takes events again", metadata: metadata)
    case .retrying(let status, let reason):
      log.warning(
        "PostHog does not take events for now; they wait in the spool",
        metadata: metadata.merging(["status": "\(status)", "reason": "\(reason)"]) { $1 })
    case .blocked(let status, let reason):
      blocked.insert(lane)
      log.error(
        "PostHog refuses the project key; its events wait in the spool until the key is right",
        metadata: metadata.merging(["status": "\(status)", "reason": "\(reason)"]) { $1 })
    }
  }
}

/// What the sender has counted, for readers on other threads.
final class SharedCaptureCounters: Sendable {
  private let counters = Mutex(CaptureCounters())
  func set(_ new: CaptureCounters) { counters.withLock { $0 = new } }
  var value: CaptureCounters { counters.withLock { $0 } }
}
