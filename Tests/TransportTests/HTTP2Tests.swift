import Testing
import Transport

/// Requests over HTTP/2, as clients send them and as they do not.
@Suite(.ownThreads) struct HTTP2Tests {
  private typealias Frame = FrameClient.Frame

  @Test(arguments: [
    "curl -sS --max-time 20 --http2-prior-knowledge -d abc URL/echo": "abc",
    "head -c 3000000 /dev/zero | curl -sS --max-time 20 --http2-prior-knowledge -T - -X POST URL/size": "3000000",
    "head -c 3000000 /dev/zero | curl -sS --max-time 20 --http2-prior-knowledge --data-binary @- URL/size": "3000000",
    "curl -sS --max-time 20 --http2-prior-knowledge -d abc URL/thread": "from afar",
    "curl -sS --max-time 20 --http2-prior-knowledge -d abc URL/deny -w '%{http_code}'": "no key\n401",
    "curl -sS --max-time 20 --http2-prior-knowledge -I URL/size -o /dev/null -w '%{http_code} %{http_version}'":
      "200 2",
    "head -c 3000000 /dev/zero | curl -sS --max-time 20 --http2-prior-knowledge --data-binary @- URL/limited "
      + "-o /dev/null -w '%{http_code}'": "413",
    "head -c 3000000 /dev/zero | curl -sS --max-time 20 --http2-prior-knowledge -T - -X POST URL/deny "
      + "-o /dev/null -w '%{http_code}'": "401",
    "curl -sS --max-time 20 --http2-prior-knowledge -d abc URL/drop -o /dev/null -w '%{http_code}'": "503",
  ])
  func `curl is served`(command: String, expected: String) async throws {
    try await TestServer.run { server in
      let url = "http://127.0.0.1:\(server.port)"
      let output = try shell(command.replacing("URL", with: url))
      #expect(output == expected)
    }
  }

