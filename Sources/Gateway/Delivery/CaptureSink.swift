import Bytes
import Capture
import Codec
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
  private let refused: RefusedKeys
  private let time: any TimeSource
  private var keys: [UInt32: String] = [:]

  /// `time` is the sender's.
  init(sender: Sender, counters: SharedCaptureCounters, refused: RefusedKeys, time: any TimeSource, log: Logger) {
    self.sender = sender
    self.counters = counters
    self.refused = refused
    self.time = time
    self.log = log
  }

  func register(_ lane: LaneID, key: String) {
    keys[lane.value] = key
    sender.register(lane: lane.value, key: key)
    keys[lane.value | Self.logs] = key
    sender.register(lane: lane.value | Self.logs, key: key)
  }
  /// Log records go out beside events, by a lane of their own: what is wrong with one endpoint holds nothing else up.
  private static let logs: UInt32 = 1 << 31
  /// With nothing on its way, one more tells whether PostHog takes log records again.
  func takesLogs(_ lane: LaneID) -> Bool {
    let logs = lane.value | Self.logs
    return sender.state(lane: logs) ?? .open == .open || sender.waitingEvents(lane: logs) == 0
  }

  func wakeUp() { sender.wakeUp() }
  func flush() { sender.isFlushing = true }
  func state(_ lane: LaneID) -> Capture.LaneState { sender.state(lane: lane.value) ?? .open }
  func hurry(_ lane: LaneID) {
    sender.hurry(lane: lane.value)
    sender.hurry(lane: lane.value | Self.logs)
  }
  func unblock() { sender.unblock() }

  func enqueue(_ lane: LaneID, _ events: [MappedEvent], trace: TraceID, token: UInt64, _ bytes: ByteSpan) {
    let now = time.now
    for place in events.indices {
      sender.enqueue(lane: lane.value, .ai, token: token, bytes, events[place].json, now: now)
    }
  }

  func enqueue(_ lane: LaneID, logs: [Slice], token: UInt64, _ bytes: ByteSpan) {
    let now = time.now
    for piece in logs {
      // A field of a request, or an event.
      let destination: Destination = bytes[piece.start] == UInt8(ascii: "{") ? .analytics : .logs
      sender.enqueue(lane: lane.value | Self.logs, destination, token: token, bytes, piece, now: now)
    }
  }

  func enqueue(_ lane: LaneID, _ event: SideEvent, token: UInt64) {
    sender.enqueue(
      lane: lane.value, .analytics, token: token, event.json.span, Slice(0, event.json.count), now: time.now)
  }

  func poll(timeout: UInt64) -> [SinkOutcome] {
    let outcomes = sender.poll(timeout: .nanoseconds(Int64(clamping: timeout)))
    if outcomes.isEmpty { return [] }
    counters.set(sender.counters)
    tellDead(outcomes)
    return outcomes.compactMap(translate)
  }

  private func translate(_ outcome: Outcome) -> SinkOutcome? {
    switch outcome {
    case .delivered(_, let tokens): return .delivered(tokens)
    case .unwanted(_, let tokens): return .unwanted(tokens)
    case .dead(let event):
      return .dead(token: event.token, status: event.status, reason: event.reason, event: event.bytes)
    case .lane(let lane, let state):
      tell(lane, state)
      return nil
    case .notice(.aiEndpointMissing):
      log.notice("this PostHog has no AI endpoint; its events go to /batch/ from now on")
      return nil
    case .notice(.logsEndpointMissing):
      log.warning("this PostHog takes no log records; they are dropped and counted (logs.forward can switch them off)")
      return nil
    case .notice(.shortened):
      // Counted; each event says so itself, in $ai_truncated.
      return nil
    case .notice(.quotaLimited(let lane)):
      log.warning(
        "PostHog says that the project is over its quota and drops events", metadata: ["key": "\(name(lane))"])
      return nil
    }
  }

  /// One line for all that died of the same at once: a thousand when an outage has used up posthog.max_retries.
  private func tellDead(_ outcomes: [Outcome]) {
    var counts: [Death: Int] = [:]
    for case .dead(let event) in outcomes {
      counts[Death(lane: event.lane, status: event.status, reason: event.reason), default: 0] += 1
    }
    for (death, count) in counts {
      log.error(
        "\(count) events will not be taken by PostHog; they were set aside ('hoglet spool ls dead')",
        metadata: ["key": "\(name(death.lane))", "status": "\(death.status)", "reason": "\(death.reason)"])
    }
  }

  private struct Death: Hashable {
    var lane: UInt32
    var status: UInt16
    var reason: String
  }

  private func name(_ lane: UInt32) -> String {
    keys[lane].map { KeyFingerprint.label(of: $0, digest: { SHA256.digest($0.span) }) } ?? "\(lane)"
  }

  private func tellOfLogs(_ state: Capture.LaneState, _ metadata: inout Logger.Metadata) {
    switch state {
    case .open: log.notice("PostHog takes log records again", metadata: metadata)
    case .retrying(let status, let reason), .blocked(let status, let reason):
      metadata.merge(["status": "\(status)", "reason": "\(reason)"]) { $1 }
      log.warning("PostHog does not take log records; they wait in the spool, events go on", metadata: metadata)
    }
  }

  /// One line for each change, not for each attempt.
  private func tell(_ lane: UInt32, _ state: Capture.LaneState) {
    var metadata: Logger.Metadata = ["key": "\(name(lane))"]
    if lane & Self.logs != 0 { return tellOfLogs(state, &metadata) }
    refused.set(keys[lane], state.refusesKey)
    switch state {
    case .open: log.notice("PostHog takes events again", metadata: metadata)
    case .retrying(let status, let reason):
      metadata.merge(["status": "\(status)", "reason": "\(reason)"]) { $1 }
      log.warning("PostHog does not take events for now; they wait in the spool", metadata: metadata)
    case .blocked(let status, let reason):
      metadata.merge(["status": "\(status)", "reason": "\(reason)"]) { $1 }
      log.error(
        state.refusesKey
          ? "PostHog refuses the project key; its events wait in the spool, new requests with it are answered 401"
          : "this is not PostHog's answer; events wait in the spool: check posthog.host",
        metadata: metadata)
    }
  }
}

extension Capture.LaneState {
  /// Whether the key is at fault, not the host.
  var refusesKey: Bool {
    if case .blocked(401, _) = self { return true }
    if case .blocked(403, _) = self { return true }
    return false
  }
}

/// What the sender has counted, for readers on other threads.
final class SharedCaptureCounters: Sendable {
  private let counters = Mutex(CaptureCounters())
  func set(_ new: CaptureCounters) { counters.withLock { $0 = new } }
  var value: CaptureCounters { counters.withLock { $0 } }
}
