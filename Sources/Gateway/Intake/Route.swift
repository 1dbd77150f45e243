import OTLP
import Telemetry
import Transport

/// What a request asks for, by its path.
enum Route: Equatable {
  case telemetry(Signal)
  /// OTLP metrics: taken, answered and not forwarded.
  case metrics
  /// `grpc.health.v1.Health/Check`.
  case health

  /// By the protocol too: gRPC has paths of its own.
  init?(_ head: RequestHead) {
    if head.wire == .grpc { self.init(method: head.path) } else { self.init(path: Substring(head.path)) }
  }

  /// OTLP's services, and health.
  init?(method path: String) {
    switch path {
    case "/opentelemetry.proto.collector.trace.v1.TraceService/Export": self = .telemetry(.traces)
    case "/opentelemetry.proto.collector.logs.v1.LogsService/Export": self = .telemetry(.logs)
    case "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": self = .metrics
    case "/grpc.health.v1.Health/Check": self = .health
    default: return nil
    }
  }

  /// OTLP's own paths, the ones below the prefix that Langfuse SDKs use, and PostHog's.
  init?(path: Substring) {
    var rest = path
    while rest.utf8.count > 1, rest.utf8.last == UInt8(ascii: "/") { rest.removeLast() }
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

  /// What to say to a request for anything else.
  static func unknown(_ head: RequestHead) -> String {
    head.wire == .grpc
      ? "no such method; use Export of OpenTelemetry's TraceService, LogsService or MetricsService"
      : "no such path; use \(known)"
  }

  private static let known = "POST /api/public/otel/v1/traces, /api/public/otel/v1/logs, /v1/traces or /v1/logs"
}
