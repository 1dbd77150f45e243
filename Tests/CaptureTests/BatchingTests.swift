import Testing

@testable import Capture

@Suite struct `Batches` {
  @Test func `a body is the key and the events as they came, and nothing else`() throws {
    let rig = try Rig { $0.teamID = 7 }
    rig.enqueue(token: 1, "{\"a\":1}")
    rig.enqueue(token: 2, "{\"b\":\"\u{1F600}\"}")
    rig.settle()
    let seen = try #require(rig.posthog.seen.first)
    #expect(
      String(decoding: seen.body, as: UTF8.self)
        == "{\"api_key\":\"phc_one\",\"batch\":[{\"a\":1},{\"b\":\"\u{1F600}\"}]}")
    #expect(seen.url == "https://posthog.test/i/v0/ai/batch/")
    #expect(seen.headers == ["Content-Type: application/json", "X-PostHog-Team-Id: 7"])
    #expect(rig.outcomes == [.delivered(lane: 1, tokens: [1, 2])])
  }

  @Test func `each destination has its endpoint, also below a path prefix`() throws {
    let rig = try Rig { $0.host = "http://posthog.test/prefix//" }
    rig.enqueue(.analytics, token: 1)
    rig.enqueue(.ai, token: 2)
    rig.settle()
    #expect(
      Set(rig.posthog.seen.map(\.url)) == [
        "http://posthog.test/prefix/batch/", "http://posthog.test/prefix/i/v0/ai/batch/",
      ])
  }

  @Test func `a batch leaves when its first event has waited for the interval, not before`() throws {
    let rig = try Rig()
    rig.enqueue(token: 1)
    rig.run(.milliseconds(600))
    rig.enqueue(token: 2)
    rig.run(.nanoseconds(399_999_999))
    #expect(rig.posthog.seen.isEmpty)
    rig.run(.nanoseconds(1))
    rig.run(.zero)
    #expect(rig.posthog.seen.map(\.events.count) == [2])
  }

  @Test func `a batch leaves at once with its last event, not one earlier`() throws {
    let rig = try Rig { $0.batchEvents = 3 }
    rig.enqueue(token: 1)
    rig.enqueue(token: 2)
    rig.run(.zero)
    #expect(rig.posthog.seen.isEmpty)
    rig.enqueue(token: 3)
    rig.enqueue(token: 4)
    rig.run(.zero)
    #expect(rig.posthog.seen.map(\.events.count) == [3])
  }

  @Test(arguments: 60...140) func `no body is over the limit unless one event alone is`(limit: Int) throws {
    let rig = try Rig { $0.batchBytes = limit }
    let texts = (1...20).map { "{\"x\":\"" + String(repeating: "y", count: $0) + "\"}" }
    for (index, text) in texts.enumerated() { rig.enqueue(token: UInt64(index), text) }
    rig.settle()
    for seen in rig.posthog.seen { #expect(seen.body.count <= limit || seen.events.count == 1) }
    #expect(rig.posthog.seen.flatMap(\.events) == texts)
    // And none was left that would have had room for the next one's first event.
    for (one, next) in zip(rig.posthog.seen, rig.posthog.seen.dropFirst()) {
      #expect(one.body.count + 1 + (next.events.first?.utf8.count ?? 0) > limit)
    }
  }

  @Test func `the size asked for is held below what PostHog takes`() throws {
    let rig = try Rig { $0.batchBytes = .max }
    let text = "{\"x\":\"" + String(repeating: "y", count: 3 << 20) + "\"}"
    for token in 0..<12 { rig.enqueue(token: UInt64(token), text) }
    rig.settle()
    #expect(rig.posthog.seen.allSatisfy { $0.body.count <= CaptureLimits.batchBytesMax })
    #expect(rig.posthog.seen.count == 3)
  }

  @Test func `an event of 8 MiB is sent, one byte more is dead without a request`() throws {
    let rig = try Rig()
    func event(_ size: Int) -> String { "{\"x\":\"" + String(repeating: "y", count: size - 8) + "\"}" }
    rig.enqueue(token: 1, event(CaptureLimits.aiEventBytesMax))
    rig.enqueue(token: 2, event(CaptureLimits.aiEventBytesMax + 1))
    rig.settle()
    #expect(rig.delivered == [1])
    let dead = try #require(rig.dead.first)
    #expect(dead.token == 2 && dead.status == 0 && dead.bytes.count == CaptureLimits.aiEventBytesMax + 1)
    #expect(dead.reason.contains("8388608") && dead.reason.contains("8388609"))
    #expect(rig.sender.counters.eventsDead == 1)
  }

  @Test func `a lane that cannot send gathers one full batch, not many small ones`() throws {
    let rig = try Rig()
    var broken = true
    rig.posthog.answer = { _ in broken ? .status(503, retryAfter: "60") : .status(200) }
    rig.enqueue(token: 0)
    rig.run(.seconds(2))
    for token in 1...50 {
      rig.enqueue(token: UInt64(token))
      rig.run(.seconds(1))
    }
    broken = false
    rig.settle()
    #expect(rig.posthog.seen.map(\.events.count) == [1, 1, 50])
    #expect(rig.delivered.count == 51)
  }

  @Test func `the body is compressed once, however often it is sent`() throws {
    let posthog = FakePostHog()
    var answers: [UInt16] = [503, 503, 200]
    posthog.answer = { _ in .status(answers.removeFirst()) }
    var calls = 0
    let sender = try Sender(settings: CaptureSettings(), client: posthog, time: posthog.time, seed: 1) { bytes in
      calls += 1
      return [UInt8(calls), UInt8(truncatingIfNeeded: bytes.count)]
    }
    sender.register(lane: 9, key: "k")
    let text = Array("{}".utf8)
    sender.enqueue(lane: 9, .ai, token: 1, text.span, .init(0, 2), now: posthog.time.now)
    #expect(sender.drain(until: posthog.time.now + .seconds(100)) { _ in })
    #expect(posthog.seen.map(\.body) == Array(repeating: [1, 28], count: 3))
    #expect(posthog.seen[0].headers.contains("Content-Encoding: gzip"))
  }

  @Test(arguments: ["", "us.i.posthog.com", "ftp://x", "file:///etc/passwd", "https://a b", "https://x\r\nHost: y"])
  func `a host that is no URL is refused before anything is sent`(host: String) {
    #expect(throws: CaptureError.badHost(host)) { try Rig { $0.host = host } }
  }
}
