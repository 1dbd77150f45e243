import Bytes
import Capture
import Glibc
import Logging
import Mapping
import OTLP
import Spool
import Telemetry
import Testing

@testable import Gateway

/// Delivery over the real spool, with a sink and a clock of ours.
@Suite struct DeliveryTests {
  @Test func `a trace waits for its grace, then goes out whole and once`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1)])
    stage.turn()
    #expect(stage.sink.events.isEmpty)
    stage.advance(seconds: 5)
    #expect(stage.sink.events.isEmpty, "the root's grace is not over")
    stage.advance(seconds: 2)
    #expect(stage.sink.names == ["$ai_trace", "$ai_generation"])
    stage.sink.acceptAll()
    stage.turn()
    #expect(stage.counts.delivered == 2 && stage.counts.pending == 0)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `nothing is sent before its decision is on disk`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1)])
    stage.advance(seconds: 7)
    let lane = try #require(try stage.spool.lanes().first?.lane)
    #expect(!stage.sink.events.isEmpty)
    #expect(try stage.spool.decisions(lane: lane, from: 0, limit: .max).count >= 1)
    stage.close()
  }

  @Test func `after a crash the same events go out under the same identity`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, user: "ada"), .init(trace: 1, span: 2, parent: 1)])
    stage.advance(seconds: 7)
    let before = stage.sink.identities
    #expect(before.count == 2)
    // PostHog may or may not have them: the answer is lost with the process.
    try stage.restart()
    stage.turn()
    #expect(stage.sink.identities == before)
    stage.sink.acceptAll()
    stage.turn()
    #expect(stage.spool.status.requests == 0)
    try stage.restart()
    stage.advance(seconds: 700)
    #expect(stage.sink.events.isEmpty, "what was taken is not sent again")
    stage.close()
  }

  @Test func `changed mappings count for the next trace, and what was frozen stays`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, user: "ada"), .init(trace: 1, span: 2, parent: 1)])
    stage.advance(seconds: 7)
    let before = stage.sink.identities
    let names = stage.sink.names
    // From now on users are nobody.
    try stage.change(
      "overlay: common\nconstants: {$ai_framework: changed}\nproperties: {distinct_id: none}\n")
    stage.send([.init(trace: 2, span: 3, user: "ada")])
    stage.advance(seconds: 7)
    let late = try #require(stage.sink.events.first { $0.event.frozen.key.span == 3 })
    #expect(late.json.contains("\"$ai_framework\":\"changed\"") && !late.json.contains("\"distinct_id\":\"ada\""))
    // The answer to the first trace is lost with the process: it goes out as it was frozen, its properties mapped anew.
    try stage.restart()
    stage.turn()
    #expect(Array(stage.sink.identities.prefix(before.count)) == before && names.count == before.count)
    let again = try #require(stage.sink.events.first { $0.event.frozen.key.span == 1 })
    #expect(again.json.contains("\"$ai_framework\":\"changed\"") && again.json.contains("\"distinct_id\":\"ada\""))
    stage.close()
  }

  @Test func `a trace that is done is not sent again while its request waits for another trace`() throws {
    let stage = try DeliveryStage()
    // The second trace misses its parent, so it is held for a minute.
    stage.send([.init(trace: 1, span: 1), .init(trace: 2, span: 5, parent: 4)])
    stage.advance(seconds: 7)
    #expect(stage.sink.events.count == 1)
    stage.sink.acceptAll()
    stage.turn()
    try stage.restart()
    stage.turn()
    stage.advance(seconds: 7)
    #expect(stage.sink.events.isEmpty)
    stage.advance(seconds: 60)
    #expect(stage.sink.spans == [5])
    stage.close()
  }

  @Test func `late spans follow at once, under the trace's user and without a second trace event`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, name: "agent", user: "ada")])
    stage.advance(seconds: 7)
    stage.sink.acceptAll()
    stage.turn()
    stage.send([.init(trace: 1, span: 2, parent: 1), .init(trace: 1, span: 3, parent: 1, name: "agent")])
    stage.turn()
    #expect(stage.sink.names == ["$ai_generation", "$ai_span"])
    #expect(stage.sink.identities.allSatisfy { $0.contains("ada") })
    stage.close()
  }

  @Test func `late spans inherit the session and trace name of the trace's topmost step, after a restart too`() throws {
    let stage = try DeliveryStage()
    // The topmost step speaks for the trace, whatever another one says.
    stage.send([
      .init(trace: 1, span: 1, name: "agent", session: "far", workflow: "w"),
      .init(trace: 1, span: 2, parent: 1, session: "near"),
    ])
    stage.advance(seconds: 7)
    stage.sink.acceptAll()
    stage.turn()
    func expectInherited(_ spans: ClosedRange<UInt64>) throws {
      stage.turn()
      for span in spans {
        let late = try #require(stage.sink.events.first { $0.event.frozen.key.span == span }).json
        let session = span % 3 == 1 ? "own" : "far"
        #expect(late.ranges(of: "\"$ai_session_id\":\"\(session)\"").count == 1, "\(late)")
        #expect(late.ranges(of: "\"$ai_session_id\"").count == 1 && late.contains("\"$ai_trace_name\":\"w\""))
      }
    }
    stage.send([.init(trace: 1, span: 3, parent: 2), .init(trace: 1, span: 4, parent: 2, session: "own")])
    try expectInherited(3...4)
    // The answer is lost with the process.
    try stage.restart()
    try expectInherited(3...4)
    stage.sink.acceptAll()
    stage.turn()
    try stage.restart()
    stage.send([.init(trace: 1, span: 6, parent: 1)])
    try expectInherited(6...6)
    stage.close()
  }

  @Test(arguments: [(0, true), (1, false)])
  func `what late spans inherit is remembered up to its bytes`(_ extra: Int, _ isRemembered: Bool) throws {
    let stage = try DeliveryStage()
    // The member, and two bytes that say its size.
    let around = "\"$ai_session_id\":\"\",".utf8.count + 2
    let session = String(repeating: "s", count: MappingLimits.inheritedBytesMax - around + extra)
    stage.send([.init(trace: 1, span: 1, name: "agent", session: session)])
    stage.advance(seconds: 7)
    stage.sink.acceptAll()
    stage.turn()
    stage.send([.init(trace: 1, span: 2, parent: 1)])
    stage.turn()
    #expect(stage.sink.events.first?.json.contains("\"$ai_session_id\":\"\(session)\"") == isRemembered)
    stage.close()
  }

  @Test func `a span that comes again is a duplicate, waiting or done`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1)])
    stage.send([.init(trace: 1, span: 1)])
    stage.advance(seconds: 7)
    #expect(stage.sink.events.count == 1)
    stage.sink.acceptAll()
    stage.turn()
    stage.send([.init(trace: 1, span: 1)])
    stage.turn()
    #expect(stage.sink.events.isEmpty)
    #expect(stage.counts.duplicate == 2 && stage.counts.delivered == 1 && stage.counts.pending == 0)
    stage.close()
  }

  @Test func `traces without AI become nothing and are counted`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, name: "GET /", isAI: false)])
    stage.advance(seconds: 7)
    #expect(stage.sink.events.isEmpty)
    #expect(stage.counts.noEvent == 1 && stage.counts.pending == 0)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `a call that the provider's SDK tells again from its own trace is one call, whichever came first`() throws
  {
    for secondaryFirst in [true, false] {
      let stage = try DeliveryStage()
      let primary = TestSpan(trace: 1, span: 1, response: "resp")
      let secondary = TestSpan(trace: 2, span: 2, response: "resp", isSecondary: true)
      for span in secondaryFirst ? [secondary, primary] : [primary, secondary] { stage.send([span]) }
      stage.advance(seconds: 30)
      #expect(stage.sink.names.sorted() == ["$ai_generation", "$ai_span"])
      let step = try #require(stage.sink.events.first { $0.event.name == .span })
      #expect(step.event.frozen.key.span == 2 && step.json.contains("\"$ai_duplicate_of\":\"0000000000000001\""))
      stage.sink.acceptAll()
      stage.turn()
      #expect(stage.counts.delivered == 2 && stage.counts.pending == 0)
      stage.close()
    }
  }

  @Test func `a provider's SDK alone waits one hold for another account, then its call is the call`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 2, span: 2, response: "resp", isSecondary: true)])
    stage.advance(seconds: 7)
    #expect(stage.sink.events.isEmpty, "it waits once more")
    stage.advance(seconds: 11)
    #expect(stage.sink.names == ["$ai_generation"])
    stage.send([.init(trace: 1, span: 1, response: "resp")])
    stage.advance(seconds: 30)
    #expect(stage.sink.names == ["$ai_generation", "$ai_span"], "too late: the call was told")
    stage.close()
  }

  @Test func `a lane that is blocked brings no more, one that fails one trace, one that works goes on`() throws {
    for (state, expected) in [
      (Capture.LaneState.blocked(status: 401, reason: ""), 0), (.retrying(status: 503, reason: ""), 1), (.open, 5),
    ] {
      let stage = try DeliveryStage()
      for trace in UInt64(1)...5 { stage.send([.init(trace: trace, span: trace)]) }
      let lane = try #require(try stage.spool.lanes().first?.lane)
      stage.sink.states[lane] = state
      stage.advance(seconds: 20)
      #expect(stage.sink.events.count == expected)
      stage.sink.states[lane] = nil
      stage.advance(seconds: 1)
      #expect(stage.sink.events.count == 5)
      stage.close()
    }
  }

  @Test func `a lane holds little until PostHog has taken something, then more, and never all that there is`() throws {
    let stage = try DeliveryStage()
    let user = String(repeating: "x", count: 20_000)
    for trace in UInt64(1)...200 { stage.send([.init(trace: trace, span: trace, user: user)]) }
    var most = 0
    var rounds = 0
    while stage.sink.events.count != 0 || rounds == 0 {
      stage.advance(seconds: 20)
      let bytes = stage.sink.events.reduce(0) { $0 + $1.json.utf8.count }
      if rounds == 0 { #expect((1...DeliveryLimits.laneBytesMin * 2).contains(bytes), "\(bytes)") }
      most = max(most, bytes)
      stage.sink.acceptAll()
      stage.turn()
      rounds += 1
    }
    #expect(most > DeliveryLimits.laneBytesMin * 4 && most <= DeliveryLimits.outstandingBytesMax)
    #expect(rounds < 12 && stage.counts.pending == 0 && stage.counts.delivered == 200)
    stage.close()
  }

  @Test func `an event that is refused for good becomes a dead letter, the rest is delivered`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1)])
    stage.advance(seconds: 7)
    stage.sink.refuse(first: 1)
    stage.sink.acceptAll()
    stage.turn()
    stage.turn()
    let lane = try #require(try stage.spool.lanes().first?.lane)
    #expect(try stage.spool.deadLetters(lane: lane, limit: 10).map(\.letter.status) == [400])
    #expect(stage.counts.deadLettered == 1 && stage.counts.delivered == 1 && stage.counts.pending == 0)
    stage.close()
  }

  /// Random traffic with crashes at random moments: in the end every span is at the sink, under one identity, and the
  /// accounting identity holds.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `whatever happens, every span arrives once in effect`(seed: UInt64) throws {
    let stage = try DeliveryStage()
    var random = Seeded(seed)
    var sent = Set<UInt64>()
    var arrived: [UInt64: Set<String>] = [:]
    func collect() {
      for (span, identity) in zip(stage.sink.spans, stage.sink.identities) {
        arrived[span, default: []].insert(identity)
      }
    }
    for step in 0..<60 {
      switch random.below(6) {
      case 0, 1, 2:
        let spans = (0...random.below(5)).map { _ in
          let trace = UInt64(random.below(8) + 1)
          let number = trace * 1_000 + UInt64(random.below(20) + 1)
          return TestSpan(trace: trace, span: number, parent: random.below(3) == 0 ? nil : trace * 1_000 + 1)
        }
        stage.send(spans)
        sent.formUnion(spans.map(\.span))
      case 3: stage.advance(seconds: UInt64(random.below(20)))
      case 4:
        collect()
        if random.below(2) == 0 { stage.sink.acceptAll() }
        stage.turn()
      default:
        collect()
        if step % 3 == 0 { try stage.restart() }
      }
    }
    for _ in 0..<20 {
      stage.advance(seconds: 100)
      collect()
      stage.sink.acceptAll()
      stage.turn()
    }
    #expect(Set(arrived.keys) == sent, "seed \(seed)")
    for (span, identities) in arrived { #expect(identities.count == 1, "seed \(seed), span \(span): \(identities)") }
    #expect(stage.spool.status.requests == 0, "seed \(seed)")
    let counts = stage.counts
    #expect(counts.pending == 0, "seed \(seed): \(counts)")
    #expect(counts.arrived == counts.delivered + counts.noEvent + counts.duplicate, "seed \(seed): \(counts)")
    stage.close()
  }
}
