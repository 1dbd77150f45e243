import Bytes
import Spool
import Sampling
import Telemetry
import Testing

@testable import Gateway

/// What delivery keeps in memory has a bound, whatever waits.
@Suite struct MemoryTests {
  /// What a trace of one unit costs that has its root.
  private static var rootedCost: Int {
    var index = RequestIndex()
    index.records = [RecordEntry(flags: [.ended], scope: 0, body: Slice(0, 1), span: 1, parent: 0, start: 1)]
    var trace = OpenTrace(arrival: 1)
    let unit = Unit(trace: DecisionLogTests.trace(1), first: 0, count: 1)
    trace.add(unit, index, reference: UnitReference(sequence: 1, unit: 0, unit, index), arrival: 1)
    return trace.cost
  }

  @Test func `with more open traces than fit in memory those due first are judged before their time`() throws {
    let stage = try DeliveryStage(memory: DeliveryMemory(openBytesMax: 3 * Self.rootedCost))
    for number in UInt64(1)...3 {
      stage.send([.init(trace: number, span: number, user: "ada")])
      stage.turn()
    }
    #expect(stage.sink.events.isEmpty, "three fit")
    stage.send([.init(trace: 4, span: 4)])
    stage.turn()
    #expect(stage.sink.spans == [1])
    // What comes for it afterwards is late.
    stage.send([.init(trace: 1, span: 9, parent: 1)])
    stage.turn()
    #expect(stage.sink.spans == [1, 9])
    #expect(stage.sink.identities.allSatisfy { $0.contains("ada") })
    stage.advance(seconds: 7)
    #expect(stage.sink.spans.sorted() == [1, 2, 3, 4, 9])
    stage.sink.acceptAll()
    stage.turn()
    #expect(stage.counts.delivered == 5 && stage.counts.pending == 0 && stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `a request of more traces than fit in memory passes through`() throws {
    let stage = try DeliveryStage(memory: DeliveryMemory(openBytesMax: 0))
    stage.send((1...50).map { .init(trace: $0, span: $0) })
    stage.turn()
    #expect(Set(stage.sink.spans) == Set(1...50))
    stage.close()
  }

  @Test func `with more decided traces than fit in memory the oldest are forgotten`() throws {
    // Of one-letter users; a trace has more than 100 bytes and less than 200.
    let stage = try DeliveryStage(memory: DeliveryMemory(rememberedBytesMax: 2_000))
    for number in UInt64(1)...30 {
      stage.send([.init(trace: number, span: number, user: "a")])
      stage.advance(seconds: 7)
      stage.sink.acceptAll()
      stage.turn()
    }
    stage.send([.init(trace: 30, span: 30, user: "a")])
    stage.advance(seconds: 7)
    #expect(stage.sink.events.isEmpty && stage.counts.duplicate == 1)
    // Forgotten: sent again, which PostHog does not count, for it is the same event.
    stage.send([.init(trace: 1, span: 1, user: "a")])
    stage.advance(seconds: 7)
    #expect(stage.sink.spans == [1])
    stage.close()
  }

  @Test func `a trace is whole though the indexes of its requests were forgotten`() throws {
    let stage = try DeliveryStage()
    let others = IndexCache.recordsMax / 256 + 2
    stage.send([.init(trace: 1, span: 1, name: "agent")])
    for other in 0..<UInt64(others) {
      // Their parents are missing, so they are still held when the first trace is judged.
      stage.send((0..<256).map { .init(trace: 2 + other, span: 1_000 + other * 256 + $0, parent: 9) })
    }
    stage.send([.init(trace: 1, span: 2, parent: 1)])
    stage.turn()
    stage.advance(seconds: 7)
    #expect(stage.sink.spans == [1, 2])
    stage.close()
  }

  @Test func `after a restart a long decision log is read to its end`() throws {
    let stage = try DeliveryStage()
    for number in UInt64(1)...70 {
      stage.send([.init(trace: number, span: number)])
      stage.advance(seconds: 7)
      stage.sink.acceptAll()
      stage.turn()
    }
    let lane = try #require(try stage.spool.lanes().first?.lane)
    #expect(try stage.spool.decisions(lane: lane, from: 0, limit: .max).count > 2 * 64)
    try stage.restart()
    for number in [1, 35, 70] as [UInt64] { stage.send([.init(trace: number, span: number)]) }
    stage.advance(seconds: 7)
    #expect(stage.sink.events.isEmpty && stage.counts.duplicate == 3)
    stage.close()
  }

  @Test func `decision blocks of a backlog go some seconds at a time, until none are left`() {
    let metrics = Metrics { $0 }
    var lane = LaneState(
      lane: LaneID(1), metrics: metrics.lane(key: "phc_test"),
      sampling: LaneSampling(policy: SamplingPolicy(), instance: []))
    for second in UInt64(1)...20 {
      lane.clock = second * 1_000_000_000
      for _ in 0..<3 { _ = lane.newBlock(through: second) }
    }
    lane.cursor = 20
    lane.clock = 1_000_000_000_000
    #expect(lane.forgetBlocks(keep: 1_000_000_000) == 25)
    #expect(lane.forgetBlocks(keep: 1_000_000_000) == 49)
    #expect(lane.forgetBlocks(keep: 1_000_000_000) == 61)
    #expect(lane.forgetBlocks(keep: 1_000_000_000) == nil)
  }

  @Test func `the cache of indexes keeps the newest, and one of any size`() {
    func index(_ records: Int) -> RequestIndex {
      var index = RequestIndex()
      let record = RecordEntry(flags: [], scope: 0, body: Slice(0, 1), span: 1, parent: 0, start: 1)
      index.records = Array(repeating: record, count: records)
      return index
    }
    func key(_ number: Int) -> IndexCache.Key { IndexCache.Key(lane: LaneID(1), sequence: UInt64(number)) }
    var cache = IndexCache()
    let half = IndexCache.recordsMax / 2
    cache.insert(index(half), key(1))
    cache.insert(index(half), key(2))
    #expect(cache[key(1)] != nil && cache[key(2)] != nil)
    cache.insert(index(1), key(3))
    #expect(cache[key(1)] == nil && cache[key(2)] != nil && cache.records == half + 1)
    cache.insert(index(IndexCache.recordsMax + 1), key(4))
    #expect(cache[key(2)] == nil && cache[key(3)] == nil && cache[key(4)]?.records.count == IndexCache.recordsMax + 1)
    cache.insert(index(2), key(5))
    #expect(cache[key(4)] == nil && cache.records == 2)
  }
}
