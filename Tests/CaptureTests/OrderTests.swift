import Testing

@testable import Capture

/// The events of one trace share a token and go out in the order in which they came.
@Suite struct `Order` {
  @Test func `a trace longer than a batch goes out batch by batch`() throws {
    let rig = try Rig { $0.batchEvents = 2 }
    for number in 0..<5 { rig.enqueue(token: 7, "{\"n\":\(number)}") }
    rig.settle()
    #expect(rig.posthog.inFlightMost == 1)
    #expect(rig.posthog.seen.flatMap(\.events) == (0..<5).map { "{\"n\":\($0)}" })
    #expect(rig.delivered == [7, 7, 7, 7, 7])
  }

  @Test func `the end of a trace joins the batch that it began in, up to a quarter over`() throws {
    let rig = try Rig { $0.batchEvents = 8 }
    for token in 0..<7 { rig.enqueue(token: UInt64(token)) }
    for _ in 0..<3 { rig.enqueue(token: 100) }
    for _ in 0..<9 { rig.enqueue(token: 200) }
    rig.settle()
    #expect(rig.posthog.seen.map(\.events.count).sorted() == [9, 10])
    #expect(rig.posthog.inFlightMost == 2, "different traces do not wait for each other")
  }

  /// Failures, lost answers, bad events: what arrives of a trace arrives in order.
  @Test(arguments: 0..<100 as Range<UInt64>) func `through any weather`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var weather = SeededRandom(seed: seed ^ 0xfeed)
    var arrived: [String: [Int]] = [:]
    let rig = try Rig(seed: seed) {
      $0.batchEvents = Int.random(in: 1...8, using: &random)
      $0.concurrency = 4
    }
    rig.posthog.answer = { seen in
      let isBad = seen.events.contains { $0.contains("POISON") }
      let luck = Int.random(in: 0..<6, using: &weather)
      if luck == 0 { return .status(503) }
      if isBad { return .status(400) }
      for event in seen.events {
        let parts = event.split(separator: "\"")
        let number = Int(parts[3]) ?? -1
        if arrived[String(parts[1])]?.contains(number) != true { arrived[String(parts[1]), default: []].append(number) }
      }
      return luck == 1 ? .reset : .status(200)
    }
    for trace in 0..<30 {
      for number in 0..<Int.random(in: 1...20, using: &random) {
        let poison = Int.random(in: 0..<20, using: &random) == 0 ? ",\"POISON\":1" : ""
        rig.enqueue(token: UInt64(trace), "{\"\(trace)\":\"\(number)\"\(poison)}")
      }
      rig.run(.milliseconds(Int.random(in: 0...300, using: &random)))
    }
    rig.settle()
    for (trace, numbers) in arrived { #expect(numbers == numbers.sorted(), "seed \(seed), trace \(trace)") }
    #expect(rig.sender.waitingBytes == 0 && rig.sender.counters.inFlight == 0, "seed \(seed)")
  }
}
