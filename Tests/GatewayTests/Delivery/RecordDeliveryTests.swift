import Bytes
import Mapping
import Telemetry
import Testing

@testable import Gateway

/// Log records that name no trace, over the real spool.
@Suite struct RecordDeliveryTests {
  @Test func `a session's records are one trace: held first, at once from then on, and the same after a crash`() throws
  {
    let stage = try DeliveryStage()
    stage.send(records: [.init(time: 1, session: "s", request: "r1"), .init(time: 2, session: "other", request: "r2")])
    stage.send(records: [
      .init(time: 3, session: "s", request: "r3"), .init(time: 4, name: "user_prompt", session: "s"),
    ])
    stage.advance(seconds: 8)
    #expect(stage.sink.events.isEmpty, "more of the session may come")
    stage.advance(seconds: 20)
    #expect(stage.sink.names == ["$ai_generation", "$ai_generation", "$ai_generation"])
    let before = stage.sink.identities
    try stage.restart()
    stage.advance(seconds: 40)
    #expect(stage.sink.identities.sorted() == before.sorted())
    #expect(
      Set(stage.sink.events.map { $0.json.suffix(from: $0.json.firstRange(of: "$ai_trace_id")!.upperBound).prefix(36) })
        .count == 2)
    stage.sink.acceptAll()
    stage.turn()
    stage.send(records: [.init(time: 9, session: "s", request: "r9")])
    stage.turn()
    #expect(stage.sink.names == ["$ai_generation"])
    stage.sink.acceptAll()
    stage.turn()
    let logs = stage.counts(.logs)
    #expect(logs.consumed == 4 && logs.noEvent == 1 && logs.arrived == 5 && logs.pending == 0, "\(logs)")
    let spans = stage.counts
    #expect(spans.delivered == 0 && spans.arrived == 0 && spans.pending == 0, "\(spans)")
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `a record that comes again makes no second event`() throws {
    let stage = try DeliveryStage()
    let record = TestRecord(time: 1, session: "s", request: "r1")
    stage.send(records: [record, record])
    stage.advance(seconds: 30)
    #expect(stage.sink.names == ["$ai_generation"])
    stage.sink.acceptAll()
    stage.turn()
    stage.send(records: [record])
    stage.advance(seconds: 30)
    #expect(stage.sink.events.isEmpty)
    let logs = stage.counts(.logs)
    #expect(logs.consumed == 3 && logs.pending == 0 && stage.counts.pending == 0, "\(logs)")
    stage.close()
  }

  @Test func `a record without a session is a trace of its own`() throws {
    let stage = try DeliveryStage()
    stage.send(records: [.init(time: 1, request: "r1"), .init(time: 1, request: "r2")])
    stage.advance(seconds: 30)
    #expect(stage.sink.names == ["$ai_generation", "$ai_generation"])
    #expect(Set(stage.sink.identities).count == 2)
    stage.close()
  }

  @Test func `the event of a record that is refused for good is accounted for once`() throws {
    let stage = try DeliveryStage()
    stage.send(records: [.init(time: 1, session: "s", request: "r1"), .init(time: 2, session: "s", request: "r2")])
    stage.advance(seconds: 30)
    stage.sink.refuse(first: 1)
    stage.sink.acceptAll()
    stage.turn()
    stage.turn()
    let (logs, spans) = (stage.counts(.logs), stage.counts)
    #expect(logs.consumed == 2 && logs.pending == 0 && spans.pending == 0, "\(logs) \(spans)")
    stage.close()
  }
}
