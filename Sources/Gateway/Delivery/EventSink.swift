import Bytes
import Capture
import Mapping
import Spool
import Telemetry

/// What a sink says about events it was given.
enum SinkOutcome {
  /// PostHog (or the local store) has them for good.
  case delivered([UInt64])
  /// PostHog has no endpoint for these log records.
  case unwanted([UInt64])
  /// Refused for good.
  case dead(token: UInt64, status: UInt16, reason: String, event: [UInt8])
}

/// Where events go: PostHog, or the local store. Used by the delivery thread alone, but for `wakeUp`.
protocol EventSink: AnyObject {
  /// Makes a lane known before its first event.
  func register(_ lane: LaneID, key: String)
  /// Takes the events of a trace, whose JSON stands in `bytes`. The bytes are copied. `token` comes back once for each.
  func enqueue(_ lane: LaneID, _ events: [MappedEvent], trace: TraceID, token: UInt64, _ bytes: ByteSpan)
  /// Takes log records: each slice of `bytes` is a `ResourceLogs` with its tag and length, or an event. `token` comes back
  /// once for each.
  func enqueue(_ lane: LaneID, logs: [Slice], token: UInt64, _ bytes: ByteSpan)
  /// Takes an event of Hoglet's own.
  func enqueue(_ lane: LaneID, _ event: SideEvent, token: UInt64)
  /// Works for at most `timeout` nanoseconds, or until something happened or `wakeUp` was called.
  func poll(timeout: UInt64) -> [SinkOutcome]
  /// Makes a `poll` that waits return. From any thread.
  func wakeUp()
  /// How the lane fares.
  func state(_ lane: LaneID) -> Capture.LaneState
  /// Whether log records of the lane find a way at the moment.
  func takesLogs(_ lane: LaneID) -> Bool
  /// Sends what a lane has without waiting for more.
  func hurry(_ lane: LaneID)
  /// Tries lanes that are blocked at once.
  func unblock()
  /// Sends what waits without waiting for more.
  func flush()
}