  @Test func `answers come in the order in which they are ready, each to its own request`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      client.send(FrameClient.request("/hold", stream: 1, ends: true))
      let held = try await server.receiver.takeHeld()
      client.send(FrameClient.request("/echo", stream: 3), FrameClient.data(Array("third".utf8), stream: 3))
      #expect(try client.answer(to: 3) == (200, "third"))
      held.send(Response(status: 200, body: Array("first".utf8)))
      #expect(try client.answer(to: 1) == (200, "first"))
    }
  }

  @Test func `a request taken back is answered by nobody, and the rest goes on`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      client.send(FrameClient.request("/hold", stream: 1, ends: true))
      let held = try await server.receiver.takeHeld()
      client.send(Frame(kind: Frame.reset, stream: 1, payload: [0, 0, 0, 8]))
      client.send(FrameClient.request("/echo", stream: 3), FrameClient.data([0x78], stream: 3))
      #expect(try client.answer(to: 3) == (200, "x"))
      held.send(Response(status: 200, body: Array("late".utf8)))
      client.send(FrameClient.request("/echo", stream: 5), FrameClient.data([0x79], stream: 5))
      #expect(try client.answer(to: 5) == (200, "y"))
    }
  }

  @Test func `the first bytes may come one by one`() async throws {
    try await TestServer.run { server in
      let client = try Client(port: server.port)
      for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8 { client.send([byte]) }
      // SETTINGS: length 18, type 4.
      #expect(try client.receive(bytes: 4) == [0, 0, 18, 4])
    }
  }

  @Test(arguments: [(16 << 10, true), (20 << 10, false)])
  func `headers are taken up to the limit`(bytes: Int, areTaken: Bool) async throws {
    try await TestServer.run({ $0.headBytesMax = 18 << 10 }) { server in
      let client = try FrameClient(port: server.port)
      var request = FrameClient.request("/echo", stream: 1, [("x-filler", String(repeating: "f", count: bytes))])
      // What is longer than a frame goes on in CONTINUATION.
      let rest = Array(request.payload.dropFirst(16_000))
      request.payload.removeLast(rest.count)
      request.flags = 0
      client.send(
        request, Frame(kind: Frame.continuation, flags: Frame.endHeaders, stream: 1, payload: rest),
        FrameClient.data([0x78], stream: 1))
      let answer = try client.answer(to: 1)
      #expect(answer == (areTaken ? (200, "x") : (nil, "refused: the request's headers are too large\n")))
    }
  }

  @Test func `a body may be as large as its limit and no larger`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      client.send(
        FrameClient.request("/limited", stream: 1), FrameClient.data([UInt8](repeating: 1, count: 10), stream: 1))
      #expect(try client.answer(to: 1).status == 404)
      client.send(
        FrameClient.request("/limited", stream: 3), FrameClient.data([UInt8](repeating: 1, count: 11), stream: 3))
      #expect(try client.answer(to: 3).body.contains("larger than 10 bytes"))
    }
  }

  @Test func `bodies of all streams share one budget`() async throws {
    try await TestServer.run({ $0.bodyBytesInFlightMax = 20_000 }) { server in
      let client = try FrameClient(port: server.port)
      client.send(FrameClient.request("/echo", stream: 1, [("content-length", "15000")]))
      client.send(
        FrameClient.request("/echo", stream: 3, [("content-length", "6000")]),
        FrameClient.data([UInt8](repeating: 1, count: 6_000), stream: 3))
      #expect(try client.answer(to: 3).body.contains("busy"))
      client.send(FrameClient.data([UInt8](repeating: 0x61, count: 15_000), stream: 1))
      #expect(try client.answer(to: 1).status == 200)
      client.send(
        FrameClient.request("/echo", stream: 5, [("content-length", "6000")]),
        FrameClient.data([UInt8](repeating: 0x61, count: 6_000), stream: 5))
      #expect(try client.answer(to: 5).status == 200)
      #expect(server.server.counts.bodyBytesInFlight == 0)
    }
  }

  @Test func `a slow body is refused and the connection lives on`() async throws {
    try await TestServer.run({ $0.bodyTimeout = .milliseconds(100) }) { server in
      let client = try FrameClient(port: server.port)
      client.send(FrameClient.request("/echo", stream: 1))
      #expect(try client.answer(to: 1).body.contains("too slowly"))
      client.send(FrameClient.request("/echo", stream: 3), FrameClient.data([0x78], stream: 3))
      #expect(try client.answer(to: 3) == (200, "x"))
    }
  }

  @Test func `a server that stops waits until its last answer is taken`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      client.send(
        Frame(kind: Frame.settings, payload: [0, 4, 0x7f, 0xff, 0xff, 0xff]),
        Frame(kind: Frame.windowUpdate, payload: [0x7f, 0, 0, 0]))
      client.send(FrameClient.request("/hold", stream: 1, ends: true))
      let held = try await server.receiver.takeHeld()
      async let drained: Void = server.server.drain(deadline: .seconds(20))
      #expect(try client.next(Frame.goAway).errorCode == 0)
      held.send(Response(status: 200, body: [UInt8](repeating: 0x61, count: 16_000_000)))
      // More than sockets hold, and nobody reads yet.
      try await Task.sleep(for: .milliseconds(50))
      #expect(try client.answer(to: 1).body.utf8.count == 16_000_000)
      await drained
    }
  }

  @Test func `a server that stops says so, answers what is open and closes`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      client.send(FrameClient.request("/hold", stream: 1, ends: true))
      let held = try await server.receiver.takeHeld()
      async let drained: Void = server.server.drain(deadline: .seconds(20))
      #expect(try client.next(Frame.goAway).errorCode == 0)
      held.send(Response(status: 200, body: Array("last".utf8)))
      #expect(try client.answer(to: 1) == (200, "last"))
      await drained
      #expect(client.client.isClosed())
    }
  }
}
