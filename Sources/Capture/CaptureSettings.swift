/// How to deliver to PostHog. Every number has a default that suits PostHog's cloud.
package struct CaptureSettings: Sendable {
  package enum Compression: Sendable { case none, gzip }

  /// Where PostHog is: `https://…` or `http://…`, a path prefix allowed.
  package var host = "https://us.i.posthog.com"
  package var compression = Compression.gzip
  /// The size of a batch before compression, in bytes; an event that is larger travels alone. Held to
  /// `CaptureLimits.batchBytesMax`.
  package var batchBytes = 4 * 1024 * 1024
  /// Events in a batch: with more, one bad event among them costs too many requests to find.
  package var batchEvents = 1_000
  /// How long an event waits for others to share its batch, from the first one waiting.
  package var flushInterval = Duration.seconds(1)
  /// Requests in flight for one project key.
  package var concurrency = 4
  /// Requests in flight altogether; each holds a socket or a stream.
  package var requestsMax = 64
  /// The first retry waits a random time up to this, each further one up to twice as long …
  package var retryBase = Duration.milliseconds(100)
  /// … up to this.
  package var retryMax = Duration.seconds(30)
  /// What PostHog asks for in `Retry-After` is honoured up to this.
  package var retryAfterMax = Duration.seconds(300)
  /// Attempts after the first one; nil: until it works. Events are reported dead when it is used up.
  package var maxRetries: Int?
  /// How often a lane whose key is refused is tried again.
  package var blockedInterval = Duration.seconds(60)
  /// False for a self-hosted PostHog without `/i/v0/ai/batch/`; found out by itself at the first 404.
  package var aiLane = true
  /// Sent as `X-PostHog-Team-Id`.
  package var teamID: UInt64?
  package var client = ClientSettings()

  package init() {}
}

/// How to speak HTTP.
package struct ClientSettings: Sendable {
  /// For the answer, and for standing still; sending a large body gets more (`CaptureLimits.uploadBytesPerSecond`).
  package var timeout = Duration.seconds(30)
  package var connectTimeout = Duration.seconds(5)
  /// The proxy's URL; nil for none. The environment is never asked.
  package var proxy: String?
  /// PEM file of the authorities to trust; nil for the system's.
  package var caFile: String?
  /// More of an answer is not read: what we look for is short, and it may come from anyone.
  package var responseBytesMax = 1024 * 1024
  package var userAgent = "hoglet"

  package init() {}
}

/// What PostHog takes, and what we allow ourselves.
package enum CaptureLimits {
  /// PostHog's limit of an event on the AI endpoint.
  package static let aiEventBytesMax = 8 * 1024 * 1024
  /// PostHog's limit of an `$ai_*` event on `/batch/`: a larger one fails its whole request with 413.
  package static let fallbackEventBytesMax = 983_040
  /// PostHog's limit of a request on the wire is 20 MiB; an event for `/batch/` has to fit with its envelope.
  package static let analyticsEventBytesMax = 20 * 1024 * 1024 - 4 * 1024
  /// PostHog's limit of a logs request is 2 MiB, as sent and unpacked; a record over this is refused anyhow, with all that
  /// is sent with it.
  package static let logsBytesMax = 2_097_152
  /// What a logs request is filled to.
  package static let logsBatchBytesMax = 1_992_294
  /// Batches stay below PostHog's 20 MiB even uncompressed.
  package static let batchBytesMax = 16 * 1024 * 1024
  /// By how much a full batch may grow so that the events of one trace stay together: a quarter.
  package static let overfillDivisor = 4
  /// Of the requests in flight altogether, lanes that fail may hold one in so many: what hangs must not keep the rest.
  package static let failingShareDivisor = 2
  /// Characters of an answer that a dead letter keeps: enough for PostHog's validation messages.
  package static let reasonCharactersMax = 500
  /// The slowest upload that is waited for: 8 MiB in two minutes. Without it a body that needs more than the timeout
  /// would be sent again for ever.
  package static let uploadBytesPerSecond = 64 * 1024
  /// What a body's memory begins with: most batches of a quiet lane fit; it doubles as it grows.
  package static let bodyBytesFirst = 4 * 1024
  /// How long to wait when nothing is due: only an answer, an event or `wakeUp` can change that.
  package static let idleWait = Duration.seconds(3_600)
  /// Connections kept for reuse.
  package static let idleConnectionsMax = 64
  /// libcurl copies a body to the socket in pieces of this size; its own default of 64 KiB means many small writes.
  package static let uploadBufferBytes = 256 * 1024
}

/// What is wrong before anything can be sent.
package enum CaptureError: Error, Equatable, CustomStringConvertible {
  /// The host is no URL that we can post to.
  case badHost(String)
  /// libcurl cannot be set up.
  case curl(operation: String, reason: String)

  package var description: String {
    switch self {
    case .badHost(let host):
      "the PostHog host \"\(host)\" is not a URL; write it as https://us.i.posthog.com"
    case .curl(let operation, let reason):
      "libcurl failed to \(operation): \(reason); check that libcurl is installed with TLS support"
    }
  }
}
