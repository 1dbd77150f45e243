import Bytes
import Foundation
import Sampling
import Telemetry
import Testing

@testable import Gateway

/// Log records on their way: forwarded as they came, sampled one by one or with their trace, settled once.
@Suite struct LogDeliveryTests {
  static func texts(_ batch: Batch) -> [String] {
    batch.logs.map { log in
      guard case .string(let text) = log.body else { return "?" }
      return batch.arena.span.string(text)
    }
  }

  /// A string attribute of a log record.
  static func attribute(_ name: String, of log: Int, _ batch: Batch) -> Value? {
    batch.logs[log].attributes.lazy.map { batch.attributes[Int($0)] }
      .first { batch.arena.span.string($0.key) == name }?.value
  }

  @Test func `records without a trace go out at once, with their resource and scope, and are settled`() throws {
    let stage = try DeliveryStage(logs: .posthog)
    stage.send(lines: [.init(text: "one"), .init(text: "two")])
    stage.turn()
    let batch = try stage.sink.logRecords
    #expect(Self.texts(batch) == ["one", "two"])
    #expect(batch.arena.span.string(batch.scopes[0].name) == "app")
    #expect(batch.logs[0].attributes.isEmpty, "nothing is sampled")
    #expect(stage.counts(.logs).pending == 2)
    stage.sink.acceptLogs()
    stage.turn()
    #expect(stage.counts(.logs).delivered == 2 && stage.counts(.logs).pending == 0)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `without forwarding they are no event`() throws {
    let stage = try DeliveryStage()
    stage.send(lines: [.init(text: "one"), .init(text: "two", trace: 5)])
    stage.advance(seconds: 20)
    #expect(stage.sink.logs.isEmpty && stage.counts(.logs).noEvent == 2)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `a trace's records go with its events and name its user`() throws {
    let stage = try DeliveryStage(logs: .posthog)
    stage.send([.init(trace: 1, span: 1, user: "ada")])
    stage.send(lines: [.init(text: "inside", trace: 1), .init(text: "elsewhere", trace: 2)])
    stage.advance(seconds: 20)
    let batch = try stage.sink.logRecords
    #expect(Set(Self.texts(batch)) == ["inside", "elsewhere"])
    let inside = try #require(Self.texts(batch).firstIndex(of: "inside"))
    guard case .string(let user)? = Self.attribute("posthogDistinctId", of: inside, batch) else {
      Issue.record("nobody is named")
      return
    }
    #expect(batch.arena.span.string(user) == "ada")
    stage.sink.acceptAll()
    stage.sink.acceptLogs()
    stage.turn()
    #expect(stage.counts(.logs).delivered == 2 && stage.counts(.logs).pending == 0)
    #expect(stage.counts.delivered == 1 && stage.counts.pending == 0)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `severity decides, errors always go out, and what is left out is summed`() throws {
    var rates = SamplingRates()
    rates.global = 0
    rates.severities = [.warn: 1]
    let sampling = SamplingSettings(policy: SamplingPolicy(version: 3, target: .rates(rates)))
    let stage = try DeliveryStage(sampling: sampling, logs: .posthog)
    stage.send(lines: [
      .init(text: "debug", severity: 5), .init(text: "warning", severity: 13), .init(text: "error", severity: 17),
      .init(text: "info", trace: 9),
    ])
    stage.advance(seconds: 20)
    let batch = try stage.sink.logRecords
    #expect(Self.texts(batch) == ["warning", "error"])
    #expect(Self.attribute("$sample_weight", of: 0, batch) == .double(1))
    #expect(stage.counts(.logs).sampledOut == 1, "of the free ones; the others are not settled")
    stage.sink.acceptLogs()
    stage.turn()
    #expect(stage.counts(.logs).sampledOut == 2 && stage.counts(.logs).delivered == 2)
    #expect(stage.spool.status.requests == 0)
    stage.advance(seconds: 3_600)
    #expect(try SamplingDeliveryTests.sum("events", stage.sink) == 2)
    #expect(stage.sink.sideEvents.contains { String(decoding: $0.event.json, as: UTF8.self).contains("severity") })
    stage.close()
  }

