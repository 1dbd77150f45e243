import Bytes
import OTLP
import Telemetry
import Testing

/// The wire, where it is odd: what must be read nevertheless, and what must be refused.
@Suite struct WireTests {
  static let unknown: [(String, [UInt8])] = [
    ("varint", Encode.varint(99, .max)), ("fixed64", Encode.fixed64(99, 1)), ("bytes", Encode.text(99, "?")),
    ("fixed32", Encode.fixed32(536_870_911, 1)), ("group", [0x9b, 0x06, 0x08, 0x05, 0x9c, 0x06]),
    ("group in a group", [0x9b, 0x06, 0x13, 0x14, 0x9c, 0x06]),
    ("field number 0 in a group", [0x9b, 0x06, 0x00, 0x05, 0x9c, 0x06]),
  ]

  @Test(arguments: unknown)
  func `unknown fields are passed over at every level`(name: String, field: [UInt8]) throws {
    let value = field + Encode.text(1, "v") + field
    let attribute = Encode.text(1, "k") + field + Encode.bytes(2, value) + field
    let span = Encode.span(field + Encode.bytes(9, attribute) + Encode.bytes(11, field) + Encode.bytes(15, field))
    let scope = field + Encode.bytes(2, span) + field
    let body = field + Encode.bytes(1, field + Encode.bytes(2, scope) + Encode.bytes(1, field)) + field
    let batch = try BatchDecoder.decode(request: body, signal: .traces)
    #expect(batch.spans.count == 1 && batch.events.count == 1)
    let attributes = batch.attributes
    #expect(attributes.count == 1 && batch.arena.span.string(attributes[0].key) == "k")
    guard case .string(let text) = attributes[0].value else { return #expect(Bool(false), "no text") }
    #expect(batch.arena.span.string(text) == "v")
  }

  @Test func `a known field of the wrong wire type is unknown`() throws {
    let span = Encode.span(
      Encode.varint(5, 3) + Encode.fixed32(9, 3) + Encode.varint(7, 3) + Encode.text(8, "x") + Encode.varint(1, 1))
    let batch = try BatchDecoder.decode(request: Encode.request([span]), signal: .traces)
    #expect(batch.spans.first?.name.isEmpty == true && batch.spans.first?.start == 0 && batch.attributes.isEmpty)
  }

  @Test(
    arguments: [
      ("truncated varint", [0x0a, 0x80]), ("eleven-byte varint", [0x08] + [UInt8](repeating: 0xff, count: 11)),
      ("length past the end", [0x0a, 0x05, 0x00]), ("field number 0", [0x02, 0x00]), ("wire type 6", [0x0e, 0x00]),
      ("wire type 7", [0x0f]), ("end of a group that never began", [0x0c]), ("group without end", [0x0b, 0x08, 0x01]),
      ("group with another's end", [0x0b, 0x14]), ("half a fixed64", [0x09, 1, 2, 3]), ("half a fixed32", [0x0d, 1]),
      ("length of 2^63", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
      ("groups 100 deep", [UInt8](repeating: 0x0b, count: 100)),
    ] as [(String, [UInt8])])
  func `bytes that are no message are refused at every level`(name: String, wrong: [UInt8]) {
    let levels: [[UInt8]] = [
      wrong, Encode.bytes(1, wrong), Encode.bytes(1, Encode.bytes(1, wrong)), Encode.bytes(1, Encode.bytes(2, wrong)),
      Encode.bytes(1, Encode.bytes(2, Encode.bytes(1, wrong))), Encode.request([wrong]),
      Encode.request([Encode.span(Encode.bytes(9, wrong))]), Encode.request([Encode.span(Encode.bytes(11, wrong))]),
      Encode.request([Encode.span(Encode.bytes(13, wrong))]), Encode.request([Encode.span(Encode.bytes(15, wrong))]),
      Encode.request([Encode.span(Encode.bytes(9, Encode.text(1, "k") + Encode.bytes(2, wrong)))]),
      Encode.request([Encode.span(Encode.bytes(9, Encode.bytes(2, Encode.bytes(5, wrong))))]),
      Encode.request([Encode.span(Encode.bytes(9, Encode.bytes(2, Encode.bytes(6, Encode.bytes(1, wrong)))))]),
    ]
    for body in levels {
      let error = #expect(throws: OTLPError.self) { try RequestScanner.scanned(body) }
      guard case .malformed(let offset, _, _) = error else {
        return #expect(Bool(false), "\(String(describing: error))")
      }
      #expect(offset >= 0 && offset <= body.count && error?.isOverLimit == false)
    }
  }

  @Test func `a request cut short anywhere is refused or holds less, and never traps`() throws {
    let spans = (0..<3).map { Encode.span(Encode.text(5, "span \($0)") + Encode.bytes(9, Encode.attribute("k", "v"))) }
    let body = Encode.request(spans)
    for count in 1..<body.count {
      #expect(throws: OTLPError.self) { try RequestScanner.scanned(Array(body[..<count])) }
    }
  }

  @Test func `a text of 10 MB and text that is no UTF-8 stay as they are`() throws {
    let long = [UInt8](repeating: 0x61, count: 10_000_000)
    let wrong: [UInt8] = [0xff, 0xfe, 0xed, 0xa0, 0x80]
    let attributes = [long, wrong].flatMap {
      Encode.bytes(9, Encode.text(1, "k") + Encode.bytes(2, Encode.bytes(1, $0)))
    }
    let batch = try BatchDecoder.decode(request: Encode.request([Encode.span(attributes)]), signal: .traces)
    let values = batch.attributes.map { attribute -> [UInt8] in
      guard case .string(let slice) = attribute.value else { return [] }
      return Array(batch.arena[slice.range])
    }
    #expect(values == [long, wrong])
  }

  @Test func `of several values in one the last counts, and keys given twice are both kept`() throws {
    let value = Encode.text(1, "first") + Encode.varint(3, 7)
    let span = Encode.span(
      Encode.bytes(9, Encode.text(1, "k") + Encode.bytes(2, value)) + Encode.bytes(9, Encode.attribute("k", "again"))
        + Encode.text(5, "first") + Encode.text(5, "last"))
    let batch = try BatchDecoder.decode(request: Encode.request([span]), signal: .traces)
    #expect(batch.attributes.count == 2 && batch.attributes[0].value == .int(7))
    #expect(batch.arena.span.string(batch.spans[0].name) == "last")
  }

  @Test func `attributes of events that stand between a span's own do not mix with them`() throws {
    let event = Encode.bytes(11, Encode.text(2, "e") + Encode.bytes(3, Encode.attribute("event", "1")))
    let span = Encode.span(
      Encode.bytes(9, Encode.attribute("a", "1")) + event + Encode.bytes(9, Encode.attribute("b", "2")))
    let batch = try BatchDecoder.decode(request: Encode.request([span]), signal: .traces)
    func keys(_ run: Run) -> [String] { run.map { batch.arena.span.string(batch.attributes[Int($0)].key) } }
    #expect(keys(batch.spans[0].attributes) == ["a", "b"])
    #expect(keys(batch.events[0].attributes) == ["event"])
  }

  @Test func `records out of range or without their scope are refused by the decoder, not followed`() {
    var decoder = BatchDecoder()
    let body = Encode.request([Encode.span()])
    let scope = ScopeEntry(resource: 0, scope: .empty, schemaURL: .empty)
    func record(_ slice: Slice, scope: UInt32 = 0) -> RecordEntry {
      RecordEntry(flags: [], scope: scope, body: slice, span: 0, parent: 0, start: 0)
    }
    let wrong: [([Slice], [ScopeEntry], [RecordEntry])] = [
      ([Slice(0, body.count + 1)], [], []), ([], [scope], []), ([.empty], [scope], [record(Slice(0, body.count + 1))]),
      ([.empty], [scope], [record(.empty, scope: 1)]), ([.empty], [scope], [record(.empty)]),
    ]
    for (resources, scopes, records) in wrong {
      var batch = Batch(arena: body)
      #expect(throws: OTLPError.self) {
        try decoder.decode(resources: resources, scopes: scopes, records: records, into: &batch)
      }
    }
  }

  @Test func `decoding twice into one batch keeps the first and points to its own resources`() throws {
    let one = Encode.request([Encode.span(Encode.text(5, "one"))])
    let two = Encode.bytes(
      1,
      Encode.bytes(1, Encode.bytes(1, Encode.attribute("r", "2")))
        + Encode.bytes(2, Encode.bytes(2, Encode.span(Encode.text(5, "two")))))
    var batch = Batch(arena: one + two)
    var decoder = BatchDecoder()
    for (body, offset) in [(one, 0), (two, one.count)] {
      var index = try RequestScanner.scanned(body).index
      index.resources = index.resources.map { $0.shifted(by: offset) }
      for place in index.scopes.indices { index.scopes[place].scope = index.scopes[place].scope.shifted(by: offset) }
      for place in index.records.indices { index.records[place].body = index.records[place].body.shifted(by: offset) }
      try decoder.decode(
        resources: index.resources, scopes: index.scopes, records: index.records, into: &batch)
    }
    #expect(batch.spans.map { batch.arena.span.string($0.name) } == ["one", "two"])
    #expect(batch.scopes.map(\.resource) == [0, 1] && batch.spans.map(\.scope) == [0, 1])
    #expect(batch.resources.map(\.attributes.count) == [0, 1])
  }
}
