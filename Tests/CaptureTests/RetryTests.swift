import Testing

@testable import Capture

@Suite struct `Retries` {
  @Test(arguments: [408, 425, 429, 500, 502, 503, 504, 520, 599, 0] as [UInt16])
  func `a passing failure is tried again with the same bytes until it works`(status: UInt16) throws {
    var left = 12
    let rig = try Rig(answer: { _ in
      left -= 1
      if left < 0 { return .status(200) }
      return status == 0 ? .reset : .status(status, "why")
    })
    rig.enqueue(token: 1)
    rig.enqueue(token: 2)
    rig.settle()
    #expect(rig.delivered == [1, 2])
    #expect(rig.posthog.seen.count == 13)
    #expect(Set(rig.posthog.seen.map(\.body)).count == 1)
    #expect(rig.sender.counters.retries == 12)
    #expect(rig.states(lane: 1).count == 2)
    #expect(rig.states(lane: 1).last == .open)
    #expect(rig.states(lane: 1).first == .retrying(status: status, reason: status == 0 ? "reset" : "why"))
  }

  @Test func `an outage of a day loses nothing`() throws {
    let rig = try Rig(answer: { _ in .reset })
    let end = rig.now + .seconds(86_400)
    rig.posthog.answer = { $0.at < end ? .reset : .status(200) }
    for token in 0..<250 { rig.enqueue(token: UInt64(token)) }
    rig.run(.seconds(86_400))
    rig.settle()
    #expect(rig.delivered.sorted() == (0..<250).map(UInt64.init))
    // One try at a time, 15 seconds apart in the mean: 5,760 in a day.
    #expect((4_000...8_000).contains(rig.posthog.seen.count))
    #expect(rig.now - end < .seconds(35))
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func `a wait is anywhere between the base and a ceiling that doubles`(
    seed: UInt64
  ) {
    let backoff = Backoff(base: .milliseconds(100), max: .seconds(30), retryAfterMax: .seconds(300))
    var random = SeededRandom(seed: seed)
    var expected = Duration.milliseconds(100)
    for failures in 1...40 {
      #expect(backoff.ceiling(failures: failures) == min(expected, .seconds(30)))
      let delays = (0..<200).map { _ in backoff.delay(failures: failures, random: &random) }
      let base = Duration.milliseconds(100)
      #expect(delays.allSatisfy { $0 >= base && $0 <= base + expected && $0 <= .seconds(30) }, "seed \(seed)")
      let mean = (delays.reduce(.zero, +) / 200 - base) / min(expected, .seconds(30))
      #expect((0.38...0.62).contains(mean), "seed \(seed)")
      expected = min(expected * 2, .seconds(60))
    }
    #expect(backoff.ceiling(failures: .max) == .seconds(30))
    #expect(backoff.ceiling(failures: 0) == .milliseconds(100))
  }

  @Test(arguments: [
    ("0", 0), ("1", 1), ("120", 120), (" 7 ", 7), ("99999999999999999999", 1 << 32),
    ("Thu, 01 Oct 2026 10:00:30 GMT", 30), ("Thu, 01 Oct 2026 09:00:00 GMT", 0),
    ("Fri, 02 Oct 2026 10:00:00 GMT", 86_400),
  ])
  func `Retry-After is read as seconds and as a date`(text: String, seconds: Int) {
    #expect(RetryAfter.parse(text, unixSeconds: 1_790_848_800) == .seconds(seconds))
  }

  @Test(arguments: [
    "", "-1", "1.5", "soon", "Thu, 01 Oct 2026 10:00:30", "Thu, 32 Oct 2026 10:00:30 GMT",
    "Thu, 01 Oct 2026 25:00:30 GMT", "Thu, 01 Okt 2026 10:00:30 GMT", "Thu, 01 Oct 2026 10:00 GMT", "1 2",
  ])
  func `a Retry-After that is neither is as none`(text: String) {
    #expect(RetryAfter.parse(text, unixSeconds: 1_790_848_800) == nil)
  }

  @Test(arguments: [
    ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 01 Mar 2030 12:00:00 GMT", 1_898_596_800),
  ])
  func `dates are counted over leap years`(text: String, seconds: Int64) {
    #expect(RetryAfter.httpDate(text) == seconds)
  }

  @Test(arguments: [("2", 2), ("Thu, 01 Oct 2026 10:00:21 GMT", 20), ("86400", 300)])
  func `a lane waits as long as it is asked to, five minutes at most`(header: String, seconds: Int) throws {
    var answers: [FakePostHog.Reply] = [.status(429, retryAfter: header), .status(200)]
    let rig = try Rig(answer: { _ in answers.removeFirst() })
    rig.enqueue(token: 1)
    rig.settle()
    try #require(rig.posthog.seen.count == 2)
    let gap = rig.posthog.seen[1].at - rig.posthog.seen[0].at
    // The date is given in whole seconds and the first request leaves one second after the start.
    #expect(gap >= .seconds(seconds) - .seconds(1) && gap <= .seconds(seconds) + .milliseconds(200))
  }

  @Test func `requests that fail together count as one failure, and then one goes first`() throws {
    var broken = true
    let rig = try Rig {
      $0.batchEvents = 1; $0.retryBase = .seconds(1)
    } answer: { _ in
      broken ? .reset : .status(200)
    }
    for token in 0..<8 { rig.enqueue(token: UInt64(token)) }
    rig.run(.milliseconds(11))
    #expect(rig.posthog.seen.count == 4)
    // Four failures in a row would allow a pause of 9 s; one allows 2 s.
    rig.run(.seconds(2))
    #expect(rig.posthog.seen.count == 5)
    #expect(rig.sender.counters.inFlight <= 1)
    broken = false
    rig.settle()
    #expect(rig.delivered.count == 8)
  }

  @Test func `a batch that always fails does not hold its lane`() throws {
    let rig = try Rig {
      $0.batchEvents = 1
    } answer: {
      $0.events == ["{\"n\":0}"] ? .status(500) : .status(200)
    }
    for token in 0..<50 { rig.enqueue(token: UInt64(token)) }
    rig.run(.seconds(60))
    #expect(Set(rig.delivered) == Set(1..<50))
    #expect(rig.sender.waitingEvents(lane: 1) == 1)
  }

  @Test func `a batch that always fails is tried ever less often, whatever else goes through`() throws {
    let rig = try Rig {
      $0.batchEvents = 1
    } answer: {
      $0.events == ["{\"n\":0}"] ? .status(500) : .status(200)
    }
    for token in 0..<600 {
      rig.enqueue(token: UInt64(token))
      rig.run(.seconds(1))
    }
    // Ten minutes of waits that reach up to 30 s, 15 s in the mean.
    #expect((20...70).contains(rig.posthog.seen.count { $0.events == ["{\"n\":0}"] }))
  }

  @Test func `after a recovery the lane sends as many at once as before`() throws {
    var broken = true
    let rig = try Rig {
      $0.batchEvents = 1
    } answer: { _ in
      broken ? .reset : .status(200)
    }
    rig.enqueue(token: 0)
    rig.run(.seconds(10))
    broken = false
    rig.settle()
    for token in 1..<20 { rig.enqueue(token: UInt64(token)) }
    rig.run(.zero)
    #expect(rig.sender.counters.inFlight == 4)
  }

  @Test func `with a limit of attempts the events are dead after it`() throws {
    let rig = try Rig {
      $0.maxRetries = 2
    } answer: { _ in
      .status(503, "down")
    }
    rig.enqueue(token: 1)
    rig.enqueue(token: 2)
    rig.settle()
    #expect(rig.posthog.seen.count == 3)
    #expect(rig.dead.map(\.token) == [1, 2])
    #expect(rig.dead.allSatisfy { $0.status == 503 && $0.reason == "given up after 3 attempts: down" })
  }

  @Test func `draining sends at once, tells as it goes and stops at its deadline`() throws {
    let rig = try Rig { $0.flushInterval = .seconds(100) }
    rig.enqueue(token: 1)
    var told: [Outcome] = []
    #expect(rig.sender.drain(until: rig.now + .milliseconds(10)) { told += $0 })
    #expect(told == [.delivered(lane: 1, tokens: [1])])

    rig.posthog.answer = { _ in .init(after: .seconds(60), result: .failure(HTTPFailure(reason: "slow"))) }
    rig.enqueue(token: 2)
    let start = rig.now
    #expect(!rig.sender.drain(until: start + .seconds(5)) { told += $0 })
    #expect(rig.now == start + .seconds(5) && told.count == 1)
    #expect(rig.sender.waitingBytes == 7)
  }

  @Test func `a sender that goes away gives up its requests`() throws {
    let posthog = FakePostHog { _ in .init(after: .seconds(60), result: .success(HTTPAnswer(status: 200))) }
    var sender: Sender? = try Sender(settings: CaptureSettings(), client: posthog, time: posthog.time, seed: 1) { _ in
      []
    }
    sender?.register(lane: 1, key: "k")
    sender?.isFlushing = true
    sender?.enqueue(lane: 1, .ai, token: 1, Array("{}".utf8).span, .init(0, 2), now: posthog.time.now)
    #expect(sender?.poll(timeout: .zero) == [])
    #expect(sender?.counters.inFlight == 1)
    sender = nil
    #expect(posthog.cancelled == [1])
  }
}
