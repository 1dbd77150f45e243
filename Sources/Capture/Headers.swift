/// The header lines of requests.
struct Headers {
  private let events: [String]
  private let logs: [String]

  init(_ settings: CaptureSettings) {
    var common: [String] = []
    if settings.compression == .gzip { common.append("Content-Encoding: gzip") }
    if let team = settings.teamID { common.append("X-PostHog-Team-Id: \(team)") }
    events = ["Content-Type: application/json"] + common
    logs = ["Content-Type: application/x-protobuf"] + common
  }

  /// A logs request has its key here, events have it in their body.
  func lines(_ route: Route, key: String) -> [String] {
    route == .logs ? logs + ["Authorization: Bearer \(key)"] : events
  }
}
