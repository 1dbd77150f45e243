/// Which of PostHog's endpoints an event is for.
package enum Destination: UInt8, Sendable, CaseIterable {
  /// The seven `$ai_*` names of PostHog's allow-list, nothing else: another name fails its whole batch.
  case ai
  /// Everything else.
  case analytics
}

/// The endpoint that a batch really takes: events for the AI endpoint go to `/batch/` where there is none.
enum Route: Sendable {
  case ai, batch

  var path: String {
    switch self {
    case .ai: "/i/v0/ai/batch/"
    case .batch: "/batch/"
    }
  }
}

/// What we have learnt about the host, the same for all lanes.
struct HostState {
  /// False once PostHog answered 404 on the AI endpoint.
  var hasAIEndpoint: Bool

  func route(_ destination: Destination) -> Route {
    destination == .ai && hasAIEndpoint ? .ai : .batch
  }

  /// The largest event that `destination` takes, in bytes.
  func eventBytesMax(_ destination: Destination) -> Int {
    switch (destination, route(destination)) {
    case (.analytics, _): CaptureLimits.analyticsEventBytesMax
    case (.ai, .ai): CaptureLimits.aiEventBytesMax
    case (.ai, .batch): CaptureLimits.fallbackEventBytesMax
    }
  }
}
