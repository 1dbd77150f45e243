import NIOCore
import Testing

@testable import Transport

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

  @Test func `a client that pings and opens windows for every answer, as grpc-go does, is served`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      for count in UInt32(0)..<3_000 {
        let stream = 2 * count + 1
        client.send(
          FrameClient.request("/echo", stream: stream), FrameClient.data([0x78], stream: stream),
          Frame(kind: Frame.ping, payload: [0, 0, 0, 0, 0, 0, 0, 0]),
          Frame(kind: Frame.windowUpdate, payload: [0, 0, 0, 1]))
        #expect(try client.answer(to: stream) == (200, "x"))
      }
    }
  }

  @Test func `streams that we have to reset count as a flood too`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      // A window beyond 2^31 - 1 is an error of the stream: the client makes us reset it ("MadeYouReset").
      let overflow: [UInt8] = [0x7f, 0xff, 0xff, 0xff]
      for count in UInt32(0)..<6_000 {
        let stream = 2 * count + 1
        let isGone = !client.send(
          FrameClient.request("/hold", stream: stream, ends: true),
          Frame(kind: Frame.windowUpdate, stream: stream, payload: overflow),
          Frame(kind: Frame.windowUpdate, stream: stream, payload: overflow))
        if isGone { break }
      }
      #expect(Self.calm.contains(try client.next(Frame.goAway).errorCode))
    }
  }

  @Test func `bodies that are only announced leave room for others`() async throws {
    try await TestServer.run { server in
      let client = try FrameClient(port: server.port)
      for number in UInt32(0)..<120 {
        client.send(FrameClient.request("/echo", stream: 2 * number + 1, [("content-length", "10000000")]))
      }
      #expect(await eventually { server.receiver.heads.withLock { $0.count } == 120 })
      #expect(server.server.counts.bodyBytesInFlight < 3 << 20)
      let other = try server.connect()
      other.post("/size", [UInt8](repeating: 1, count: 1_000_000))
      #expect(try other.receive().text == "1000000")
    }
  }

  @Test func `heads count against the budget, and are given back`() async throws {
    try await TestServer.run({ $0.bodyBytesInFlightMax = 20_000 }) { server in
      let client = try FrameClient(port: server.port)
      let filler = [("user-agent", String(repeating: "f", count: 8_000))]
      for stream in [1, 3] as [UInt32] { client.send(FrameClient.request("/hold", stream: stream, filler, ends: true)) }
      #expect(await eventually { server.receiver.held.withLock { $0.count } == 2 })
      client.send(FrameClient.request("/echo", stream: 5, filler, ends: true))
      #expect(try client.answer(to: 5).body.contains("busy"))
      for _ in 0..<2 { try await server.receiver.takeHeld().send(.text(200, "ok")) }
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test func `endless CONTINUATION ends the connection (CVE-2024-28182)`() async throws {
    // The time for a head must not be what ends it.
    try await TestServer.run({ $0.headTimeout = .seconds(60) }) { server in
      let client = try FrameClient(port: server.port)
      var request = FrameClient.request("/echo", stream: 1)
      request.flags = 0
      client.send(request)
      let more = Frame(kind: Frame.continuation, stream: 1, payload: FrameClient.literal("a", "b"))
      for _ in 0..<100 where !client.send(more) { break }
      _ = try client.next(Frame.goAway)
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
      #expect(try client.answer(to: 1).body.contains("too large"))
      #expect(server.server.counts.bodyBytesInFlight == 0)
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
      // As much as it asks for may be sent: only the socket is in the way.
      client.send(
        Frame(kind: Frame.settings, payload: [0, 4, 0x7f, 0xff, 0xff, 0xff]),
        Frame(kind: Frame.windowUpdate, payload: [0x7f, 0, 0, 0]))
      let body = [UInt8](repeating: 0x61, count: 16_000)
      for number in UInt32(0)..<16 {
        client.send(FrameClient.request("/echo", stream: 2 * number + 1))
        for part in 0..<60 { client.send(FrameClient.data(body, stream: 2 * number + 1, ends: part == 59)) }
      }
      #expect(await eventually { server.server.counts.connectionsOpen == 0 })
    }
  }
}

/// The bucket of frames that carry nothing.
@Suite struct FrameBudgetTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  /// How many can be taken.
  private func left(_ budget: FrameBudget, _ now: NIODeadline) -> Int {
    var budget = budget
    var count = 0
    while budget.take(now) { count += 1 }
    return count
  }

  @Test(arguments: [(0, 3), (99, 3), (60_000, 3)]) func `it holds its burst and no more`(after: Int64, count: Int) {
    let budget = FrameBudget(burst: 3, perSecond: 10, now: Self.start)
    #expect(left(budget, Self.start + .milliseconds(after)) == count)
  }

  @Test(arguments: [(0, 0, 0), (99, 0, 0), (100, 0, 1), (250, 0, 2), (0, 1, 1), (0, 2, 2), (0, 9, 3), (250, 9, 3)])
  func `empty, it fills with time and with what is useful`(after: Int64, useful: Int, count: Int) {
    var budget = FrameBudget(burst: 3, perSecond: 10, now: Self.start)
    for _ in 0..<3 { _ = budget.take(Self.start) }
    budget.earn(useful)
    #expect(left(budget, Self.start + .milliseconds(after)) == count)
  }
}
