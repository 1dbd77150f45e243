import Testing

@testable import Capture

@Suite struct `Lanes` {
  @Test(arguments: [401, 403, 301, 405] as [UInt16])
  func `a refused key blocks its own lane, keeps its backlog, and opens when the key is taken`(status: UInt16) throws {
    var refused = true
    let rig = try Rig(answer: { $0.key == "phc_one" && refused ? .status(status, "unknown key phc_one") : .status(200) }
    )
    for token in 0..<10 {
      rig.enqueue(lane: 1, .analytics, token: UInt64(token))
      rig.enqueue(lane: 2, token: UInt64(100 + token))
      rig.run(.seconds(60))
    }
    #expect(rig.delivered == (100..<110).map(UInt64.init))
    #expect(rig.states(lane: 1) == [.blocked(status: status, reason: "unknown key [key]")])
    #expect(rig.states(lane: 2).isEmpty)
    #expect(rig.sender.waitingEvents(lane: 1) == 10)
    #expect((9...11).contains(rig.posthog.seen.filter { $0.key == "phc_one" }.count))

    refused = false
    rig.settle()
    #expect(Set(rig.delivered) == Set(0..<10).union(100..<110))
    #expect(rig.states(lane: 1).last == .open)
    #expect(rig.dead.isEmpty)
  }

  @Test func `a blocked lane is tried at once after a reload`() throws {
    var refused = true
    let rig = try Rig(answer: { _ in refused ? .status(401) : .status(200) })
    rig.enqueue(token: 1)
    rig.run(.seconds(2))
    #expect(rig.sender.state(lane: 1) == .blocked(status: 401, reason: ""))
    refused = false
    rig.sender.unblock()
    rig.run(.milliseconds(20))
    #expect(rig.delivered == [1])
  }

  @Test func `an old success does not open a lane that was blocked after it began`() throws {
    let rig = try Rig {
      $0.batchEvents = 1
    } answer: {
      $0.events == ["{\"n\":1}"]
        ? .init(after: .seconds(5), result: .success(HTTPAnswer(status: 200))) : .status(401)
    }
    rig.enqueue(token: 1)
    rig.run(.seconds(1))
    rig.enqueue(token: 2)
    rig.run(.seconds(10))
    #expect(rig.delivered == [1])
    #expect(rig.states(lane: 1) == [.blocked(status: 401, reason: "")])
  }

  @Test(arguments: [404, 405] as [UInt16])
  func `without an AI endpoint its events go to the other one, told once, and too large ones are dead`(
    status: UInt16
  ) throws {
    let rig = try Rig(answer: { $0.url.contains("/i/v0/ai/") ? .status(status, "not found") : .status(200) })
    func event(_ size: Int) -> String { "{\"x\":\"" + String(repeating: "y", count: size - 8) + "\"}" }
    rig.enqueue(token: 1)
    rig.enqueue(token: 2, event(CaptureLimits.fallbackEventBytesMax))
    rig.enqueue(token: 3, event(CaptureLimits.fallbackEventBytesMax + 1))
    rig.enqueue(token: 4)
    rig.enqueue(lane: 2, token: 5)
    rig.settle()
    #expect(Set(rig.delivered) == [1, 2, 4, 5])
    #expect(rig.notices == [.aiEndpointMissing])
    #expect(rig.dead.map(\.token) == [3])
    let dead = try #require(rig.dead.first)
    #expect(dead.reason.contains("983040") && dead.reason.contains("/batch/"))
    #expect(dead.bytes.count == CaptureLimits.fallbackEventBytesMax + 1)

    let before = rig.posthog.seen.count
    rig.enqueue(token: 6)
    rig.enqueue(token: 7, event(CaptureLimits.fallbackEventBytesMax + 1))
    rig.settle()
    #expect(rig.posthog.seen[before...].map(\.url) == ["https://posthog.test/batch/"])
    #expect(rig.delivered.contains(6) && rig.dead.map(\.token) == [3, 7])
    #expect(rig.sender.waitingBytes == 0)
  }

  @Test func `the AI endpoint can be switched off from the start`() throws {
    let rig = try Rig { $0.aiLane = false }
    rig.enqueue(token: 1)
    rig.settle()
    #expect(rig.posthog.seen.map(\.url) == ["https://posthog.test/batch/"])
    #expect(rig.notices.isEmpty)
  }

  @Test func `a 404 of the other endpoint blocks: a wrong host must not cost events`() throws {
    let rig = try Rig(answer: { _ in .status(404) })
    rig.enqueue(token: 1)
    rig.run(.seconds(200))
    #expect(rig.dead.isEmpty && rig.sender.waitingEvents(lane: 1) == 1)
    #expect(rig.sender.state(lane: 1) == .blocked(status: 404, reason: ""))
  }

