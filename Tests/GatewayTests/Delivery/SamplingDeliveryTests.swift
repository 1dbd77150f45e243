import Foundation
import Sampling
import Telemetry
import Testing

@testable import Gateway

/// Sampling in delivery: what is left out is left out once, summed once, and an error still brings it out.
@Suite struct SamplingDeliveryTests {
  /// Nothing but errors.
  static var errorsOnly: SamplingSettings {
    var rates = SamplingRates()
    rates.global = 0
    return SamplingSettings(policy: SamplingPolicy(version: 7, target: .rates(rates)))
  }

  /// Half of the traces: those whose random bits are in the upper half.
  static var half: SamplingSettings {
    var rates = SamplingRates()
    rates.global = 0.5
    return SamplingSettings(policy: SamplingPolicy(version: 7, target: .rates(rates)))
  }
  static let kept: UInt64 = 0xf0_0000_0000_0000

  /// The sum of a number over all roll-ups that wait at the sink.
  static func sum(_ name: String, _ sink: TestSink) throws -> Int {
    try sink.sideEvents.reduce(0) { sum, sent in
      let object = try JSONSerialization.jsonObject(with: Data(sent.event.json)) as? [String: Any]
      let properties = try #require(object?["properties"] as? [String: Any])
      #expect(object?["event"] as? String == "hoglet_rollup")
      return sum + (properties[name] as? Int ?? 0)
    }
  }

