import Testing

@testable import Transport

/// gRPC's framing and statuses, apart from HTTP/2.
@Suite(.ownThreads) struct GRPCTests {
  @Test(arguments: [
    ("application/grpc", true), ("application/grpc+proto", true), ("application/grpc;charset=x", true),
    ("application/grpc-web", false), ("application/json", false), ("", false),
  ])
  func `a content type is gRPC's or not`(type: String, isGRPC: Bool) {
    #expect(GRPC.isGRPC(type) == isGRPC)
    #expect(!GRPC.isGRPC(nil))
  }

  @Test(
    arguments: [
      ("1H", .seconds(3_600)), ("2M", .seconds(120)), ("30S", .seconds(30)), ("250m", .milliseconds(250)),
      ("99999999u", .microseconds(99_999_999)), ("5n", .nanoseconds(5)), ("999999999S", nil), ("S", nil), ("5", nil),
      ("5s", nil), ("-5S", nil), ("", nil), ("１S", nil),
    ] as [(String, Duration?)])
  func `timeouts are read as the protocol has them`(text: String, timeout: Duration?) {
    #expect(GRPC.timeout(text) == timeout)
  }

  @Test(arguments: [0, 1, 255, 256, 70_000])
  func `a message is framed and read again`(count: Int) {
    let framed = GRPC.framed([UInt8](repeating: 7, count: count))
    #expect(framed.count == count + GRPC.prefixBytes)
    let prefix = GRPC.Prefix(Array(framed.prefix(GRPC.prefixBytes)))
    #expect(prefix?.length == count && prefix?.isCompressed == false)
    #expect(GRPC.Prefix([2, 0, 0, 0, 0]) == nil && GRPC.Prefix([1, 0, 0, 0]) == nil)
  }

  @Test(
    arguments: [
      (400, "3"), (401, "16"), (403, "7"), (404, "12"), (408, "4"), (413, "8"), (415, "12"), (429, "8"), (500, "13"),
      (503, "14"),
    ] as [(UInt16, String)])
  func `each status of HTTP has one of gRPC`(status: UInt16, code: String) {
    #expect(GRPC.trailers(.text(status, "x")).first?.1 == code)
  }

  @Test func `a failure's own code, message and details count, the message escaped`() {
    var response = Response(status: 503, body: [1, 2, 3])
    response.failure = Response.Failure(code: 14, message: "50 % ü\n")
    let trailers = Dictionary(uniqueKeysWithValues: GRPC.trailers(response))
    #expect(trailers["grpc-status"] == "14" && trailers["grpc-message"] == "50 %25 %C3%BC%0A")
    #expect(trailers["grpc-status-details-bin"] == "AQID")
    #expect(GRPC.trailers(Response(status: 200)).map(\.1) == ["0"])
  }

  private typealias Frame = FrameClient.Frame
  private static let type = [("content-type", "application/grpc"), ("te", "trailers")]

  @Test func `a call's message reaches the receiver bare, however its frames are cut`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      let framed = GRPC.framed(Array("hello".utf8))
      client.send(FrameClient.request("/echo", stream: 1, Self.type))
      for byte in framed.dropLast() { client.send(FrameClient.data([byte], stream: 1, ends: false)) }
      client.send(FrameClient.data([framed[framed.count - 1]], stream: 1))
      #expect(try client.answer(to: 1) == (200, String(decoding: framed, as: UTF8.self)))
      #expect(server.receiver.heads.withLock { $0.last?.wire } == .grpc)
    }
  }

  @Test(
    arguments: [
      ("two messages", GRPC.framed([1]) + GRPC.framed([2]), "more than one message"),
      ("cut short", Array(GRPC.framed([1, 2, 3]).dropLast()), "not complete"), ("no message", [], "not complete"),
      ("a strange flag", [7, 0, 0, 0, 0], "neither 0 nor 1"),
      ("compressed, but how", [1, 0, 0, 0, 1, 9], "does not say how"),
    ] as [(String, [UInt8], String)])
  func `wrong framing is INTERNAL, with the reason`(name: String, body: [UInt8], reason: String) async throws {
    try await TestServer.run { server in
      let url = "http://127.0.0.1:\(server.port)/echo"
      let text = body.map { "\\" + String($0, radix: 8) }.joined()
      let answer = try shell(
        "printf '\(text)' | curl -sS --max-time 20 --http2-prior-knowledge -D - --data-binary @- "
          + "-H 'content-type: application/grpc' \(url)")
      #expect(answer.contains("grpc-status: 13"), "\(name): \(answer)")
      #expect(answer.contains(reason))
    }
  }

  @Test func `a call whose own deadline passes is told so`() async throws {
    try await TestServer.run { server in
      let url = "http://127.0.0.1:\(server.port)/hold"
      let answer = try shell(
        "printf '\\0\\0\\0\\0\\0' | curl -sS --max-time 20 --http2-prior-knowledge -D - --data-binary @- "
          + "-w 'took %{time_total}' -H 'content-type: application/grpc' -H 'grpc-timeout: 300m' \(url)")
      #expect(answer.contains("grpc-status: 4"), "\(answer)")
      let took = try #require(answer.split(separator: " ").last.flatMap { Double($0) })
      // curl counts from before it connects.
      #expect(took >= 0.3 && took < 4)
    }
  }
}