  @Test func `requests in flight are bounded for a lane and altogether`() throws {
    let rig = try Rig {
      $0.batchEvents = 1; $0.concurrency = 3; $0.requestsMax = 5
    }
    for token in 0..<20 {
      rig.enqueue(lane: 1, token: UInt64(token))
    }
    rig.run(.zero)
    #expect(rig.sender.counters.inFlight == 3)
    for token in 20..<40 { rig.enqueue(lane: 2, token: UInt64(token)) }
    rig.settle()
    #expect(rig.posthog.inFlightMost == 5)
    #expect(rig.delivered.count == 40)
  }

  @Test func `a lane with one event does not wait behind a lane with a thousand`() throws {
    let rig = try Rig {
      $0.batchEvents = 1; $0.requestsMax = 4
    }
    for token in 0..<1_000 { rig.enqueue(lane: 1, token: UInt64(token)) }
    rig.run(.milliseconds(50))
    rig.enqueue(lane: 2, token: 5_000)
    rig.run(.milliseconds(30))
    #expect(rig.delivered.contains(5_000))
    #expect(rig.delivered.count < 100)
  }

  @Test func `a lane whose requests hang holds one place after its first failure`() throws {
    let rig = try Rig {
      $0.batchEvents = 1; $0.requestsMax = 8
    } answer: {
      $0.key == "phc_one"
        ? .init(after: .seconds(30), result: .failure(HTTPFailure(reason: "timeout"))) : .status(200)
    }
    for token in 0..<100 { rig.enqueue(lane: 1, token: UInt64(token)) }
    rig.run(.seconds(40))
    #expect(rig.sender.counters.inFlight == 1)
    for token in 100..<200 { rig.enqueue(lane: 2, token: UInt64(token)) }
    rig.run(.seconds(1))
    #expect(rig.delivered.count == 100)
  }

  @Test func `lanes whose requests hang hold half of the places at most, and the others go on`() throws {
    let rig = try Rig {
      $0.batchEvents = 1; $0.requestsMax = 8; $0.concurrency = 2
    } answer: {
      $0.key.hasPrefix("bad")
        ? .init(after: .seconds(30), result: .failure(HTTPFailure(reason: "timeout"))) : .status(200)
    }
    for lane in UInt32(10)..<30 {
      rig.sender.register(lane: lane, key: "bad\(lane)")
      for token in 0..<3 { rig.enqueue(lane: lane, token: UInt64(lane) * 100 + UInt64(token)) }
      rig.run(.seconds(31))
    }
    #expect(rig.sender.counters.inFlight == 4)
    for token in 0..<50 { rig.enqueue(lane: 2, token: UInt64(token)) }
    rig.run(.seconds(1))
    #expect(rig.delivered.count == 50)
  }

  @Test(arguments: [
    ("{\"status\":1,\"quota_limited\":[\"events\"]}", true), ("{\"quota_limited\":[]}", false),
    ("{\"status\":1}", false), ("Ok", false), ("", false), ("[\"quota_limited\"]", false),
    ("{\"a\":{\"b\":[1]},\"quota_limited\":[\"x\"]}", true), ("{\"quota_limited\":true}", false),
  ])
  func `a success that speaks of the quota is told`(body: String, isLimited: Bool) throws {
    let rig = try Rig(answer: { _ in .status(200, body) })
    rig.enqueue(token: 1)
    rig.settle()
    #expect(rig.delivered == [1])
    #expect(rig.notices == (isLimited ? [.quotaLimited(lane: 1)] : []))
    #expect(rig.sender.counters.quotaLimited == (isLimited ? 1 : 0))
  }

  @Test func `what waits is counted until it is settled, for each lane`() throws {
    let rig = try Rig()
    rig.enqueue(lane: 1, token: 1, "{\"abc\":1}")
    rig.enqueue(lane: 2, token: 2, "{}")
    #expect(rig.sender.waitingBytes == 11)
    #expect(rig.sender.waitingBytes(lane: 1) == 9 && rig.sender.waitingBytes(lane: 2) == 2)
    #expect(rig.sender.waitingBytes(lane: 3) == 0 && rig.sender.state(lane: 3) == nil)
    rig.settle()
    #expect(rig.sender.waitingBytes == 0 && rig.sender.waitingEvents(lane: 1) == 0)
    #expect(rig.sender.counters.bytesDelivered == 11 && rig.sender.counters.eventsDelivered == 2)
    #expect(rig.sender.counters.requests2xx == 2)
  }
}
