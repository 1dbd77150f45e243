import Capture
import Console
import Spool
import Synchronization
import Transport

/// What the gateway knows of itself right now: written by its stages, read by metrics, health checks and people.
final class StatusBoard: Sendable {
  private struct Board {
    var lanes: [LaneID: LaneSnapshot] = [:]
    var servers: [(listener: String, server: HTTPServer)] = []
    var isClosing = false
  }

  private let board = Mutex(Board())
  private let spool: any Spool
  private let capture: SharedCaptureCounters
  private let metrics: Metrics

  init(spool: any Spool, capture: SharedCaptureCounters, metrics: Metrics) {
    self.spool = spool
    self.capture = capture
    self.metrics = metrics
    metrics.onCollect { [weak self] metrics in self?.collect(metrics) }
  }

  func publish(_ lanes: [LaneID: LaneSnapshot]) { board.withLock { $0.lanes = lanes } }
  func add(_ server: HTTPServer, as listener: String) { board.withLock { $0.servers.append((listener, server)) } }
  func close() { board.withLock { $0.isClosing = true } }

  /// Why requests should go elsewhere for the moment; empty when the gateway takes them.
  var notReady: [String] {
    var reasons: [String] = []
    if board.withLock({ $0.isClosing }) { reasons.append("shutting down") }
    let status = spool.status
    if status.bytesMax > 0, status.bytesUsed >= status.bytesMax {
      reasons.append("the spool is full (spool.max_bytes)")
    }
    return reasons
  }

  /// Brings the numbers that others hold into the metrics, just before they are read.
  private func collect(_ metrics: Metrics) {
    let status = spool.status
    metrics.series(.spoolBytes).set(status.bytesUsed)
    metrics.series(.spoolBytesMax).set(status.bytesMax)
    metrics.series(.spoolRequests).set(status.requests)
    metrics.series(.spoolDeadLetters).set(status.deadLetters)
    metrics.series(.spoolQuarantined).set(status.quarantined)
    metrics.series(.spoolCommits).set(Int(clamping: status.commits))
    let lanes = board.withLock { $0.lanes.values }
    metrics.series(.tracesOpen).set(lanes.reduce(0) { $0 + $1.openTraces })
    let now = WallClock.now()
    let oldest = lanes.compactMap(\.oldestArrival).min() ?? now
    metrics.series(.oldestPendingAge).set(Int((now - min(oldest, now)) / 1_000_000))
    for lane in lanes { collect(lane, now, metrics) }
    collect(capture.value, metrics)
  }

  private func collect(_ lane: LaneSnapshot, _ now: UInt64, _ metrics: Metrics) {
    metrics.series(.laneState, lane.label).set(lane.state.number)
    metrics.series(.laneBytes, lane.label).set(lane.outstandingBytes)
    let age = lane.oldestArrival.map { now - min($0, now) } ?? 0
    metrics.series(.laneOldestAge, lane.label).set(Int(age / 1_000_000))
  }

  /// One line for each key that PostHog does not take events of, for people.
  var troubles: [String] {
    let lanes = board.withLock { $0.lanes.values.sorted { $0.label < $1.label } }
    return lanes.compactMap { lane in
      switch lane.state {
      case .open: nil
      case .retrying(let status, let reason): "\(lane.label): tried again by itself (HTTP \(status): \(reason))"
      case .blocked(let status, let reason): "\(lane.label): refused (HTTP \(status): \(reason)), its backlog is kept"
      }
    }
  }

  private func collect(_ counters: Capture.CaptureCounters, _ metrics: Metrics) {
    let codes: [(String, UInt64)] = [
      ("2xx", counters.requests2xx), ("3xx", counters.requests3xx), ("4xx", counters.requests4xx),
      ("5xx", counters.requests5xx), ("none", counters.requestsFailed),
    ]
    for (code, count) in codes { metrics.series(.captureRequests, "ai", code).set(Int(clamping: count)) }
    metrics.series(.captureRetries, "ai").set(Int(clamping: counters.retries))
    metrics.series(.captureInFlight).set(counters.inFlight)
    metrics.series(.captureBytes, "ai").set(Int(clamping: counters.bytesSent))
    metrics.series(.captureShortened).set(Int(clamping: counters.eventsShortened))
    metrics.series(.captureEvents, "ai").set(Int(clamping: counters.eventsDelivered))
  }
}

extension StatusBoard: MetricsSource {
  func families() -> [MetricFamily] {
    let servers = board.withLock { $0.servers }
    return metrics.families()
      + MetricFamily.transport(servers.map { (listener: $0.listener, counts: $0.server.counts) })
  }
}

extension Capture.LaneState {
  /// As `hoglet_lane_state` shows it.
  fileprivate var number: Int {
    switch self {
    case .open: 0
    case .retrying: 1
    case .blocked: 2
    }
  }
}
