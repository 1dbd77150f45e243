import Glibc
import Testing

extension EndToEnd {
  /// Who may send to which project, tried with curl, gRPC, PyJWT and openssl.
  @Suite(.timeLimit(.minutes(5))) struct AccessTests {
    private static let gatewayKey = "planted-gateway-key-0123456789"
    private static let batchKey = "planted-batch-key-0123456789"
    private static let web = "phc_plantedwebplantedwebplantedwebplantedweb"
    private static let mobile = "phc_plantedmobplantedmobplantedmobplantedmob"

    private static let head = """
      projects:
        web: {key: \(web), team_id: 7}
        mobile: {key: {env: MOBILE_KEY}, team_id: 8}

      """
    private static let file =
      head + """
        keys:
          web-service: {key: \(gatewayKey), projects: web}
          batch: {key: {env: BATCH_KEY}, projects: [web, mobile]}
        allow: [mobile]
        jwt:
          audience: hoglet
          keys:
            shared: {algorithm: HS256, secret: {file: secret.txt}}
            openssl: {algorithm: RS256, kid: rsa-1, public_key: {file: rsa.pem}}
            provider: {jwks: {file: jwks.json}}

        """

    /// A gateway with the access file, and the tokens by name.
    private struct Running {
      let stage: Stage
      let gateway: RunningGateway
      let tokens: JSON
      let access: String
      private let traces = Counter()

      init(_ more: [String: String] = [:]) throws {
        stage = try Stage()
        access = "\(stage.folder.path)/access.yaml"
        let maker = try stage.python("access.py", ["make", stage.folder.path])
        try #require(try maker.waitForExit(within: .seconds(60)) == .code(0), "\(maker.lastWords)")
        tokens = try JSON(Files.text("\(stage.folder.path)/tokens.json"))
        Files.replace(access, with: AccessTests.file)
        gateway = try stage.gateway(
          [
            "HOGLET_ACCESS_PATH": access, "BATCH_KEY": AccessTests.batchKey, "MOBILE_KEY": AccessTests.mobile,
          ].merging(more) { _, new in new })
      }

      func token(_ name: String) throws -> String { try #require(tokens[name].text) }

      /// Sends a call of a model of its own; the last digits of its trace.
      func send(_ credential: String, team: String? = nil, status: Int = 200) throws -> (trace: String, answer: String)
      {
        let digits = String(traces.next() + 0x1000, radix: 16)
        let trace = String(repeating: "a", count: 32 - digits.count) + digits
        let body = """
          {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"\(trace)","spanId":"00000000000000b1","name":"chat",
          "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001000000000","attributes":[
          {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
          {"key":"gen_ai.request.model","value":{"stringValue":"m"}}]}]}]}]}
          """
        return (trace, try stage.post(body, to: gateway, key: credential, team: team, status: status))
      }

      func grpc(_ credential: String, team: String? = nil) throws -> String {
        let target = gateway.endpoint.dropFirst("http://".count).prefix { $0 != "/" }
        let program = try stage.python("access.py", ["grpc", String(target), credential] + (team.map { [$0] } ?? []))
        try #require(try program.waitForExit(within: .seconds(30)) == .code(0), "\(program.lastWords)")
        return program.output
      }
    }

    @Test func `every credential leads to its project, over HTTP and gRPC, and none is seen anywhere`() throws {
      let running = try Running()
      var projects: [String: String] = [:]
      for (credential, team, key) in [
        (Self.gatewayKey, nil, Self.web), (Self.gatewayKey, "7", Self.web), (Self.batchKey, "7", Self.web),
        (Self.batchKey, "8", Self.mobile), (Self.mobile, nil, Self.mobile),
        (try running.token("hs256"), nil, Self.mobile), (try running.token("hs256"), "8", Self.mobile),
        (try running.token("es256"), nil, Self.mobile), (try running.token("rs256"), nil, Self.mobile),
      ] as [(String, String?, String)] {
        projects[try running.send(credential, team: team).trace] = key
      }
      try refusals(running)
      #expect(try running.grpc(Self.gatewayKey) == "OK\n")
      #expect(try running.grpc(running.token("es256"), team: "8") == "OK\n")
      #expect(try running.grpc(running.token("es256"), team: "7").hasPrefix("PERMISSION_DENIED this credential"))
      #expect(
        try running.grpc(running.token("expired")).hasPrefix("UNAUTHENTICATED the token is refused: it has expired"))
      #expect(try running.grpc("nobody").hasPrefix("UNAUTHENTICATED this gateway does not take this key"))

      _ = try waitUntil(.seconds(30)) { try running.stage.events().count >= projects.count }
      let events = try running.stage.events()
      #expect(Set(events.compactMap { $0.properties["$ai_trace_id"].text }) == Set(projects.keys))
      for event in events {
        #expect(event.key == event.properties["$ai_trace_id"].text.flatMap { projects[$0] })
      }
      try look(running)
    }

    private func refusals(_ running: Running) throws {
      for (credential, team, status, message) in [
        ("nobody", nil, 401, "does not take this key"), (Self.web, nil, 401, "does not take this key"),
        (Self.gatewayKey, "8", 403, "may not write to project 8"), (Self.gatewayKey, "x", 400, "X-PostHog-Team-Id"),
        (Self.batchKey, nil, 403, "several projects; say which in X-PostHog-Team-Id: 7, 8"),
        (Self.mobile, "7", 403, "may not write to project 7"),
        (try running.token("hs256"), "7", 403, "may not write to project 7"),
        (try running.token("team"), nil, 403, "may not write to project 9"),
        (try running.token("expired"), nil, 401, "expired"), (try running.token("future"), nil, 401, "not valid yet"),
        (try running.token("audience"), nil, 401, "somebody else (aud)"), (try running.token("kid"), nil, 401, "kid"),
        (try running.token("none"), nil, 401, "alg"), (try running.token("tampered"), nil, 401, "signature"),
        (try running.token("huge"), nil, 401, "at most 8192"),
      ] as [(String, String?, Int, String)] {
        let answer = try running.send(credential, team: team, status: status).answer
        #expect(answer.contains(message), "\(answer)")
        #expect(!answer.contains("planted") && !answer.contains(credential.suffix(12)), "\(answer)")
      }
    }

    /// Nothing that was sent or set is in what people see.
    private func look(_ running: Running) throws {
      var seen = try running.gateway.program.output + running.stage.get("\(running.gateway.admin)/metrics")
      seen += try running.stage.get("\(running.gateway.admin)/readyz")
      #expect(seen.contains("hoglet_rejects_total{reason=\"token\"} 7"), "\(seen)")
      for words in [["status"], ["ls"], ["ls", "--json"], ["ls", "traces"]] {
        let program = try Program(
          Stage.binary, ["spool"] + words + ["--spool", "\(running.stage.folder.path)/spool"],
          environment: Stage.environment([:]), folder: running.stage.folder.path)
        _ = try program.waitForExit(within: .seconds(30))
        seen += program.output + program.errors
      }
      running.gateway.program.signal(SIGTERM)
      #expect(try running.gateway.program.waitForExit(within: .seconds(30)) == .code(0))
      seen += running.gateway.program.output + running.gateway.program.errors
      #expect(!seen.contains("planted"))
      for name in ["hs256", "es256", "rs256", "expired"] {
        for part in try running.token(name).split(separator: ".") { #expect(!seen.contains(part), "\(name)") }
      }
    }

    @Test func `changes count from the next request on, and a file with errors changes nothing`() throws {
      let running = try Running()
      func reloads(_ outcome: String) throws -> Bool {
        try running.stage.get("\(running.gateway.admin)/metrics")
          .contains("hoglet_access_reload_total{outcome=\"\(outcome)\"}")
      }
      _ = try running.send(Self.gatewayKey)
      _ = try running.send(running.token("es256"))
      // With an error: told, with its place, and nothing changes.
      Files.replace(running.access, with: Self.file + "allaw: any\n")
      #expect(try waitUntil(.seconds(20)) { try reloads("failure") }, "\(running.gateway.program.lastWords)")
      let place = "\(running.access):14:1: error: an access file has no such word 'allaw'; did you mean 'allow'?"
      #expect(waitUntil(.seconds(20)) { running.gateway.program.errors.contains("the one before stays in use") })
      #expect(running.gateway.program.errors.contains(place), "\(running.gateway.program.lastWords)")
      _ = try running.send(Self.gatewayKey)
      // Without the key.
      Files.replace(
        running.access,
        with: Self.file.replacing("web-service: {key: \(Self.gatewayKey)", with: "x: {key: \(Self.gatewayKey)x"))
      #expect(try waitUntil(.seconds(20)) { try reloads("success") }, "\(running.gateway.program.lastWords)")
      _ = try running.send(Self.gatewayKey, status: 401)
      _ = try running.send("\(Self.gatewayKey)x")
      // Another file that it names: the provider takes its key back, and what was remembered of it is forgotten.
      _ = try running.send(running.token("es256"))
      Files.replace(
        "\(running.stage.folder.path)/jwks.json",
        with: Files.text("\(running.stage.folder.path)/jwks.json").replacing("curve-1", with: "curve-2"))
      #expect(
        waitUntil(.seconds(20)) {
          (try? running.send(running.token("es256"), status: 401)) != nil
        }, "\(running.gateway.program.lastWords)")
      // A hang-up reads it though nothing changed.
      let before = running.gateway.program.errors.split(separator: "was loaded anew").count
      running.gateway.program.signal(SIGHUP)
      #expect(
        waitUntil(.seconds(20)) { running.gateway.program.errors.split(separator: "was loaded anew").count > before })
    }

