import Codec
import Console
import Glibc
import Synchronization
import Testing
import Transport

/// The admin listener as curl and a Prometheus server see it.
@Suite struct AdminReceiverTests {
  private struct OneMetric: MetricsSource {
    func families() -> [MetricFamily] {
      [MetricFamily(name: "up", help: "Up.", kind: .gauge, samples: [.init(value: 1)])]
    }
  }

  private final class Readiness: Sendable {
    let reasons = Mutex<[String]>([])
  }

  /// Status, content type and body of `curl` with `arguments` at `path`.
  private static func curl(_ server: HTTPServer, _ path: String, _ arguments: String = "") throws -> String {
    let format = "'%{http_code} %{content_type} '"
    let command = "curl -sS --max-time 10 -w \(format) \(arguments) http://\(server.addresses[0])\(path)"
    guard let stream = unsafe popen(command, "r") else { throw Errno.noProcess }
    defer { unsafe pclose(stream) }
    var bytes = [UInt8]()
    while case let byte = unsafe fgetc(stream), byte >= 0 { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private enum Errno: Error { case noProcess }

  @Test func `health, readiness, metrics and mistakes are answered`() async throws {
    let readiness = Readiness()
    let receiver = AdminReceiver(metrics: OneMetric()) { readiness.reasons.withLock { $0 } }
    let server = try HTTPServer.start(listen: ["127.0.0.1:0"], receiver: receiver, threads: 1, workers: 0)
    #expect(try Self.curl(server, "/healthz") == "ok\n200 text/plain; charset=utf-8 ")
    #expect(try Self.curl(server, "/readyz").hasPrefix("ready\n200 "))
    readiness.reasons.withLock { $0 = ["the spool is full", "shutting down"] }
    #expect(try Self.curl(server, "/readyz").hasPrefix("the spool is full\nshutting down\n503 "))
    #expect(try Self.curl(server, "/healthz").hasPrefix("ok\n200 "))
    #expect(
      try Self.curl(server, "/metrics?x=y")
        == "# HELP up Up.\n# TYPE up gauge\nup 1\n200 text/plain; version=0.0.4; charset=utf-8 ")
    let unknown = try Self.curl(server, "/")
    #expect(unknown.contains("404 ") && unknown.contains("/metrics"))
    #expect(try Self.curl(server, "/metrics", "-d x").contains("405 "))
    #expect(try Self.curl(server, "/healthz", "-I").contains("content-length: 3"))
    await server.drain(deadline: .seconds(5))
  }

  @Test func `with a token only signs of life are for everybody`() async throws {
    let readiness = Readiness()
    let receiver = AdminReceiver(
      metrics: OneMetric(), token: SecretDigest(of: "sixteen-letters!"), lanes: { ["key_1 is refused"] }
    ) { readiness.reasons.withLock { $0 } }
    let server = try HTTPServer.start(listen: ["127.0.0.1:0"], receiver: receiver, threads: 1, workers: 0)
    let right = "-H 'Authorization: bearer sixteen-letters!'"
    #expect(try Self.curl(server, "/healthz").hasPrefix("ok\n200 "))
    #expect(try Self.curl(server, "/readyz").hasPrefix("ready\n200 "))
    #expect(try Self.curl(server, "/readyz", right).hasPrefix("ready\nkey_1 is refused\n200 "))
    readiness.reasons.withLock { $0 = ["the spool is full"] }
    #expect(try Self.curl(server, "/readyz").hasPrefix("not ready\n503 "))
    #expect(try Self.curl(server, "/readyz", right).hasPrefix("the spool is full\n503 "))
    #expect(try Self.curl(server, "/metrics", right).contains("up 1\n200 "))
    for wrong in [
      "", "-H 'Authorization: Bearer sixteen-letters'", "-u x:sixteen-letters!", "-H 'Authorization: Bearer'",
    ] {
      for path in ["/metrics", "/nothing"] {
        let answer = try Self.curl(server, path, "-i \(wrong)")
        #expect(answer.contains("HTTP/1.1 401 ") && answer.contains("www-authenticate: Bearer"), "\(answer)")
        #expect(!answer.contains("sixteen"))
      }
    }
    await server.drain(deadline: .seconds(5))
  }
}
