import Testing
import Transport

/// Every bound at its edge; time limits are injected small.
@Suite(.ownThreads) struct LimitTests {
  @Test(arguments: [("/limited", 10, 200), ("/limited", 11, 413), ("/limited", 9, 200)])
  func `the receiver's body limit holds to the byte, announced or chunked`(
    _ path: String, _ size: Int, _ status: Int
  ) async throws {
    try await TestServer.run { server in
      let body = String(repeating: "x", count: size)
      // The path answers 404 once it is complete; what matters is whether it is refused.
      let expected = status == 200 ? 404 : 413
      let announced = try server.connect()
      announced.post(path, body)
      #expect(try announced.receive().status == expected)
      let chunked = try server.connect()
      chunked.send("POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      for character in body { chunked.send("1\r\n\(character)\r\n") }
      chunked.send("0\r\n\r\n")
      #expect(try chunked.receive().status == expected)
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test(arguments: [99, 100, 101]) func `the server's own body limit holds to the byte`(_ size: Int) async throws {
    try await TestServer.run({ $0.bodyBytesMax = 100 }) { server in
      let client = try server.connect()
      client.post("/size", String(repeating: "x", count: size))
      let answer = try client.receive()
      #expect(answer.status == (size <= 100 ? 200 : 413))
      if size > 100 { #expect(answer.headers["connection"] == "close") }
    }
  }

  /// The client is still sending when it is refused; without lingering it would be reset, and most clients do not look
  /// for an answer then.
  @Test func `a client that sends far too much can read why it was refused`() async throws {
    try await TestServer.run({ $0.bodyBytesMax = 1_000 }) { server in
      // More than the kernel takes in advance.
      let body = [UInt8](repeating: 0, count: 20_000_000)
      for _ in 0..<5 {
        let client = try server.connect()
        #expect(client.post("/size", body))
        #expect(try client.receive().status == 413)
      }
    }
  }

  @Test(arguments: [-1, 0, 1]) func `the head limit holds to the byte`(_ extra: Int) async throws {
    try await TestServer.run({ $0.headBytesMax = 1_000 }) { server in
      let client = try server.connect()
      // What counts: the target, names and values.
      let filler = 1_000 - "/sizeHostax".utf8.count + extra
      client.send("GET /size HTTP/1.1\r\nHost: a\r\nx: \(String(repeating: "y", count: filler))\r\n\r\n")
      #expect(try client.receive().status == (extra <= 0 ? 200 : 431))
    }
  }

  @Test(arguments: [9, 10, 11]) func `the number of headers is limited`(_ count: Int) async throws {
    try await TestServer.run({ $0.headerCountMax = 10 }) { server in
      let client = try server.connect()
      client.send("GET /size HTTP/1.1\r\nHost: a\r\n\((1..<count).map { "h\($0): v\r\n" }.joined())\r\n")
      #expect(try client.receive().status == (count <= 10 ? 200 : 431))
    }
  }

  @Test func `trailers are counted too`() async throws {
    try await TestServer.run({ $0.headBytesMax = 1_000 }) { server in
      let client = try server.connect()
      client.send("POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
      for _ in 0..<100 { client.send("t: \(String(repeating: "y", count: 100))\r\n") }
      #expect(try client.receive().status == 431)
    }
  }

  @Test func `a head that comes too slowly is answered 408`() async throws {
    try await TestServer.run({ $0.headTimeout = .milliseconds(60) }) { server in
      let client = try server.connect()
      client.send("GET /size HTTP/1.1\r\nHos")
      #expect(try client.receive().status == 408)
    }
  }

  @Test func `a body below the least rate is answered 408 after the grace`() async throws {
    try await TestServer.run({
      $0.bodyGrace = .milliseconds(60)
      $0.bodyRateMin = 1_000_000
    }) { server in
      let client = try server.connect()
      client.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
      #expect(try client.receive().status == 408)
    }
  }

  @Test func `a body fast enough may take longer than the grace, but not longer than the whole`() async throws {
    try await TestServer.run({
      $0.bodyGrace = .milliseconds(20)
      $0.bodyRateMin = 1
      $0.bodyTimeout = .seconds(1)
    }) { server in
      let client = try server.connect()
      client.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
      let start = ContinuousClock.now
      #expect(try client.receive().status == 408)
      // The sweep's own clock may be a step behind.
      #expect(ContinuousClock.now - start > .milliseconds(800))
    }
  }

  @Test func `a refused request whose body never comes is told the reason, not that it was slow`() async throws {
    try await TestServer.run({ $0.bodyTimeout = .milliseconds(60) }) { server in
      let client = try server.connect()
      client.send("POST /deny HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
      #expect(try client.receive().status == 401)
      #expect(client.isClosed())
    }
  }

  @Test func `an idle connection is closed, before and after a request`() async throws {
    try await TestServer.run({ $0.idleTimeout = .milliseconds(60) }) { server in
      #expect(try server.connect().isClosed())
      let client = try server.connect()
      client.post("/size", "abc")
      #expect(try client.receive().text == "3")
      #expect(client.isClosed())
      #expect(server.server.counts.answers4xx == 0)
    }
  }

  @Test func `a receiver that does not answer in time is answered for, and its late reply changes nothing`()
    async throws
  {
    try await TestServer.run({ $0.answerTimeout = .seconds(4) }) { server in
      let client = try server.connect()
      client.post("/hold", "x")
      let answer = try client.receive()
      #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
      let late = try await server.receiver.takeHeld()
      client.post("/hold", "next")
      let next = try await server.receiver.takeHeld()
      late.send(.text(200, "late"))
      next.send(.text(200, "next"))
      #expect(try client.receive().text == "next\n")
    }
  }

  @Test func `a client that does not read its answer is cut off`() async throws {
    try await TestServer.run({ $0.writeTimeout = .milliseconds(60) }) { server in
      let client = try server.connect()
      client.shrinkReceiveBuffer()
      client.post("/echo", [UInt8](repeating: 1, count: 16 << 20))
      #expect(await eventually { server.server.counts.connectionsOpen == 0 })
    }
  }

  @Test func `the body budget refuses with 503 what does not fit, and gives back what it took`() async throws {
    try await TestServer.run({ $0.bodyBytesInFlightMax = 1_000 }) { server in
      let first = try server.connect()
      first.send("POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n")
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 600 })
      let second = try server.connect()
      second.post("/size", String(repeating: "x", count: 401))
      let refused = try second.receive()
      #expect(refused.status == 503 && refused.headers["retry-after"] == "1")
      let third = try server.connect()
      third.post("/size", String(repeating: "x", count: 400))
      #expect(try third.receive().text == "400")
      // A complete body counts until it is answered.
      first.send([UInt8](repeating: 1, count: 600))
      #expect(await eventually { server.receiver.held.withLock { $0.count } == 1 })
      #expect(server.server.counts.bodyBytesInFlight == 600)
      try await server.receiver.takeHeld().send(.text(200, "ok"))
      #expect(try first.receive().status == 200)
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test(arguments: [(1_000, 1_000), (1_001, 1_000), (50_000, 1_000)])
  func `an announced body takes its share of the budget as it comes`(_ announced: Int, _ first: Int) async throws {
    try await TestServer.run({ $0.bodyBytesFirst = 1_000 }) { server in
      let client = try server.connect()
      client.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: \(announced)\r\n\r\n")
      #expect(await eventually { server.server.counts.bodyBytesInFlight == first })
      client.send([UInt8](repeating: 1, count: announced))
      #expect(try client.receive().text == "\(announced)")
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test func `a large body that outgrows the budget on its way is refused with 503`() async throws {
    try await TestServer.run({
      $0.bodyBytesFirst = 1_000
      $0.bodyBytesInFlightMax = 20_000
    }) { server in
      let client = try server.connect()
      client.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
      client.send([UInt8](repeating: 1, count: 30_000))
      let refused = try client.receive()
      #expect(refused.status == 503 && refused.headers["retry-after"] == "1")
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test func `a body that becomes larger than it came takes more of the budget, and gives all of it back`() async throws
  {
    try await TestServer.run({ $0.bodyBytesInFlightMax = 1_000 }) { server in
      let client = try server.connect()
      client.post("/hold", String(repeating: "x", count: 400))
      #expect(await eventually { server.receiver.held.withLock { $0.count } == 1 })
      try await {
        let reply = try await server.receiver.takeHeld()
        #expect(reply.hold(300) && server.server.counts.bodyBytesInFlight == 300)
        #expect(!reply.hold(1_001) && server.server.counts.bodyBytesInFlight == 300)
        #expect(reply.hold(1_000) && server.server.counts.bodyBytesInFlight == 1_000)
        reply.send(.text(200, "ok"))
      }()
      #expect(try client.receive().status == 200)
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test func `a chunked body that outgrows the budget is refused with 503`() async throws {
    try await TestServer.run({ $0.bodyBytesInFlightMax = 20_000 }) { server in
      let client = try server.connect()
      client.send("POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 1, count: 0x1000) + Array("\r\n".utf8)
      for _ in 0..<8 { client.send(chunk) }
      #expect(try client.receive().status == 503)
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test(arguments: [false, true])
  func `a client that leaves in the middle of a body gives its share back`(_ resets: Bool) async throws {
    try await TestServer.run { server in
      do {
        let client = try server.connect()
        if resets { client.resetOnClose() }
        client.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nabc")
        #expect(await eventually { server.server.counts.bodyBytesInFlight == 5_000 })
      }
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test func `connections over the limit are closed at once, and there is room again when one goes`() async throws {
    try await TestServer.run({ $0.connectionsPerAddressMax = 2 }) { server in
      let first = try server.connect()
      do {
        let second = try server.connect()
        for client in [first, second] {
          client.post("/echo", "x")
          #expect(try client.receive().text == "x")
        }
        #expect(try server.connect().isClosed())
        #expect(server.server.counts.connectionsRefused == 1)
      }
      #expect(await eventually { server.server.counts.connectionsOpen == 1 })
      let third = try server.connect()
      third.post("/echo", "x")
      #expect(try third.receive().text == "x")
    }
  }

  @Test func `connections in all are limited`() async throws {
    try await TestServer.run({ $0.connectionsMax = 1 }) { server in
      let first = try server.connect()
      first.post("/echo", "x")
      #expect(try first.receive().text == "x")
      #expect(try server.connect().isClosed())
    }
  }

  @Test func `a flood of pipelined requests ends the connection, not the server`() async throws {
    try await TestServer.run({ $0.pipelinedPartsMax = 50 }) { server in
      let client = try server.connect()
      client.send(String(repeating: "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n", count: 1_000))
      try await server.receiver.takeHeld().send(.text(200, "one"))
      #expect(try client.receive().headers["connection"] == "close")
      #expect(await eventually { server.server.counts.connectionsOpen == 0 })
    }
  }
}
