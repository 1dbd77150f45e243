import OTLP
import Telemetry
import Transport

/// What a request asks for, by its path.
enum Route: Equatable {
  case telemetry(Signal)
  /// OTLP metrics: taken, answered and not forwarded.
  case metrics

  /// OTLP's own paths, the ones below the prefix that Langfuse SDKs use, and PostHog's.
  init?(path: Substring) {
    var rest = path
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    if rest == "/i/v0/ai/otel" {
      self = .telemetry(.traces)
      return
    }
    for prefix in ["/api/public/otel", "/i/v0/ai/otel"] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
      break
    }
    switch rest {
    case "/v1/traces": self = .telemetry(.traces)
    case "/v1/logs": self = .telemetry(.logs)
    case "/v1/metrics": self = .metrics
    default: return nil
    }
  }

  static let known = "POST /api/public/otel/v1/traces, /api/public/otel/v1/logs, /v1/traces or /v1/logs"
}
