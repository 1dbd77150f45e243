/// What delivery tells its caller. Tokens are those given to `Sender.enqueue`; every token comes back exactly once, in
/// `delivered`, `dead` or `unwanted`, or never if the process ends first.
package enum Outcome: Sendable, Equatable {
  /// PostHog said 2xx.
  case delivered(lane: UInt32, tokens: [UInt64])
  /// PostHog will never take this event.
  case dead(DeadEvent)
  /// The host has no endpoint for log records: they go nowhere.
  case unwanted(lane: UInt32, tokens: [UInt64])
  /// A lane began to fail, was blocked, or works again. Told once for each change.
  case lane(UInt32, LaneState)
  case notice(Notice)
}

/// An event that cannot be delivered, with all that a dead letter keeps.
package struct DeadEvent: Sendable, Equatable {
  package var lane: UInt32
  package var token: UInt64
  /// What PostHog answered; 0 if it was not even sent.
  package var status: UInt16
  /// What PostHog said, cut and without the key.
  package var reason: String
  /// The event as it was, or would have been, sent.
  package var bytes: [UInt8]
}

package enum LaneState: Sendable, Equatable {
  case open
  /// Attempts fail for now; delivery goes on by itself. Status 0: no answer came.
  case retrying(status: UInt16, reason: String)
  /// The key is refused (401, 403) or the host is not PostHog (other 3xx, 4xx). The backlog is kept, and tried slowly.
  case blocked(status: UInt16, reason: String)
}

package enum Notice: Sendable, Equatable {
  /// The host has no AI endpoint: its events go to `/batch/` from now on. Told once.
  case aiEndpointMissing
  /// The host has no endpoint for log records. Told once.
  case logsEndpointMissing
  /// An event was too large for its endpoint and was cut (`EventShortening`). Told for each.
  case shortened(lane: UInt32)
  /// PostHog took the events but says that the project is over its quota, so it drops some. Told for each such answer.
  case quotaLimited(lane: UInt32)
}

/// Counts since start, for metrics.
package struct CaptureCounters: Sendable, Equatable {
  package var requests2xx: UInt64 = 0
  package var requests3xx: UInt64 = 0
  package var requests4xx: UInt64 = 0
  package var requests5xx: UInt64 = 0
  /// Requests without an answer: refused, reset, timed out.
  package var requestsFailed: UInt64 = 0
  package var eventsDelivered: UInt64 = 0
  package var eventsDead: UInt64 = 0
  /// Bytes of delivered events, before compression.
  package var bytesDelivered: UInt64 = 0
  /// Bytes of request bodies as sent, every attempt counted.
  package var bytesSent: UInt64 = 0
  /// Batches that were sent again.
  package var retries: UInt64 = 0
  /// Batches that were cut in halves to find a bad event.
  package var splits: UInt64 = 0
  /// Events that were cut to fit their endpoint.
  package var eventsShortened: UInt64 = 0
  /// 2xx answers that said the project is over its quota.
  package var quotaLimited: UInt64 = 0
  /// Requests in flight now.
  package var inFlight = 0

  package init() {}

  mutating func count(status: UInt16) {
    switch status {
    case 200..<300: requests2xx += 1
    case 300..<400: requests3xx += 1
    case 400..<500: requests4xx += 1
    case 500...: requests5xx += 1
    default: requestsFailed += 1
    }
  }
}
