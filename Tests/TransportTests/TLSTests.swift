import Glibc
import Testing
import Transport

/// TLS with the programs people have: curl and openssl.
@Suite(.ownThreads) struct TLSTests {
  /// Certificates for one test, in a folder that goes with it.
  private final class Files {
    let folder: String

    init() throws {
      folder = try shell("mktemp -d").trimmed
      try issue("server", host: "localhost")
      try issue("other", host: "other.test")
      try shell(
        """
        cd \(folder) && openssl req -x509 \(Self.key) -keyout ca.key -out ca.pem -days 2 -subj /CN=ca 2>&1 &&
        openssl req \(Self.key) -keyout client.key -out client.csr -subj /CN=client 2>&1 &&
        openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out client.pem -days 2 2>&1
        """)
    }

    deinit { _ = try? shell("rm -rf \(folder)") }

    private static let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

    func issue(_ name: String, host: String, subject: String = "first") throws {
      try shell(
        "cd \(folder) && openssl req -x509 \(Self.key) -keyout \(name).key -out \(name).pem -days 2 "
          + "-subj /CN=\(subject) -addext subjectAltName=DNS:\(host),IP:127.0.0.1 2>&1")
    }

    func settings(_ names: [String] = ["server"], asksClients: Bool = false) -> TLSSettings {
      TLSSettings(
        identities: names.map { .init(certificate: "\(folder)/\($0).pem", key: "\(folder)/\($0).key") },
        clientAuthorities: asksClients ? "\(folder)/ca.pem" : nil)
    }
  }

  private static func run(
    _ certificates: TLSCertificates, _ change: (inout TransportLimits) -> Void = { _ in },
    _ body: (HTTPServer) async throws -> Void
  ) async throws {
    var limits = TransportLimits()
    limits.sweepInterval = .milliseconds(10)
    change(&limits)
    let server = try HTTPServer.start(
      listen: ["127.0.0.1:0"], limits: limits, receiver: TestReceiver(), tls: certificates, threads: 1)
    do { try await body(server) } catch {
      await server.drain(deadline: .seconds(5))
      throw error
    }
    await server.drain(deadline: .seconds(5))
  }

