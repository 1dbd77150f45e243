import Bytes
import OTLP
import Telemetry
import Testing

@Suite struct RequestScannerTests {
  @Test(arguments: Signal.allCases)
  func `an empty request, and one with empty messages, is accepted with nothing in it`(signal: Signal) throws {
    for body in [[], [0x0a, 0x00], [0x0a, 0x02, 0x12, 0x00], [0x0a, 0x02, 0x0a, 0x00]] as [[UInt8]] {
      let result = try RequestScanner.scanned(body, signal)
      #expect(result.accepted == 0 && result.rejected == 0 && result.rejection.isEmpty)
      #expect(result.index == RequestIndex())
    }
  }

  @Test func `records are grouped by trace, traces and records in the order in which they came`() throws {
    let traces = (0..<3).map { [UInt8](repeating: UInt8($0 + 1), count: 16) }
    let order = [0, 0, 1, 0, 2, 1]
    let spans = order.enumerated().map { index, trace in
      Encode.span(trace: traces[trace], id: [0, 0, 0, 0, 0, 0, 0, UInt8(index + 1)])
    }
    let result = try RequestScanner.scanned(Encode.request(spans))
    #expect(result.accepted == 6)
    #expect(result.index.units.map(\.count) == [3, 2, 1])
    #expect(
      result.index.units.map { $0.trace?.high } == [
        0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303,
      ])
    #expect(result.index.records.map(\.span) == [1, 2, 4, 3, 6, 5])
  }

  @Test func `spans with invalid ids are refused one by one, with counts`() throws {
    let good = Encode.span()
    let bad: [[UInt8]] = [
      Encode.span(trace: []), Encode.span(trace: [UInt8](repeating: 0, count: 16)), Encode.span(trace: Encode.span),
      Encode.span(id: [1, 2, 3]), Encode.span(id: [UInt8](repeating: 0, count: 8)),
      Encode.span(Encode.bytes(4, [1, 2, 3])),
    ]
    let result = try RequestScanner.scanned(Encode.request([good] + bad + [good]))
    #expect(result.accepted == 2 && result.rejected == 6)
    #expect(
      result.rejection
        == "3 spans with an invalid trace id, 2 spans with an invalid span id, 1 span with an invalid parent span id")
    #expect(result.rejection.utf8.count <= Limits.messageBytesMax)
    #expect(result.index.records.count == 2)
  }

  @Test func `a zero or empty parent is no parent`() throws {
    for parent in [[], [UInt8](repeating: 0, count: 8)] {
      let result = try RequestScanner.scanned(Encode.request([Encode.span(Encode.bytes(4, parent))]))
      #expect(result.accepted == 1 && result.index.records.first?.parent == 0)
    }
  }

  @Test func `log records without a valid trace id are accepted, each a unit of its own`() throws {
    let ids: [[UInt8]] = [[], [UInt8](repeating: 0, count: 16), [1, 2, 3], Encode.trace, Encode.trace]
    let logs = ids.map { Encode.bytes(9, $0) + Encode.bytes(10, $0.isEmpty ? [] : [9]) }
    let result = try RequestScanner.scanned(Encode.request(logs), .logs)
    #expect(result.accepted == 5 && result.rejected == 0)
    #expect(result.index.units.map { $0.trace == nil } == [true, true, true, false])
    #expect(result.index.units.last?.count == 2)
  }

  @Test func `flags say whether the span ended and whether its parent is remote`() throws {
    func flags(_ fields: [UInt8]) throws -> RecordEntry.Flags? {
      try RequestScanner.scanned(Encode.request([Encode.span(fields)])).index.records.first?.flags
    }
    let parent = Encode.bytes(4, Encode.span)
    #expect(try flags([]) == [])
    #expect(try flags(Encode.fixed64(8, 5)) == .ended)
    #expect(try flags(parent + Encode.fixed32(16, 0x300)) == .remoteParent)
    #expect(try flags(parent + Encode.fixed32(16, 0x200)) == [], "bit 9 means nothing without bit 8")
    #expect(try flags(parent + Encode.fixed32(16, 0x100)) == [])
    #expect(try flags(Encode.fixed32(16, 0x300)) == [], "there is no parent to be remote")
  }

  @Test func `a log record of a model call is known by its event name, wherever that stands`() throws {
    func flags(_ fields: [UInt8]) throws -> RecordEntry.Flags? {
      try RequestScanner.scanned(Encode.request([fields]), .logs).index.records.first?.flags
    }
    #expect(try flags(Encode.text(12, "gen_ai.choice")) == [.log, .named, .modelCall])
    #expect(try flags(Encode.text(12, "gen_ai")) == [.log, .named])
    #expect(try flags(Encode.text(12, "")) == .log)
    #expect(try flags(Encode.bytes(6, Encode.attribute("event.name", "gen_ai.choice"))) == [.log, .named, .modelCall])
    #expect(try flags(Encode.bytes(6, Encode.attribute("event.name", "other"))) == [.log, .named])
    #expect(try flags(Encode.bytes(6, Encode.attribute("event.names", "gen_ai.choice"))) == .log)
    let reversed = Encode.bytes(2, Encode.text(1, "gen_ai.choice")) + Encode.text(1, "event.name")
    #expect(try flags(Encode.bytes(6, reversed)) == [.log, .named, .modelCall])
  }

  @Test func `resource, scope and schema may stand behind the records, and the scope's schema wins`() throws {
    let scope = Encode.text(1, "scope")
    let resource = Encode.bytes(1, Encode.attribute("service.name", "s"))
    let first = Encode.bytes(2, Encode.span()) + Encode.bytes(1, scope) + Encode.text(3, "inner")
    let second = Encode.bytes(2, Encode.span())
    let body = Encode.bytes(
      1, Encode.text(3, "outer") + Encode.bytes(2, first) + Encode.bytes(2, second) + Encode.bytes(1, resource))
    let index = try RequestScanner.scanned(body).index
    #expect(index.resources.map { body[$0.range].elementsEqual(resource) } == [true])
    #expect(index.scopes.map { body.span.string($0.scope) } == ["\n\u{5}scope", ""])
    #expect(index.scopes.map { body.span.string($0.schemaURL) } == ["inner", "outer"])
  }

  @Test func `messages that should stand once are merged, and the request is rewritten`() throws {
    let one = Encode.bytes(1, Encode.bytes(1, Encode.attribute("a", "1")))
    let two = Encode.bytes(1, Encode.bytes(1, Encode.attribute("b", "2")))
    var body = Encode.bytes(1, one + Encode.bytes(2, Encode.bytes(2, Encode.span())) + two)
    let sent = body
    let result = try RequestScanner.scan(&body, signal: .traces)
    #expect(body != sent)
    let batch = try BatchDecoder.decode(request: sent, signal: .traces)
    #expect(batch.resources.count == 1 && batch.attributes.count == 2)
    #expect(batch.attributes.map { batch.arena.span.string($0.key) } == ["a", "b"])
    #expect(result.index.resources.allSatisfy { $0.end <= body.count })
  }

  @Test func `an ordinary request is left as it is`() throws {
    let sent = Encode.request([Encode.span(Encode.bytes(9, Encode.attribute("a", "b")) + Encode.bytes(15, []))])
    var body = sent
    _ = try RequestScanner.scan(&body, signal: .traces)
    #expect(body == sent)
  }
}
