/// Which of PostHog's endpoints an event is for.
package enum Destination: UInt8, Sendable, CaseIterable {
  /// The seven `$ai_*` names of PostHog's allow-list, nothing else: another name fails its whole batch.
  case ai
  /// Everything else.
  case analytics
  /// Log records: what is enqueued is an encoded field of `ExportLogsServiceRequest`, tag and all, so that many of them
  /// in a row are one request.
  case logs
}

/// The endpoint that a batch really takes: events for the AI endpoint go to `/batch/` where there is none.
enum Route: Sendable {
  case ai, batch, logs

  var path: String {
    switch self {
    case .ai: "/i/v0/ai/batch/"
    case .batch: "/batch/"
    case .logs: "/i/v1/logs"
    }
  }
}

/// What stands around and between the events of a body.
struct Envelope {
  var prefix: [UInt8]
  var separator: [UInt8]
  var suffix: [UInt8]

  init(_ destination: Destination, quotedKey: [UInt8]) {
    if destination == .logs {
      (prefix, separator, suffix) = ([], [], [])
    } else {
      prefix = Array("{\"api_key\":".utf8) + quotedKey + Array(",\"batch\":[".utf8)
      separator = Array(",".utf8)
      suffix = Array("]}".utf8)
    }
  }
}

/// What we have learnt about the host, the same for all lanes.
struct HostState {
  /// False once PostHog answered 404 or 405 on the AI endpoint.
  var hasAIEndpoint: Bool
  /// The same for log records.
  var takesLogs = true

  func route(_ destination: Destination) -> Route {
    switch destination {
    case .ai: hasAIEndpoint ? .ai : .batch
    case .analytics: .batch
    case .logs: .logs
    }
  }

  /// The largest event that `destination` takes, in bytes.
  func eventBytesMax(_ destination: Destination) -> Int {
    switch (destination, route(destination)) {
    case (.analytics, _): CaptureLimits.analyticsEventBytesMax
    case (.logs, _): CaptureLimits.logsBytesMax
    case (.ai, .ai): CaptureLimits.aiEventBytesMax
    case (.ai, _): CaptureLimits.fallbackEventBytesMax
    }
  }
}
