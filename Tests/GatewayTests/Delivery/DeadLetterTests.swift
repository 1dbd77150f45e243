import Bytes
import OTLP
import Spool
import Telemetry
import Testing

@testable import Gateway

/// From an event that PostHog refuses to the same event, taken after all.
@Suite struct DeadLetterTests {
  private func stageWithLetter() throws -> (DeliveryStage, identity: String) {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1, name: "agent", user: "ada"), .init(trace: 1, span: 2, parent: 1)])
    stage.advance(seconds: 7)
    let identity = try #require(stage.sink.identities.first)
    stage.sink.refuse(first: 1)
    stage.sink.acceptAll()
    stage.turn()
    return (stage, identity)
  }

  @Test func `a letter keeps what PostHog said and the spans as they came, and leaves nothing else behind`() throws {
    let (stage, _) = try stageWithLetter()
    let letter = try #require(try stage.letters().first)
    #expect(letter.status == 400 && letter.reason == "refused")
    #expect(String(decoding: letter.event, as: UTF8.self).contains("$ai_trace"))
    let source = try #require(letter.source)
    let batch = try BatchDecoder.decode(request: Array(source.traces), signal: .traces)
    #expect(batch.spans.map(\.id.value) == [1, 2] && source.logs.isEmpty)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test(arguments: [false, true])
  func `a letter that is tried again goes out alone, under the same identity, whether or not a crash comes between`(
    crashes: Bool
  ) throws {
    let (stage, identity) = try stageWithLetter()
    try stage.retryLetters()
    if crashes { try stage.restart() }
    stage.turn()
    #expect(stage.sink.identities == [identity])
    if crashes {
      // The answer is lost with the process.
      try stage.restart()
      stage.turn()
      #expect(stage.sink.identities == [identity])
    }
    stage.sink.acceptAll()
    stage.turn()
    #expect(try stage.letters().isEmpty && stage.spool.status.requests == 0)
    let counts = stage.counts
    #expect(counts.pending == 0)
    #expect(counts.arrived == counts.delivered + counts.deadLettered + counts.noEvent + counts.duplicate)
    try stage.restart()
    stage.advance(seconds: 700)
    #expect(stage.sink.events.isEmpty, "what was taken is not sent again")
    stage.close()
  }

  @Test func `mappings that were edited count for a letter, its name, time and user do not change`() throws {
    let (stage, identity) = try stageWithLetter()
    try stage.change("overlay: common\nconstants: {$ai_framework: changed}\nproperties: {distinct_id: none}\n")
    try stage.retryLetters()
    stage.turn()
    #expect(stage.sink.identities == [identity])
    #expect(stage.sink.events.first?.json.contains("\"$ai_framework\":\"changed\"") == true)
    stage.close()
  }

  @Test func `a letter that is refused again is a letter again`() throws {
    let (stage, identity) = try stageWithLetter()
    for _ in 0..<3 {
      try stage.retryLetters()
      stage.turn()
      #expect(stage.sink.identities == [identity])
      stage.sink.refuse(first: 1)
      stage.turn()
      #expect(try stage.letters().count == 1)
    }
    #expect(stage.counts.pending == 0 && stage.counts.deadLettered == 4)
    stage.close()
  }

  @Test func `when very many die at once, letters beyond a few megabytes keep no more than they need`() throws {
    let stage = try DeliveryStage()
    let user = String(repeating: "x", count: 3_000)
    // One trace of 120 kB below the limit, of which every event dies.
    stage.send((1...40).map { .init(trace: 1, span: $0, parent: $0 == 1 ? nil : 1, user: user) })
    stage.advance(seconds: 7)
    #expect(stage.sink.events.count == 40)
    stage.sink.refuse(first: 40)
    stage.turn()
    let sizes = try stage.letters().compactMap(\.source?.body.count)
    #expect(sizes.count == 40 && sizes.reduce(0, +) < Delivery.letterTurnBytesMax + 40 * 2 * 3_500)
    #expect(sizes.contains { $0 > 100_000 } && sizes.contains { $0 < 10_000 })
    stage.close()
  }

  @Test func `of a large trace a letter keeps the span and its ancestors`() throws {
    let stage = try DeliveryStage()
    let filler = String(repeating: "x", count: Delivery.letterTraceBytesMax)
    stage.send([
      .init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1),
      .init(trace: 1, span: 3, parent: 1, user: filler), .init(trace: 1, span: 4, parent: 2),
    ])
    stage.advance(seconds: 7)
    let identities = stage.sink.identities
    #expect(stage.sink.spans == [1, 2, 3, 4])
    stage.sink.acceptFirst(3)
    stage.sink.refuse(first: 1)
    stage.turn()
    let source = try #require(try stage.letters().first?.source)
    #expect(try BatchDecoder.decode(request: Array(source.traces), signal: .traces).spans.map(\.id.value) == [1, 2, 4])
    try stage.retryLetters()
    stage.turn()
    #expect(stage.sink.identities == [identities[3]])
    stage.close()
  }
}
