import Testing
import Transport

/// Starting, stopping, and replies.
@Suite(.ownThreads) struct LifeTests {
  @Test func `draining finishes the request in flight, closes idle connections and takes no new ones`() async throws {
    let server = try TestServer()
    let (idle, busy) = (try server.connect(), try server.connect())
    idle.post("/echo", "x")
    _ = try idle.receive()
    busy.post("/hold", "x")
    busy.send("POST /echo HTTP/1.1\r\nHost: a\r\n")
    #expect(await eventually { server.receiver.held.withLock { $0.count } == 1 })
    await server.server.stopAccepting()
    // A program that another test has just started may hold a copy of the socket for a moment.
    #expect(await eventually { (try? server.connect()) == nil })
    async let drained: Void = server.server.drain(deadline: .seconds(10))
    #expect(idle.isClosed())
    try await server.receiver.takeHeld().send(.text(200, "finished"))
    let answer = try busy.receive()
    #expect(answer.text == "finished\n" && answer.headers["connection"] == "close")
    #expect(busy.isClosed())
    await drained
    #expect(server.server.counts.connectionsOpen == 0)
  }

  @Test func `draining waits for a body that is still coming in`() async throws {
    let server = try TestServer()
    let client = try server.connect()
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
    #expect(await eventually { server.server.counts.bodyBytesInFlight == 4 })
    async let drained: Void = server.server.drain(deadline: .seconds(10))
    client.send("dy")
    #expect(try client.receive().text == "body")
    #expect(client.isClosed())
    await drained
  }

  @Test func `the deadline of draining cuts what is left, and a reply after it harms nobody`() async throws {
    let server = try TestServer()
    let client = try server.connect()
    client.post("/hold", "x")
    #expect(await eventually { server.receiver.held.withLock { $0.count } == 1 })
    await server.server.drain(deadline: .milliseconds(50))
    #expect(client.isClosed())
    #expect(try await server.receiver.takeHeld().send(.text(200, "too late")))
  }

  @Test(arguments: [0, 3]) func `event loops step back as far as they are told, and nobody else does`(_ niceness: Int)
    async throws
  {
    let before = ownNiceness()
    try await TestServer.run({ $0.niceness = niceness }) { server in
      let client = try server.connect()
      client.post("/nice", "x")
      #expect(try client.receive().text == "\(before + Int32(niceness))")
    }
    #expect(ownNiceness() == before)
  }

  @Test func `the first reply counts, the second is ignored`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      for _ in 0..<3 {
        client.post("/twice", "x")
        #expect(try client.receive().text == "first")
      }
      client.post("/echo", "in step")
      #expect(try client.receive().text == "in step")
    }
  }

  @Test func `of two threads that race to reply exactly one wins`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      for _ in 0..<200 {
        client.post("/hold", "x")
        let reply = try await server.receiver.takeHeld()
        async let one = reply.send(.text(200, "one"))
        async let two = reply.send(.text(200, "two"))
        let (first, second) = await (one, two)
        #expect(first != second)
        #expect(try client.receive().text == (first ? "one\n" : "two\n"))
      }
    }
  }

  @Test func `a reply that is dropped answers 503`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      for _ in 0..<3 {
        client.post("/drop", "x")
        let answer = try client.receive()
        #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
      }
    }
  }

  @Test func `many replies are sent at once to connections of all loops`() async throws {
    try await TestServer.run { server in
      let clients = try (0..<40).map { _ in try server.connect() }
      for client in clients { client.post("/hold", "x") }
      try #require(await eventually { server.receiver.held.withLock { $0.count } == 40 })
      let replies = server.receiver.held.withLock { held in
        defer { held.removeAll() }
        return held
      }
      replies[7].send(.text(200, "alone"))
      inThread { Reply.send(replies.map { ($0, .text(200, "together")) }) }
      var texts: [String: Int] = [:]
      for client in clients { texts[try client.receive().text, default: 0] += 1 }
      #expect(texts == ["together\n": 39, "alone\n": 1])
    }
  }

  @Test func `a port that is taken is told, and nothing stays bound`() async throws {
    let server = try TestServer()
    let taken = server.server.addresses[0].description
    #expect(throws: TransportError.addressInUse(taken)) {
      try HTTPServer.start(listen: ["127.0.0.1:0", taken], receiver: server.receiver, threads: 1)
    }
    await server.stop()
  }

  @Test func `several addresses are served, IPv6 too`() async throws {
    let server = try HTTPServer.start(
      listen: ["127.0.0.1:0", "[::1]:0", "localhost:0"], receiver: TestReceiver(), threads: 1)
    #expect(server.addresses.map(\.host)[..<2] == ["127.0.0.1", "::1"])
    for address in server.addresses {
      #expect(try shell("curl -sS -g --max-time 10 -d abc http://\(address)/echo") == "abc")
    }
    await server.drain(deadline: .seconds(5))
  }

  @Test func `an address of another machine is told`() throws {
    #expect(throws: TransportError.addressNotAvailable("192.0.2.1:0")) {
      try HTTPServer.start(listen: ["192.0.2.1:0"], receiver: TestReceiver(), threads: 1)
    }
  }

  @Test(arguments: [
    "", "4318", "127.0.0.1", "127.0.0.1:", ":4318", "a:65536", "a:-1", "a:+1", "::1:4318", "[::1]", "a:b",
  ])
  func `what is no address is told`(_ text: String) {
    #expect(throws: TransportError.badAddress(text)) { try ListenAddress(parsing: text) }
  }

  @Test(arguments: ["127.0.0.1:4318", "[::1]:0", "localhost:65535"]) func `an address reads as written`(
    _ text: String
  ) throws {
    #expect(try ListenAddress(parsing: text).description == text)
  }
}