  @Test func `after a crash what was decided is forwarded again, and summed once`() throws {
    var rates = SamplingRates()
    rates.global = 0.5
    let sampling = SamplingSettings(policy: SamplingPolicy(version: 3, target: .rates(rates)))
    let stage = try DeliveryStage(sampling: sampling, logs: .posthog)
    stage.send(lines: (0..<200).map { .init(text: "line \($0)") })
    stage.turn()
    let texts = Self.texts(try stage.sink.logRecords)
    #expect(texts.count > 60 && texts.count < 140)
    // The next process would decide otherwise.
    stage.sampling = SamplingSettings()
    try stage.restart()
    stage.turn()
    #expect(try Self.texts(stage.sink.logRecords) == texts)
    stage.sink.acceptLogs()
    stage.turn()
    #expect(stage.counts(.logs).delivered == texts.count && stage.counts(.logs).sampledOut == 200 - texts.count)
    try stage.restart()
    stage.advance(seconds: 3_600)
    #expect(try SamplingDeliveryTests.sum("events", stage.sink) == 200 - texts.count)
    #expect(stage.sink.logs.isEmpty && stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `refused records become dead letters, unwanted ones no event`() throws {
    let stage = try DeliveryStage(logs: .posthog)
    stage.send(lines: [.init(text: "one"), .init(text: "two")])
    stage.turn()
    stage.sink.refuseLogs()
    stage.turn()
    #expect(stage.counts(.logs).deadLettered == 2)
    let letter = try #require(try stage.letters().first)
    #expect(letter.event.isEmpty && letter.requests.map(\.signal) == [.logs])
    try stage.retryLetters()
    stage.turn()
    #expect(try Self.texts(stage.sink.logRecords) == ["one", "two"])
    stage.sink.acceptLogs()
    stage.turn()
    #expect(stage.counts(.logs).delivered == 2 && stage.counts(.logs).pending == 0)
    #expect(try stage.letters().isEmpty && stage.spool.status.requests == 0)
    stage.send(lines: [.init(text: "three")])
    stage.turn()
    stage.sink.wantNoLogs()
    stage.turn()
    #expect(stage.counts(.logs).noEvent == 1 && stage.counts(.logs).pending == 0)
    #expect(stage.spool.status.requests == 0)
    stage.close()
  }

  @Test func `many records make pieces of a bounded size`() throws {
    let stage = try DeliveryStage(logs: .posthog)
    let text = String(repeating: "x", count: 1_000)
    stage.send(lines: (0..<500).map { .init(text: "\($0) \(text)") })
    stage.turn()
    #expect(stage.sink.logs.count > 5)
    #expect(stage.sink.logs.allSatisfy { $0.piece.count < LogPieces.bytesMax + 2_000 })
    #expect(stage.sink.logs.reduce(0) { $0 + LogPieces.count($1.piece) } == 500)
    stage.close()
  }

  @Test func `as events, records say what they say, and a dead one is told as a record`() throws {
    let stage = try DeliveryStage(logs: .events)
    stage.send([.init(trace: 1, span: 1, user: "ada")])
    stage.send(lines: [.init(text: "a \"quoted\" line", severity: 13, trace: 1), .init(text: "free")])
    stage.advance(seconds: 20)
    let events = stage.sink.logs.map { String(decoding: $0.piece, as: UTF8.self) }
    let inside = try #require(events.first { $0.contains("quoted") })
    #expect(inside.hasPrefix(#"{"event":"hoglet_log","distinct_id":"ada","uuid":""#))
    #expect(inside.contains(#""properties":{"body":"a \"quoted\" line","severity_number":13,"$ai_trace_id":"#))
    #expect(inside.contains(#""otel.scope.name":"app""#) && !inside.contains("$process_person_profile"))
    let free = try #require(events.first { $0.contains("free") })
    #expect(free.contains(#""distinct_id":"hoglet""#) && free.contains(#""$process_person_profile":false"#))
    for event in events { _ = try JSONSerialization.jsonObject(with: Data(event.utf8)) }
    stage.sink.acceptAll()
    stage.sink.refuseLogs()
    stage.turn()
    #expect(stage.counts(.logs).deadLettered == 2 && stage.counts.delivered == 1)
    #expect(stage.counts(.logs).pending == 0 && stage.counts.pending == 0)
    stage.close()
  }

  @Test func `while PostHog takes no log records events go on, and records follow in order`() throws {
    let stage = try DeliveryStage(logs: .posthog)
    stage.sink.logsAreTaken = false
    stage.send(lines: [.init(text: "one")])
    stage.send([.init(trace: 1, span: 1)])
    stage.send(lines: [.init(text: "two"), .init(text: "three")])
    stage.advance(seconds: 7)
    #expect(stage.sink.spans == [1] && stage.sink.logs.isEmpty)
    stage.sink.acceptAll()
    stage.turn()
    #expect(stage.counts(.logs).pending == 3)
    try stage.restart()
    stage.turn()
    #expect(stage.sink.logs.isEmpty)
    stage.sink.logsAreTaken = true
    stage.turn()
    #expect(try Self.texts(stage.sink.logRecords) == ["one", "two", "three"])
    stage.sink.acceptLogs()
    stage.turn()
    #expect(stage.counts(.logs).pending == 0 && stage.spool.status.requests == 0)
    stage.close()
  }
}
