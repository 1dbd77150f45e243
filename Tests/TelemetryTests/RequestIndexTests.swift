import Bytes
import Telemetry
import Testing

@Suite struct RequestIndexTests {
  static let sample: RequestIndex = {
    var index = RequestIndex()
    index.resources = [Slice(2, 40), Slice(500, 500)]
    index.scopes = [
      ScopeEntry(resource: 0, scope: Slice(50, 60), schemaURL: Slice(60, 90)),
      ScopeEntry(resource: 1, scope: .empty, schemaURL: .empty),
    ]
    index.units = [Unit(trace: TraceID(high: 1, low: .max), first: 0, count: 2), Unit(trace: nil, first: 2, count: 1)]
    index.records = [
      RecordEntry(flags: [.ended, .remoteParent], scope: 0, body: Slice(100, 200), span: 7, parent: 8, start: .max),
      RecordEntry(flags: [], scope: 0, body: Slice(200, 1_000), span: .max, parent: 0, start: 0),
      RecordEntry(flags: [.log, .modelCall], scope: 1, body: Slice(300, 300), span: 0, parent: 0, start: 1),
    ]
    return index
  }()

  @Test func `an index comes back as it was written`() throws {
    let bytes = Self.sample.encoded()
    #expect(try RequestIndex(bytes.span, bodyCount: 1_000) == Self.sample)
    #expect(try RequestIndex(RequestIndex().encoded().span, bodyCount: 0) == RequestIndex())
  }

  @Test func `an index cut short anywhere, or longer, is refused`() {
    let bytes = Self.sample.encoded()
    for count in 0..<bytes.count {
      let short = Array(bytes[..<count])
      #expect(throws: RequestIndex.CodingError.self) { try RequestIndex(short.span, bodyCount: 1_000) }
    }
    let long = bytes + [0]
    #expect(throws: RequestIndex.CodingError.self) { try RequestIndex(long.span, bodyCount: 1_000) }
  }

  @Test func `an index that points past the body is refused`() {
    let bytes = Self.sample.encoded()
    #expect(throws: RequestIndex.CodingError.self) { try RequestIndex(bytes.span, bodyCount: 999) }
  }

  @Test func `another version is refused`() {
    var bytes = Self.sample.encoded()
    bytes[0] = RequestIndex.version + 1
    #expect(throws: RequestIndex.CodingError.self) { try RequestIndex(bytes.span, bodyCount: 1_000) }
  }

  @Test func `no byte of a damaged index makes it trap`() throws {
    let bytes = Self.sample.encoded()
    for index in bytes.indices {
      for value in [UInt8(0), 0x7f, 0x80, 0xff] {
        var damaged = bytes
        damaged[index] = value
        guard let read = try? RequestIndex(damaged.span, bodyCount: 1_000) else { continue }
        // What is accepted can be followed without looking again.
        for unit in read.units { #expect(unit.range.upperBound <= read.records.count) }
        for record in read.records {
          #expect(record.body.end <= 1_000)
          #expect(read.scopes[Int(record.scope)].resource < read.resources.count)
        }
      }
    }
  }
}