  @Test func `a trace that is left out is counted, kept for late errors, and summed`() throws {
    let stage = try DeliveryStage(sampling: Self.errorsOnly)
    stage.send([.init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1, inputTokens: 40)])
    stage.advance(seconds: 7)
    #expect(stage.sink.events.isEmpty)
    #expect(stage.counts.sampledOut == 2 && stage.counts.pending == 0)
    #expect(stage.spool.status.requests == 1, "an error may come")
    stage.advance(seconds: 601)
    #expect(stage.spool.status.requests == 0)
    stage.advance(seconds: 3_600)
    #expect(try Self.sum("events", stage.sink) == 2)
    #expect(try Self.sum("units", stage.sink) == 1)
    #expect(try Self.sum("input_tokens", stage.sink) == 40)
    stage.sink.acceptSideEvents()
    stage.advance(seconds: 3_600)
    #expect(stage.sink.sideEvents.isEmpty, "a sum is sent once")
    stage.close()
  }

  @Test func `an error is kept and says why`() throws {
    let stage = try DeliveryStage(sampling: Self.errorsOnly)
    stage.send([.init(trace: 1, span: 1, isError: true)])
    stage.advance(seconds: 7)
    let json = try #require(stage.sink.events.first?.json)
    #expect(
      json.contains(
        #""$sample_weight":1,"$sample_rate":1,"$sample_reason":"error","$sample_policy":"7","#), "\(json)")
    stage.close()
  }

  @Test func `without a policy events say nothing of sampling, but what was sampled before has its weight`() throws {
    let stage = try DeliveryStage()
    stage.send([.init(trace: 1, span: 1)])
    stage.send([.init(trace: 2, span: 2, traceState: "ot=th:c")])
    stage.advance(seconds: 7)
    #expect(!stage.sink.events[0].json.contains("$sample"))
    #expect(stage.sink.events[1].json.contains(#""$sample_weight":4,"$sample_rate":0.25"#), "\(stage.sink.events[1])")
    stage.close()
  }

  @Test func `a kept trace tells its weight, also what comes late`() throws {
    let stage = try DeliveryStage(sampling: Self.half)
    stage.send([.init(trace: Self.kept, span: 1, name: "agent")])
    stage.send([.init(trace: 1, span: 9, name: "agent")])
    stage.advance(seconds: 7)
    #expect(stage.sink.spans == [1])
    stage.send([.init(trace: Self.kept, span: 2, parent: 1), .init(trace: 1, span: 10, parent: 9)])
    stage.turn()
    #expect(stage.sink.spans == [1, 2])
    for event in stage.sink.events {
      #expect(event.json.contains(#""$sample_weight":2,"$sample_rate":0.5,"$sample_reason":"policy""#))
    }
    #expect(stage.counts.sampledOut == 2)
    stage.close()
  }

  @Test(arguments: [false, true])
  func `an error that comes late brings the whole trace out`(afterCrash: Bool) throws {
    let stage = try DeliveryStage(sampling: Self.errorsOnly)
    stage.send([.init(trace: 1, span: 1, name: "agent", user: "ada"), .init(trace: 1, span: 2, parent: 1)])
    stage.advance(seconds: 7)
    if afterCrash {
      try stage.restart()
      stage.turn()
      #expect(stage.sink.events.isEmpty)
    }
    stage.send([.init(trace: 1, span: 3, parent: 1, isError: true)])
    stage.turn()
    #expect(stage.sink.names == ["$ai_trace", "$ai_generation", "$ai_generation"])
    #expect(stage.sink.events.allSatisfy { $0.json.contains(#""$sample_reason":"late_error""#) })
    let identities = stage.sink.identities
    // What was frozen anew is whole after another crash too.
    try stage.restart()
    stage.turn()
    #expect(stage.sink.identities == identities)
    stage.sink.acceptAll()
    stage.advance(seconds: 7_200)
    #expect(stage.spool.status.requests == 0)
    #expect(try Self.sum("events", stage.sink) == 0 && Self.sum("units", stage.sink) == 0)
    #expect(stage.counts.pending == 0)
    stage.close()
  }

  @Test func `after the wait an error of a trace that was left out goes out alone`() throws {
    let stage = try DeliveryStage(sampling: Self.errorsOnly)
    stage.send([.init(trace: 1, span: 1, name: "agent")])
    stage.advance(seconds: 7)
    stage.advance(seconds: 601)
    stage.send([.init(trace: 1, span: 2, parent: 1, isError: true), .init(trace: 1, span: 3, parent: 1)])
    stage.turn()
    #expect(stage.sink.spans == [2, 3])
    stage.close()
  }

  @Test func `whenever the process dies, sums and events are what came, and repeated spans count once`() throws {
    // A crash after each step; the requests come again, as from a client that saw no answer.
    for crash in 0..<6 {
      let stage = try DeliveryStage(sampling: Self.half)
      var step = 0
      func mayCrash() throws {
        if step == crash { try stage.restart() }
        step += 1
      }
      let spans: [TestSpan] = [
        .init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1, inputTokens: 5),
        .init(trace: Self.kept, span: 3, inputTokens: 7),
      ]
      stage.send(spans)
      try mayCrash()
      stage.advance(seconds: 7)
      try mayCrash()
      stage.send(spans)
      stage.turn()
      try mayCrash()
      var sent = Set(stage.sink.identities)
      stage.sink.acceptAll()
      stage.turn()
      try mayCrash()
      stage.advance(seconds: 700)
      sent.formUnion(stage.sink.identities)
      stage.sink.acceptAll()
      try mayCrash()
      stage.advance(seconds: 3_600)
      let sums = stage.sink.sideEvents.map(\.event)
      try mayCrash()
      stage.advance(seconds: 60)
      #expect(stage.sink.sideEvents.map(\.event) == sums, "the same roll-ups, whoever sends them (crash \(crash))")
      #expect(sent.count == 1, "crash \(crash)")
      #expect(try Self.sum("events", stage.sink) == 2, "crash \(crash)")
      #expect(try Self.sum("input_tokens", stage.sink) == 5, "crash \(crash)")
      stage.sink.acceptSideEvents()
      stage.advance(seconds: 60)
      #expect(stage.spool.status.requests == 0 && stage.counts.pending == 0, "crash \(crash)")
      stage.close()
    }
  }

  @Test(arguments: [nil, 0.0, 1.0])
  func `what was decided is forgotten in time, whatever the policy`(rate: Double?) throws {
    var settings = SamplingSettings()
    if let rate {
      var rates = SamplingRates()
      rates.global = rate
      settings.policy = SamplingPolicy(version: 1, target: .rates(rates))
    }
    let stage = try DeliveryStage(sampling: settings)
    for number in UInt64(1)...30 {
      stage.send([.init(trace: number, span: number)])
      stage.advance(seconds: 120)
      stage.sink.acceptAll()
      stage.sink.acceptSideEvents()
      stage.turn()
    }
    // Ten minutes late errors are waited for, ten more late spans; some seconds belong together.
    for _ in 0..<20 { stage.advance(seconds: 120) }
    let lane = try #require(try stage.spool.lanes().first?.lane)
    let blocks = try stage.spool.decisions(lane: lane, from: 0, limit: .max).count
    #expect(blocks < 20, "\(blocks) blocks of an hour ago and more")
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test(arguments: [false, true])
  func `a restored trace takes back every part, and each record is accounted for`(crashes: Bool) throws {
    let stage = try DeliveryStage(sampling: Self.errorsOnly)
    stage.send([.init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1, isAI: false)])
    stage.advance(seconds: 7)
    stage.send([.init(trace: 1, span: 3, parent: 1)])
    stage.turn()
    stage.send([.init(trace: 1, span: 4, parent: 1, isError: true)])
    stage.turn()
    #expect(stage.sink.spans == [1, 3, 4])
    if crashes {
      try stage.restart()
      stage.turn()
      #expect(stage.sink.spans == [1, 3, 4])
    }
    stage.sink.acceptAll()
    stage.advance(seconds: 700)
    stage.advance(seconds: 3_600)
    #expect(try Self.sum("events", stage.sink) == 0)
    let counts = stage.counts
    #expect(
      counts.arrived == counts.delivered + counts.noEvent + counts.sampledOut + counts.duplicate, "\(counts)")
    #expect(counts.pending == 0 && stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `an error that only a log record tells keeps the trace, also when it comes late`() throws {
    let stage = try DeliveryStage(sampling: Self.errorsOnly, logs: .posthog)
    stage.send([.init(trace: 1, span: 1)])
    stage.send(lines: [.init(text: "broken", severity: 17, trace: 1), .init(text: "fine", trace: 1)])
    stage.send([.init(trace: 2, span: 2)])
    stage.send(lines: [.init(text: "fine", trace: 2)])
    stage.advance(seconds: 20)
    #expect(stage.sink.spans == [1])
    #expect(stage.counts(.logs).sampledOut == 1, "with its trace")
    stage.send(lines: [.init(text: "broken later", severity: 17, trace: 2)])
    stage.turn()
    #expect(stage.sink.spans == [1, 2])
    #expect(try stage.sink.logRecords.logs.count == 4)
    stage.close()
  }

  @Test func `another policy changes nothing of what was decided`() throws {
    let stage = try DeliveryStage(sampling: Self.half)
    stage.send([.init(trace: 1, span: 1, name: "agent")])
    stage.send([.init(trace: Self.kept, span: 5, name: "agent")])
    stage.advance(seconds: 7)
    stage.adopt(SamplingPolicy(version: 8, target: .everything))
    stage.send([.init(trace: 1, span: 2, parent: 1), .init(trace: Self.kept, span: 6, parent: 5)])
    stage.turn()
    #expect(stage.sink.spans == [5, 6])
    #expect(stage.sink.events[1].json.contains(#""$sample_weight":2,"#))
    stage.send([.init(trace: 1, span: 3, parent: 1, isError: true)])
    stage.turn()
    #expect(stage.sink.spans == [5, 6, 1, 2, 3])
    stage.close()
  }

  @Test func `a dead letter of a sampled trace keeps its weight, and tells nothing twice`() throws {
    var budget = SamplingBudget(eventsPerMinute: 1_000)
    budget.guards.wholeErrorsPerMinute = 0
    let stage = try DeliveryStage(
      sampling: SamplingSettings(policy: SamplingPolicy(version: 2, target: .budget(budget))))
    stage.send([
      .init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1, isError: true),
      .init(trace: 1, span: 3, parent: 1),
    ])
    stage.advance(seconds: 7)
    #expect(stage.sink.spans == [1, 2], "essentials")
    stage.sink.refuse(first: 2)
    stage.turn()
    try stage.retryLetters()
    stage.turn()
    #expect(stage.sink.events.count == 2)
    #expect(stage.sink.events.allSatisfy { $0.json.contains(#""$sample_reason":"error""#) })
    stage.sink.acceptAll()
    stage.advance(seconds: 3_600)
    #expect(try Self.sum("events", stage.sink) == 1)
    stage.close()
  }

  @Test func `a kind that was never seen is told once, with its name, and what is learnt survives a restart`() throws {
    var settings = SamplingSettings()
    settings.isWatching = true
    let stage = try DeliveryStage(sampling: settings)
    // An hour of the usual.
    for number in UInt64(1)...63 {
      stage.send([.init(trace: number, span: number, name: "chat 17")])
      stage.advance(seconds: 60)
      stage.sink.acceptAll()
    }
    stage.advance(seconds: 60)
    #expect(stage.sink.sideEvents.isEmpty)
    try stage.restart()
    stage.send([.init(trace: 100, span: 100, name: "chat 99"), .init(trace: 101, span: 101, name: "summarise")])
    stage.advance(seconds: 130)
    let events = stage.sink.sideEvents.map { String(decoding: $0.event.json, as: UTF8.self) }
    let event = try #require(events.first)
    #expect(events.count == 1, "\(events)")
    #expect(event.contains(#""event":"hoglet_anomaly""#) && event.contains(#""kind":"new_pattern""#))
    #expect(event.contains(#""template":"summarise"#), "\(event)")
    stage.sink.acceptSideEvents()
    stage.advance(seconds: 60)
    #expect(stage.sink.sideEvents.isEmpty)
    stage.close()
  }

  @Test func `a late part without anything essential is summed, and holds nothing up`() throws {
    var budget = SamplingBudget(eventsPerMinute: 1_000)
    budget.guards.wholeErrorsPerMinute = 0
    let stage = try DeliveryStage(
      sampling: SamplingSettings(policy: SamplingPolicy(version: 2, target: .budget(budget))))
    stage.send([
      .init(trace: 1, span: 1, name: "agent"), .init(trace: 1, span: 2, parent: 1, isError: true),
      .init(trace: 1, span: 4, parent: 1),
    ])
    stage.advance(seconds: 7)
    #expect(stage.sink.spans == [1, 2])
    stage.sink.acceptAll()
    stage.send([.init(trace: 1, span: 3, parent: 1)])
    stage.turn()
    #expect(stage.sink.events.isEmpty && stage.counts.sampledOut == 2)
    stage.advance(seconds: 5)
    #expect(stage.spool.status.requests == 0 && stage.counts.pending == 0)
    stage.advance(seconds: 3_600)
    #expect(try Self.sum("events", stage.sink) == 2)
    stage.close()
  }

  // MARK: Under a budget

  /// Ten events a minute.
  static var tight: SamplingSettings {
    var budget = SamplingBudget(eventsPerMinute: 10)
    budget.guards.firstSightings = 0
    return SamplingSettings(policy: SamplingPolicy(version: 9, target: .budget(budget)))
  }

  /// Trace ids whose random bits are spread evenly.
  static func trace(_ number: Int, of count: Int) -> UInt64 {
    UInt64(number * 2 + 1) * (SamplingThreshold.end / UInt64(count * 2))
  }

  @Test(arguments: [nil, 0, 1, 2, 3] as [Int?])
  func `under a budget traces wait, few go out, and all are accounted for`(crash: Int?) throws {
    let stage = try DeliveryStage(sampling: Self.tight)
    let count = 120
    for number in 0..<count {
      stage.send([.init(trace: Self.trace(number, of: count), span: UInt64(number + 1), inputTokens: 10)])
    }
    var step = 0
    func mayCrash() throws {
      if step == crash { try stage.restart() }
      step += 1
    }
    stage.advance(seconds: 8)
    #expect(stage.sink.events.isEmpty, "the minute is open")
    try mayCrash()
    stage.advance(seconds: 30)
    try mayCrash()
    stage.advance(seconds: 90)
    var sent = Set(stage.sink.identities)
    #expect(sent.count > 0 && sent.count < 40, "\(sent.count) of \(count) for ten a minute")
    let weights = try stage.sink.events.map { sent in
      let after = try #require(sent.json.firstRange(of: "\"$sample_weight\":")?.upperBound)
      return try #require(Double(sent.json[after...].prefix { $0 != "," }))
    }
    // After a crash within the minute the few that had waited are judged anew; what the others stood for is made up later.
    #expect(
      crash == 1 || abs(weights.reduce(0, +) - Double(count)) < Double(count) / 3, "weights stand for all: \(weights)")
    try mayCrash()
    stage.advance(seconds: 120)
    sent.formUnion(stage.sink.identities)
    stage.sink.acceptAll()
    stage.turn()
    try mayCrash()
    stage.advance(seconds: 700)
    stage.advance(seconds: 3_600)
    let summed = try Self.sum("events", stage.sink)
    #expect(summed + sent.count == count, "\(summed) + \(sent.count)")
    #expect(try Self.sum("input_tokens", stage.sink) == 10 * (count - sent.count))
    #expect(stage.counts.pending == 0 && stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `what comes while a trace waits belongs to it, and an error lets it out`() throws {
    let stage = try DeliveryStage(sampling: Self.tight)
    // So many that the second one alone would be dropped: its random bits are the lowest.
    for number in 0..<100 {
      stage.send([.init(trace: Self.trace(number, of: 100), span: UInt64(number * 10 + 1), name: "agent")])
    }
    stage.advance(seconds: 8)
    let low = Self.trace(0, of: 100)
    stage.send([.init(trace: low, span: 2, parent: 1, isError: true)])
    stage.advance(seconds: 120)
    let spans = stage.sink.spans
    #expect(spans.contains(1) && spans.contains(2), "\(spans)")
    stage.close()
  }
}
