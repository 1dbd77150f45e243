import TestSupport
import Testing

@testable import Capture

/// A certificate that nobody signed, in a directory of its own that goes with it.
private final class Certificate {
  let directory: String
  var cert: String { "\(directory)/cert.pem" }
  var key: String { "\(directory)/key.pem" }

  init(_ name: String = "IP:127.0.0.1") throws {
    directory = try #require(try Process("mktemp", ["-d"]).readLine(within: .seconds(10)))
    let openssl = try Process(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=stand-in", "-addext",
        "subjectAltName=\(name)", "-keyout", key, "-out", cert,
      ], errorOutput: .discarded)
    #expect(openssl.wait(within: .seconds(60)) == .code(0))
  }

  deinit {
    _ = try? Process("rm", ["-r", directory]).wait(within: .seconds(10))
  }
}

@Suite struct `TLS` {
  private func post(_ standIn: StandIn, _ caFile: String?) throws -> HTTPAnswer {
    var settings = ClientSettings()
    settings.caFile = caFile
    return try CurlClient(settings).post("https://127.0.0.1:\(standIn.port)/x", [], [])
  }

  @Test func `a certificate that nobody signed is refused, one that is trusted is taken`() throws {
    let certificate = try Certificate()
    let standIn = try StandIn(["--cert", certificate.cert, "--key", certificate.key])
    #expect(throws: HTTPFailure.self) { try post(standIn, nil) }
    #expect(try post(standIn, certificate.cert).status == 404)
  }

  @Test func `a trusted certificate for another name is refused`() throws {
    let certificate = try Certificate("DNS:elsewhere.test")
    let standIn = try StandIn(["--cert", certificate.cert, "--key", certificate.key])
    #expect(throws: HTTPFailure.self) { try post(standIn, certificate.cert) }
  }

  static let hasHTTP2Proxy = (try? Process("sh", ["-c", "command -v nghttpx"]).wait(within: .seconds(10))) == .code(0)

  /// PostHog's own hosts offer HTTP/2, so this is the way most bytes go. nghttpx (Debian: nghttp2-proxy) speaks it in
  /// front of the stand-in.
  @Test(.enabled(if: hasHTTP2Proxy, "needs nghttpx, of Debian's nghttp2-proxy"))
  func `large batches go over one HTTP/2 connection`() throws {
    let certificate = try Certificate()
    // nghttpx cannot choose a port itself; this one was free a moment ago.
    let port = try StandIn().port
    let rig = try LiveRig {
      $0.host = "https://127.0.0.1:\(port)"
      $0.client.caFile = certificate.cert
      $0.compression = .none
      $0.batchBytes = 1 << 20
    }
    let proxy = try Process(
      "nghttpx",
      [
        "--conf=/dev/null", "-f127.0.0.1,\(port)", "-b127.0.0.1,\(rig.standIn.port)", "--workers=1",
        "--accesslog-file=/dev/stdout", "--accesslog-format=$alpn $status $remote_port", certificate.key,
        certificate.cert,
      ], errorOutput: .discarded)
    let text = String(repeating: "0123456789abcdef", count: 25_000)
    for token in 0..<40 { rig.enqueue(token: token, properties: "\"text\":\"\(text)\"") }
    // Until nghttpx listens, the sender meets refused connections and tries again.
    #expect(rig.settle())
    #expect(rig.delivered.count == 40)
    #expect(try rig.standIn.uuids().count == 40)
    proxy.send(15)
    let lines = String(decoding: try proxy.readToEnd(within: .seconds(10)), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 20 && lines.allSatisfy { $0.hasPrefix("h2 200 ") })
    #expect(Set(lines).count == 1)
  }
}
