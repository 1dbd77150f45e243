import Bytes
import Telemetry
import Testing

@testable import Gateway

/// When a trace is ripe (architecture.md, section 7). Times are in milliseconds here.
@Suite struct OpenTraceTests {
  static let settings = RipenessSettings(quiet: 10_000, rootGrace: 6_000, max: 600_000)

  /// A unit of these records.
  static func held(_ units: [(at: UInt64, records: [RecordEntry])]) -> OpenTrace {
    var trace = OpenTrace(arrival: units[0].at)
    for (number, unit) in units.enumerated() {
      var index = RequestIndex()
      index.records = unit.records
      let entry = Unit(trace: TraceID(high: 1, low: 1), first: 0, count: UInt32(unit.records.count))
      trace.add(
        entry, index, reference: UnitReference(sequence: UInt64(number + 1), unit: 0, entry, index), arrival: unit.at)
    }
    return trace
  }

  static func span(_ id: UInt64, parent: UInt64 = 0, flags: RecordEntry.Flags = .ended, bytes: Int = 100) -> RecordEntry
  {
    RecordEntry(flags: flags, scope: 0, body: Slice(0, bytes), span: id, parent: parent, start: 1)
  }

  static func log(_ span: UInt64) -> RecordEntry {
    RecordEntry(flags: [.log, .modelCall], scope: 0, body: Slice(0, 10), span: span, parent: 0, start: 1)
  }

  @Test func `an ended root is given its grace`() {
    let trace = Self.held([(1_000, [Self.span(2, parent: 1)]), (3_000, [Self.span(1)])])
    #expect(trace.deadline(Self.settings) == 9_000)
  }

  @Test func `what comes after the root does not move its grace`() {
    let trace = Self.held([(1_000, [Self.span(1)]), (4_000, [Self.span(2, parent: 1)])])
    #expect(trace.deadline(Self.settings) == 7_000)
  }

  @Test func `a root that has not ended is waited for like any other span`() {
    #expect(Self.held([(1_000, [Self.span(1, flags: [])])]).deadline(Self.settings) == 11_000)
  }

  @Test func `a span with a remote parent is a root`() {
    #expect(
      Self.held([(1_000, [Self.span(2, parent: 1, flags: [.ended, .remoteParent])])]).deadline(Self.settings) == 7_000)
  }

  @Test func `a missing parent is waited for six times as long`() {
    #expect(Self.held([(1_000, [Self.span(2, parent: 1)])]).deadline(Self.settings) == 61_000)
  }

  @Test func `every unit starts the wait anew`() {
    let trace = Self.held([(1_000, [Self.span(2, parent: 1)]), (5_000, [Self.span(3, parent: 2)])])
    #expect(trace.deadline(Self.settings) == 65_000)
  }

  @Test func `a model's log record without its span is waited for up to the end`() {
    #expect(Self.held([(1_000, [Self.log(7)])]).deadline(Self.settings) == 601_000)
    #expect(Self.held([(1_000, [Self.log(7)]), (2_000, [Self.span(7)])]).deadline(Self.settings) == 8_000)
  }

  @Test func `no trace is held for longer than the maximum`() {
    let short = RipenessSettings(quiet: 10_000, rootGrace: 6_000, max: 5_000)
    #expect(Self.held([(1_000, [Self.span(2, parent: 1)])]).deadline(short) == 6_000)
    #expect(Self.held([(1_000, [Self.span(1)])]).deadline(short) == 6_000)
  }

  @Test(arguments: [(0, UInt64(7_000)), (1, UInt64(0))])
  func `one record more than the limit is ripe at once`(_ extra: Int, _ deadline: UInt64) {
    let spans = (0..<RipenessSettings.recordsMax + extra).map { Self.span(UInt64($0 + 1), bytes: 1) }
    #expect(Self.held([(1_000, spans)]).deadline(Self.settings) == deadline)
  }

  @Test(arguments: [(0, UInt64(7_000)), (1, UInt64(0))])
  func `one byte more than the limit is ripe at once`(_ extra: Int, _ deadline: UInt64) {
    #expect(
      Self.held([(1_000, [Self.span(1, bytes: RipenessSettings.bytesMax + extra)])]).deadline(Self.settings) == deadline
    )
  }

  @Test func `the cheap bound never comes after the deadline`() {
    var random = Seeded(7)
    for _ in 0..<2_000 {
      let units = (0..<random.below(4) + 1).map { number in
        (
          at: UInt64(number * 3_000 + random.below(2_000)),
          records: (0..<random.below(4)).map { _ in
            random.below(5) == 0
              ? Self.log(UInt64(random.below(6)))
              : Self.span(
                UInt64(random.below(6) + 1), parent: UInt64(random.below(6)),
                flags: random.below(2) == 0 ? .ended : [.ended, .remoteParent])
          }
        )
      }
      let trace = Self.held(units)
      #expect(trace.earliest(Self.settings) <= trace.deadline(Self.settings), "seed 7")
    }
  }
}

/// A small generator whose numbers follow from its seed (xorshift64*).
struct Seeded {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  mutating func below(_ bound: Int) -> Int { Int(next() >> 11) % bound }
}