  @Test(arguments: [
    "--http1.1", "--http2", "--http2-prior-knowledge", "--tls-max 1.2 --http1.1", "--tls-max 1.2 --http2",
  ])
  func `curl is served over TLS`(flags: String) async throws {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings())) { server in
      let call = "curl -sS --max-time 20 \(flags) --cacert \(files.folder)/server.pem"
      let url = "https://localhost:\(server.addresses[0].port)"
      let version = flags.contains("http2") ? "2" : "1.1"
      let echoed = try shell("\(call) -d abc \(url)/echo -w ' %{http_version}'")
      #expect(echoed == "abc \(version)")
      let upload = "head -c 3000000 /dev/zero | \(call) --data-binary @- \(url)"
      let size = try shell("\(upload)/size")
      #expect(size == "3000000")
      let status = try shell("\(upload)/limited -o /dev/null -w '%{http_code}'")
      #expect(status == "413")
      let bytes = try shell("head -c 200000 /dev/zero | \(call) --data-binary @- \(url)/echo | wc -c")
      #expect(bytes.trimmed == "200000")
      #expect(server.counts.handshakes > 0 && server.counts.handshakesFailed == 0)
    }
  }

  @Test func `the certificate is the one for the host that the client names`() async throws {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings(["server", "other"]))) { server in
      let port = server.addresses[0].port
      for (host, file) in [("localhost", "server"), ("other.test", "other")] {
        let answer = try shell(
          "curl -sS --max-time 20 --cacert \(files.folder)/\(file).pem --resolve \(host):\(port):127.0.0.1 "
            + "-d abc https://\(host):\(port)/echo")
        #expect(answer == "abc")
      }
    }
  }

  @Test func `only clients with a certificate of the authority are served, when one is set`() async throws {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings(asksClients: true))) { server in
      let call = "curl -sS --max-time 20 --cacert \(files.folder)/server.pem"
      let url = "https://localhost:\(server.addresses[0].port)/echo"
      let bare = try shell("\(call) -d abc \(url) 2>/dev/null || echo refused")
      #expect(bare == "refused\n")
      let own = "--cert \(files.folder)/client.pem --key \(files.folder)/client.key"
      let known = try shell("\(call) \(own) -d abc \(url)")
      #expect(known == "abc")
      let stranger = "--cert \(files.folder)/other.pem --key \(files.folder)/other.key"
      let unknown = try shell("\(call) \(stranger) -d abc \(url) 2>/dev/null || echo refused")
      #expect(unknown == "refused\n")
    }
  }

  @Test func `naming another host does not get round the authority`() async throws {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings(["server", "other"], asksClients: true))) { server in
      let port = server.addresses[0].port
      let call =
        "curl -sS --max-time 20 --cacert \(files.folder)/other.pem --resolve other.test:\(port):127.0.0.1 "
        + "-d abc https://other.test:\(port)/echo"
      let bare = try shell("\(call) 2>/dev/null || echo refused")
      #expect(bare == "refused\n")
      let known = try shell("\(call) --cert \(files.folder)/client.pem --key \(files.folder)/client.key")
      #expect(known == "abc")
    }
  }

  @Test(arguments: ["-tls1_3", "-tls1_2"])
  func `a session is taken up again by its ticket`(version: String) async throws {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings(asksClients: true))) { server in
      let folder = files.folder
      let call =
        "printf 'GET /x HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client -ign_eof \(version) "
        + "-connect 127.0.0.1:\(server.addresses[0].port) -cert \(folder)/client.pem -key \(folder)/client.key"
      _ = try shell("\(call) -sess_out \(folder)/session 2>&1; true")
      let resumed = try shell("\(call) -sess_in \(folder)/session 2>&1; true")
      #expect(resumed.contains("Reused, "))
    }
  }

  @Test(arguments: [
    ("-tls1_1 -cipher DEFAULT@SECLEVEL=0", "alert protocol version"), ("-groups ffdhe2048", "alert handshake failure"),
    ("-tls1_2 -cipher AES128-GCM-SHA256", "alert handshake failure"),
  ])
  func `TLS 1.1, finite fields and suites without forward secrecy are refused`(flags: String, alert: String)
    async throws
  {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings())) { server in
      let port = server.addresses[0].port
      let answer = try shell(
        "openssl s_client \(flags) -connect 127.0.0.1:\(port) </dev/null 2>&1; true")
      #expect(answer.contains(alert))
      #expect(await eventually { server.counts.handshakesFailed == 1 })
    }
  }

  @Test func `renewed certificates serve new connections, broken ones change nothing`() async throws {
    let files = try Files()
    let certificates = try TLSCertificates(files.settings())
    #expect(!certificates.areChanged)
    try await Self.run(certificates) { server in
      func subject() throws -> String {
        try shell(
          "openssl s_client -connect 127.0.0.1:\(server.addresses[0].port) </dev/null 2>/dev/null | grep subject")
      }
      #expect(try subject().contains("first"))
      try files.issue("server", host: "localhost", subject: "second")
      #expect(certificates.areChanged)
      try certificates.reload()
      #expect(!certificates.areChanged)
      #expect(try subject().contains("second"))
      try shell("echo broken > \(files.folder)/server.pem")
      #expect(throws: TLSError.self) { try certificates.reload() }
      #expect(try subject().contains("second"))
    }
  }

  @Test(arguments: [
    ("server.pem", "rm", "no certificate"), ("server.pem", "echo nonsense >", "no certificate"),
    ("server.key", "rm", "no key"), ("server.key", "cat ca.key >", "key values mismatch"),
    ("ca.pem", "rm", "authorities"),
    ("server.key", "openssl ec -aes256 -passout pass:secret -in ca.key -out", "without a password"),
  ])
  func `files that cannot be used are named, with the reason`(file: String, harm: String, reason: String) throws {
    let files = try Files()
    try shell("cd \(files.folder) && \(harm) \(file) 2>&1")
    do {
      _ = try TLSCertificates(files.settings(asksClients: true))
      Issue.record("\(file) was taken")
    } catch {
      #expect(error.description.contains(file) && error.description.contains(reason), "\(error)")
    }
  }

  @Test func `a client that speaks HTTP to TLS is told so, one that says nothing is cut`() async throws {
    let files = try Files()
    try await Self.run(TLSCertificates(files.settings()), { $0.headTimeout = .milliseconds(200) }) { server in
      let plain = try Client(port: server.addresses[0].port)
      plain.post("/echo", "x")
      let answer = try plain.receive()
      #expect(answer.status == 400 && answer.text == "this port speaks TLS: use https\n")
      let silent = try Client(port: server.addresses[0].port)
      #expect(silent.isClosed())
    }
  }
}

extension String {
  fileprivate var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
