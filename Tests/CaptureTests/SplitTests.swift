import Testing

@testable import Capture

@Suite struct `Bad events` {
  @Test(arguments: 0..<60 as Range<UInt64>) func `every bad event is found and every good one delivered once`(
    seed: UInt64
  ) throws {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 1...300, using: &random)
    let bad = Set((0..<Int.random(in: 0...5, using: &random)).map { _ in Int.random(in: 0..<count, using: &random) })
    let texts = (0..<count).map { index in
      "{\"n\":\(index)\(bad.contains(index) ? ",\"POISON\":1" : "")}"
    }
    let rig = try Rig {
      $0.batchEvents = 300
    } answer: { seen in
      seen.events.contains { $0.contains("POISON") } ? .status(400, "bad event, key phc_one") : .status(200)
    }
    for (index, text) in texts.enumerated() { rig.enqueue(token: UInt64(index), text) }
    rig.settle()
    #expect(Set(rig.dead.map(\.token)) == Set(bad.map(UInt64.init)), "seed \(seed)")
    #expect(rig.delivered.sorted() == (0..<count).filter { !bad.contains($0) }.map(UInt64.init), "seed \(seed)")
    #expect(rig.dead.allSatisfy { String(decoding: $0.bytes, as: UTF8.self) == texts[Int($0.token)] })
    #expect(rig.dead.allSatisfy { $0.status == 400 && $0.reason == "bad event, key [key]" })
    // Every event ever sent has the bytes that came in.
    #expect(Set(rig.posthog.seen.flatMap(\.events)).isSubset(of: Set(texts)))
    let levels = Int((Double(count)).logTwoCeiling)
    #expect(rig.posthog.seen.count <= 1 + 2 * max(bad.count, 0) * levels, "seed \(seed)")
    #expect(rig.sender.waitingBytes == 0 && rig.states(lane: 1).isEmpty)
  }

  @Test(arguments: [400, 413, 422] as [UInt16]) func `a batch of one is dead at its first refusal`(status: UInt16)
    throws
  {
    let rig = try Rig(answer: { _ in .status(status, "no") })
    rig.enqueue(token: 7, "{\"x\":1}")
    rig.settle()
    #expect(
      rig.outcomes == [
        .dead(DeadEvent(lane: 1, token: 7, status: status, reason: "no", bytes: Array("{\"x\":1}".utf8)))
      ])
    #expect(rig.posthog.seen.count == 1 && rig.sender.counters.eventsDead == 1)
  }

  @Test func `a reason is cut, on one line, valid and without the key wherever it stands`() {
    let secret = Array("phc_secret".utf8)
    func reason(_ text: String) -> String { AnswerText.reason(Array(text.utf8), secret: secret) }
    #expect(reason("a\nb\u{0}c\u{7f}") == "a b c ")
    #expect(reason("key phc_secret, phc_secretphc_secret") == "key [key], [key][key]")
    let long = reason(String(repeating: "phc_secret ", count: 10_000))
    #expect(long.count == 500 && !long.contains("phc"))
    #expect(reason(String(repeating: "\u{1F600}", count: 600)) == String(repeating: "\u{1F600}", count: 500))
    #expect(AnswerText.reason([0x61, 0xff, 0x62], secret: secret) == "a\u{fffd}b")
    for start in 480...520 {
      #expect(!reason(String(repeating: "x", count: start) + "phc_secret").contains("phc_s"))
    }
  }

  /// Anything that can happen, at random: what must hold is the same for every seed.
  @Test(arguments: 0..<150 as Range<UInt64>) func `through any weather every token comes back once, rightly`(
    seed: UInt64
  ) throws {
    var random = SeededRandom(seed: seed)
    var weather = SeededRandom(seed: seed ^ 0xfeed)
    var taken: [String: Int] = [:]
    let rig = try Rig(seed: seed) {
      $0.batchEvents = Int.random(in: 1...20, using: &random)
      $0.batchBytes = Int.random(in: 64...2_000, using: &random)
      $0.concurrency = Int.random(in: 1...5, using: &random)
    }
    let calmAt = rig.now + .seconds(300)
    let hasAI = Bool.random(using: &random)
    rig.posthog.answer = { seen in
      if !hasAI, seen.url.contains("/ai/") { return .status(404) }
      if seen.at < calmAt {
        switch Int.random(in: 0..<8, using: &weather) {
        case 0: return .status(503, retryAfter: "1")
        case 1: return .reset
        case 2: return .status(429)
        case 3: return .status(401)
        case 4 where !seen.events.contains { $0.contains("POISON") }:
          // Taken, but the answer is lost.
          for event in seen.events { taken[event, default: 0] += 1 }
          return .reset
        default: break
        }
      }
      if seen.events.contains(where: { $0.contains("POISON") }) { return .status(400) }
      for event in seen.events { taken[event, default: 0] += 1 }
      return .status(200)
    }
    var texts: [String] = []
    for token in 0..<400 {
      let poison = Int.random(in: 0..<30, using: &random) == 0 ? "POISON" : "fine"
      texts.append("{\"n\":\(token),\"x\":\"\(poison)\"}")
      rig.enqueue(
        lane: UInt32.random(in: 1...2, using: &random), Bool.random(using: &random) ? .ai : .analytics,
        token: UInt64(token), texts[token])
      if token % 8 == 0 { rig.run(.milliseconds(Int.random(in: 0...1_500, using: &random))) }
    }
    rig.settle()
    let bad = texts.indices.filter { texts[$0].contains("POISON") }.map(UInt64.init)
    #expect(rig.dead.map(\.token).sorted() == bad, "seed \(seed)")
    #expect((rig.delivered + bad).sorted() == texts.indices.map(UInt64.init), "seed \(seed)")
    #expect(Set(taken.keys) == Set(texts.filter { !$0.contains("POISON") }), "seed \(seed)")
    #expect(rig.sender.waitingBytes == 0 && rig.sender.counters.inFlight == 0, "seed \(seed)")
    #expect(rig.sender.waitingEvents(lane: 1) + rig.sender.waitingEvents(lane: 2) == 0, "seed \(seed)")
    let counters = rig.sender.counters
    let answers = counters.requests2xx + counters.requests4xx + counters.requests5xx + counters.requestsFailed
    #expect(answers == UInt64(rig.posthog.seen.count), "seed \(seed)")
  }
}

extension Double {
  fileprivate var logTwoCeiling: Double {
    var levels = 0.0
    var reach = 1.0
    while reach < self {
      reach *= 2
      levels += 1
    }
    return levels
  }
}