    @Test func `a start with a wrong access file, or an admin listener open to all, is refused`() throws {
      let stage = try Stage()
      for (setting, value, complaint) in [
        ("HOGLET_ACCESS_PATH", "\(stage.folder.path)/none.yaml", "none.yaml: no such file (access.path)"),
        ("HOGLET_ADMIN_LISTEN", "0.0.0.0:0", "set admin.token (HOGLET_ADMIN_TOKEN"),
      ] {
        let program = try Program(
          Stage.binary, ["serve"],
          environment: Stage.environment(
            [
              "HOGLET_SERVER_LISTEN": "127.0.0.1:0", "HOGLET_ADMIN_LISTEN": "127.0.0.1:0",
              "HOGLET_SPOOL_PATH": "\(stage.folder.path)/spool",
            ].merging([setting: value]) { _, new in new }), folder: stage.folder.path)
        #expect(try program.waitForExit(within: .seconds(30)) == .code(78))
        #expect(program.errors.contains(complaint), "\(program.lastWords)")
      }
    }

    @Test func `in local mode the access file counts too`() throws {
      let running = try Running(["HOGLET_POSTHOG_HOST": ""])
      #expect(waitUntil(.seconds(20)) { running.gateway.program.output.contains("local mode") })
      _ = try running.send("nobody", status: 401)
      _ = try running.send(Self.gatewayKey)
    }
  }
}
