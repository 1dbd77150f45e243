import Glibc
import Testing

extension EndToEnd {
  /// The policy file: at the start, when it changes, and in `hoglet check`.
  @Suite(.timeLimit(.minutes(5))) struct PolicyTests {
    static func span(_ trace: Int, status: Int = 0) -> String {
      let digits = String(trace, radix: 16)
      return """
        {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"\(String(repeating: "a", count: 32 - digits.count))\(digits)",
        "spanId":"00000000000000b1","name":"chat","startTimeUnixNano":"1700000000000000000",
        "endTimeUnixNano":"1700000001000000000","status":{"code":\(status)},"attributes":[
        {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
        {"key":"gen_ai.request.model","value":{"stringValue":"m"}}]}]}]}]}
        """
    }

    @Test func `what the file says counts, a change of it too, and a wrong file changes nothing`() throws {
      let stage = try Stage()
      let path = "\(stage.folder.path)/policy.yaml"
      Files.replace(path, with: "version: 7\nglobal_rate: 0\n")
      let gateway = try stage.gateway(["HOGLET_POLICY_PATH": path])
      func reloads(_ outcome: String) throws -> Bool {
        try stage.get("\(gateway.admin)/metrics").contains("hoglet_policy_reload_total{outcome=\"\(outcome)\"} 1\n")
      }
      try stage.post(Self.span(1), to: gateway, key: "phc_a")
      try stage.post(Self.span(2, status: 2), to: gateway, key: "phc_a")
      #expect(try waitUntil(.seconds(20)) { try !stage.events().isEmpty })
      let leftOut = "hoglet_records_total{state=\"sampled_out\""
      #expect(try waitUntil(.seconds(20)) { try stage.get("\(gateway.admin)/metrics").contains(leftOut) })
      for event in try stage.events() where event.properties["$ai_trace_id"].text != nil {
        #expect(event.properties["$ai_trace_id"].text?.hasSuffix("2") == true)
        #expect(event.properties["$sample_policy"].text == "7")
      }
      // Wrong: told with its place, and still by version 7.
      Files.replace(path, with: "version: 8\nglobal_rat: 1\n")
      #expect(try waitUntil(.seconds(20)) { try reloads("failure") }, "\(gateway.program.lastWords)")
      let place = "\(path):2:1: error: a policy has no such word 'global_rat'; did you mean 'global_rate'?"
      #expect(waitUntil(.seconds(20)) { gateway.program.errors.contains(place) }, "\(gateway.program.lastWords)")
      #expect(waitUntil(.seconds(20)) { gateway.program.errors.contains("the one before stays in use") })
      // Right again, and a hang-up reads it once more.
      Files.replace(path, with: "version: 9\nglobal_rate: 1\n")
      #expect(try waitUntil(.seconds(20)) { try reloads("success") }, "\(gateway.program.lastWords)")
      try stage.post(Self.span(3), to: gateway, key: "phc_a")
      #expect(
        try waitUntil(.seconds(20)) {
          try stage.events().contains {
            $0.properties["$ai_trace_id"].text?.hasSuffix("3") == true && $0.properties["$sample_policy"].text == "9"
          }
        }, "\(gateway.program.lastWords)")
      gateway.program.signal(SIGHUP)
      #expect(
        try waitUntil(.seconds(20)) {
          try stage.get("\(gateway.admin)/metrics").contains("hoglet_policy_reload_total{outcome=\"success\"} 2\n")
        })
    }

    @Test func `a start with a wrong policy is refused, and check tells beforehand`() throws {
      let stage = try Stage()
      let path = "\(stage.folder.path)/policy.yaml"
      func run(_ word: String) throws -> (Program, Program.Exit?) {
        let program = try Program(
          Stage.binary, [word],
          environment: Stage.environment([
            "HOGLET_SERVER_LISTEN": "127.0.0.1:0", "HOGLET_ADMIN_LISTEN": "127.0.0.1:0",
            "HOGLET_SPOOL_PATH": "\(stage.folder.path)/spool", "HOGLET_POLICY_PATH": path,
          ]), folder: stage.folder.path)
        return (program, try program.waitForExit(within: .seconds(30)))
      }
      Files.replace(path, with: "global_rate: 2\n")
      let complaint = "\(path):1:14: error: global_rate is 2.0; it must be from 0.0 to 1.0"
      let (refused, code) = try run("serve")
      #expect(code == .code(78))
      #expect(refused.errors.contains(complaint), "\(refused.lastWords)")
      let (wrong, wrongCode) = try run("check")
      #expect(wrongCode == .code(65))
      #expect(wrong.output.contains(complaint), "\(wrong.lastWords)")
      Files.replace(path, with: "{\"target\": {\"kind\": \"events_per_minute\", \"value\": 600}, \"version\": 3}")
      let (right, rightCode) = try run("check")
      #expect(rightCode == .code(0))
      #expect(right.output.contains("\(path): in order (600 events a minute, version 3)\n"), "\(right.lastWords)")
    }
  }
}
