import Testing
import Transport

/// Clients that mean harm: each flood ends its own connection, soon, and nobody else's.
@Suite(.ownThreads) struct HTTP2HostileTests {
  private typealias Frame = FrameClient.Frame

  struct Flood: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// What is sent, endlessly; the argument counts from 0.
    var frames: @Sendable (UInt32) -> [FrameClient.Frame]
    /// What goes first.
    var opening: [FrameClient.Frame] = []
  }

  /// RFC 9113's INTERNAL_ERROR, which is what libnghttp2 says to a rapid reset, and ENHANCE_YOUR_CALM.
  private static let calm: [UInt32] = [2, 11]

  static let floods: [Flood] = [
    Flood(testDescription: "PING (CVE-2019-9512)") { _ in [.init(kind: Frame.ping, payload: [0, 0, 0, 0, 0, 0, 0, 0])]
    },
    Flood(testDescription: "SETTINGS (CVE-2019-9515)") { _ in [.init(kind: Frame.settings)] },
    Flood(testDescription: "PRIORITY") { _ in [.init(kind: Frame.priority, stream: 1, payload: [0, 0, 0, 0, 9])] },
    Flood(testDescription: "WINDOW_UPDATE") { _ in [.init(kind: Frame.windowUpdate, payload: [0, 0, 0, 1])] },
    Flood(
      testDescription: "empty DATA (CVE-2019-9518)",
      frames: { _ in [.init(kind: Frame.data, stream: 1)] }, opening: [FrameClient.request("/echo", stream: 1)]),
    Flood(testDescription: "rapid reset (CVE-2023-44487)") { count in
      [
        FrameClient.request("/hold", stream: 2 * count + 1, ends: true),
        .init(kind: Frame.reset, stream: 2 * count + 1, payload: [0, 0, 0, 8]),
      ]
    },
  ]

  @Test(arguments: floods)
  func `a flood ends its own connection, and no other`(flood: Flood) async throws {
    try await TestServer.run { server in
      let bystander = try FrameClient(port: server.port)
      let client = try FrameClient(port: server.port)
      client.send(flood.opening)
      // More than any limit allows, in pieces, as long as somebody listens.
      for round in UInt32(0)..<60 where !client.send((0..<100).flatMap { flood.frames(round * 100 + $0) }) { break }
      #expect(Self.calm.contains(try client.next(Frame.goAway).errorCode))
      while !client.client.isClosed() { _ = try? client.next() }
      bystander.send(FrameClient.request("/echo", stream: 1), FrameClient.data([0x78], stream: 1))
      #expect(try bystander.answer(to: 1) == (200, "x"))
    }
  }

  @Test func `a client that resets within reason is served`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      for count in UInt32(0)..<150 {
        client.send(
          FrameClient.request("/echo", stream: 2 * count + 1),
          Frame(kind: Frame.reset, stream: 2 * count + 1, payload: [0, 0, 0, 8]))
      }
      client.send(FrameClient.request("/echo", stream: 1_001), FrameClient.data([0x78], stream: 1_001))
      #expect(try client.answer(to: 1_001) == (200, "x"))
    }
  }

  @Test func `endless CONTINUATION ends the connection (CVE-2024-28182)`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      var request = FrameClient.request("/echo", stream: 1)
      request.flags = 0
      client.send(request)
      let more = Frame(kind: Frame.continuation, stream: 1, payload: FrameClient.literal("a", "b"))
      for _ in 0..<100 where !client.send(more) { break }
      while !client.client.isClosed() { _ = try? client.next() }
    }
  }

  @Test func `header fields that unpack to megabytes are refused at the limit`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      var request = FrameClient.request("/echo", stream: 1)
      // One field of 4,000 bytes into the table (index 62), then a reference of one byte to it, 8,000 times: 32 MB.
      var bomb: [UInt8] = [0x40, 1, 0x61, 127, 0xa1, 0x1e]
      bomb += [UInt8](repeating: 0x62, count: 127 + 0x21 + 0x1e << 7)
      request.payload += bomb
      request.flags = 0
      client.send(
        request,
        Frame(
          kind: Frame.continuation, flags: Frame.endHeaders, stream: 1,
          payload: [UInt8](repeating: 0xbe, count: 8_000)))
      client.send(FrameClient.data([0x78], stream: 1))
      // libnghttp2 may end the connection, or we refuse the request; nobody unpacks it.
      let answer = try? client.answer(to: 1)
      #expect(answer == nil || answer?.body.contains("too large") == true)
      let other = try FrameClient(port: server.port)
      other.send(FrameClient.request("/echo", stream: 1), FrameClient.data([0x78], stream: 1))
      #expect(try other.answer(to: 1) == (200, "x"))
    }
  }

  @Test func `who greets and never sends SETTINGS, or stops in the middle of a head, is cut`() async throws {
    try await TestServer.run({ $0.headTimeout = .milliseconds(100) }) { server in
      let silent = try FrameClient(port: server.port, greets: false)
      let half = try FrameClient(port: server.port)
      var request = FrameClient.request("/echo", stream: 1)
      request.flags = 0
      half.send(request)
      for client in [silent, half] {
        while !client.client.isClosed() { _ = try? client.next() }
      }
    }
  }

  @Test func `an idle connection is told to go, and closed`() async throws {
    try await TestServer.run({ $0.idleTimeout = .seconds(1) }) { server in
      let client = try FrameClient(port: server.port)
      #expect(try client.next(Frame.goAway).errorCode == 0)
      #expect(client.client.isClosed())
    }
  }

  @Test(arguments: [false, true])
  func `no more streams than the limit are open at once`(knowsTheLimit: Bool) async throws {
    try await TestServer.run({ $0.streamsPerConnectionMax = 3 }) { server in
      let client = try FrameClient(port: server.port)
      _ = try client.next(Frame.settings)
      if knowsTheLimit { client.send(Frame(kind: Frame.settings, flags: Frame.acknowledgement)) }
      for stream in [1, 3, 5] as [UInt32] { client.send(FrameClient.request("/hold", stream: stream, ends: true)) }
      #expect(await eventually { server.receiver.held.withLock { $0.count } == 3 })
      client.send(FrameClient.request("/hold", stream: 7, ends: true))
      if knowsTheLimit {
        // PROTOCOL_ERROR: it was told.
        #expect(try client.next(Frame.goAway).errorCode == 1)
      } else {
        let refused = try client.next(Frame.reset)
        // REFUSED_STREAM: the client may send it again.
        #expect(refused.stream == 7 && refused.errorCode == 7)
      }
    }
  }

  @Test func `a client that does not read its answers is cut`() async throws {
    try await TestServer.run({ $0.writeTimeout = .milliseconds(200) }) { server in
      let client = try FrameClient(port: server.port)
      client.client.shrinkReceiveBuffer()
      // The answer is larger than the window a client begins with, which is never opened.
      let body = [UInt8](repeating: 0x61, count: 16_000)
      client.send(FrameClient.request("/echo", stream: 1))
      for _ in 0..<6 { client.send(FrameClient.data(body, stream: 1, ends: false)) }
      client.send(FrameClient.data([], stream: 1))
      while !client.client.isClosed() { _ = try? client.next() }
    }
  }
}
