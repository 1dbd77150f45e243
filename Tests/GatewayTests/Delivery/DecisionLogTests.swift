import Bytes
import Mapping
import Telemetry
import Testing

@testable import Gateway

@Suite struct DecisionLogTests {
  static func trace(_ low: UInt64) -> TraceID {
    guard let trace = TraceID(high: 9, low: low) else { preconditionFailure("9 is not zero") }
    return trace
  }

  static func frozen(_ number: UInt64, events: Int) -> FrozenTrace {
    FrozenTrace(
      trace: trace(number), through: number * 3,
      decision: Decision(isKept: true, probability: 0.25, policyVersion: 7),
      memory: TraceMemory(identity: Array("user-\(number)".utf8), inherited: Array("inherited".utf8)),
      events: (0..<events).map { event(UInt64($0), of: number) })
  }

  private static func event(_ event: UInt64, of number: UInt64) -> FrozenEvent {
    let start = 1_000_000 + event
    let user = event % 2 == 0 ? "user-\(number)" : "somebody else"
    return FrozenEvent(
      key: SpanKey(span: event + 1, start: start), name: UInt8(event % 5 + 1),
      timestamp: event % 3 == 0 ? start + 5_000 : start, distinctID: Array(user.utf8))
  }

  @Test func `what is written is read`() throws {
    var kept = Self.frozen(1, events: 0)
    kept.decision = .keepAll
    var essentials = Self.frozen(3, events: 2)
    essentials.decision.isEssential = true
    essentials.decision.reason = .error
    essentials.decision.weight = 1.5
    essentials.leftOut = LeftOut(
      spans: [SpanKey(span: 8, start: 9), SpanKey(span: 1, start: 0)], amounts: [1, 2, 3], takesBack: [7, 9])
    let entries: [DecisionEntry] = [
      .frozen(kept), .done(trace: Self.trace(4), through: 12), .frozen(Self.frozen(2, events: 40)),
      .sampling(SamplingCheckpoint(covers: 41, state: Array(repeating: 7, count: 300))), .frozen(essentials),
    ]
    var block = ByteBuffer()
    for entry in entries { block.append(entry) }
    var reader = DecisionReader(block.array())
    for entry in entries { #expect(try reader.next() == entry) }
    #expect(try reader.next() == nil)
  }

  @Test func `a block of the version before, without what late spans inherit, is read`() throws {
    var frozen = Self.frozen(1, events: 1)
    frozen.decision = .keepAll
    var block = ByteBuffer()
    block.append(.frozen(frozen))
    // The kind, trace and `through`, then kept, probability and policy version, then the user behind its size.
    let memory = 1 + 24 + 1 + 8 + 4 + 1 + frozen.memory.identity.count
    var bytes = block.array()
    #expect(bytes[0] == 3 && Int(bytes[memory]) == frozen.memory.inherited.count)
    bytes[0] = 1
    bytes.removeSubrange(memory...memory + frozen.memory.inherited.count)
    frozen.memory.inherited = []
    var reader = DecisionReader(bytes)
    #expect(try reader.next() == .frozen(frozen))
    #expect(try reader.next() == nil)
  }

  @Test func `a block that is cut short throws and never traps`() {
    var block = ByteBuffer()
    block.append(.frozen(Self.frozen(1, events: 5)))
    let bytes = block.array()
    for count in 1..<bytes.count {
      #expect(throws: (any Error).self, "cut at \(count)") {
        var reader = DecisionReader(Array(bytes[..<count]))
        while try reader.next() != nil {}
      }
    }
  }

  @Test func `damaged blocks never trap`() {
    var block = ByteBuffer()
    for number in 1...4 { block.append(.frozen(Self.frozen(UInt64(number), events: 6))) }
    let bytes = block.array()
    var random = Seeded(11)
    for _ in 0..<5_000 {
      var damaged = bytes
      for _ in 0...random.below(4) { damaged[random.below(damaged.count)] = UInt8(random.below(256)) }
      var reader = DecisionReader(damaged)
      while let entry = try? reader.next() { _ = entry }
    }
  }
}

@Suite struct TimerHeapTests {
  @Test func `deadlines come out in order, and none before its time`() {
    var heap = TimerHeap()
    var random = Seeded(3)
    let deadlines = (0..<500).map { _ in UInt64(random.below(1_000)) }
    for deadline in deadlines { heap.push(deadline, DecisionLogTests.trace(deadline + 1)) }
    var out: [UInt64] = []
    for now in stride(from: UInt64(0), through: 1_000, by: 50) {
      while let entry = heap.pop(at: now) {
        #expect(entry.deadline <= now)
        out.append(entry.deadline)
      }
      #expect((heap.earliest ?? .max) > now)
    }
    #expect(out == deadlines.sorted())
  }
}

@Suite struct RememberedTracesTests {
  @Test func `spans that were seen are known, others are not`() {
    var remembered = RememberedTraces()
    let frozen = DecisionLogTests.frozen(1, events: 3)
    remembered.remember(frozen, spans: frozen.events.map(\.key))
    #expect(remembered.contains(frozen.trace, frozen.events[1].key))
    #expect(!remembered.contains(frozen.trace, SpanKey(span: 2, start: 7)))
    #expect(!remembered.contains(DecisionLogTests.trace(99), frozen.events[1].key))
    #expect(remembered[DecisionLogTests.trace(99)] == nil)
  }

  @Test(arguments: [0, 1, 7, 8, 9, 300])
  func `the first part's decision and user stand for the later ones`(_ identityBytes: Int) {
    var remembered = RememberedTraces()
    var frozen = DecisionLogTests.frozen(1, events: 3)
    frozen.memory.identity = (0..<identityBytes).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
    frozen.decision = Decision(isKept: true, probability: 0.25, policyVersion: 3)
    remembered.remember(frozen, spans: [frozen.events[0].key])
    var late = frozen
    late.through += 5
    late.memory = TraceMemory(identity: [1, 2, 3], inherited: Array("more".utf8))
    late.decision = Decision(isKept: false, probability: 1, policyVersion: 4)
    remembered.remember(late, spans: [frozen.events[2].key])
    #expect(remembered[frozen.trace]?.memory.identity == frozen.memory.identity)
    #expect(remembered[frozen.trace]?.memory.inherited == late.memory.inherited, "it says what the first part said too")
    #expect(remembered[frozen.trace]?.decision == frozen.decision)
    #expect(remembered[frozen.trace]?.through == late.through)
    #expect(frozen.events.map { remembered.contains(frozen.trace, $0.key) } == [true, false, true])
    #expect(remembered.count == 1)
  }

  @Test(arguments: [0, 8, 10, 5_000, 20_000])
  func `the oldest are forgotten first, and no more than must be`(_ spansEach: UInt64) {
    var remembered = RememberedTraces()
    var bytes: [Int] = []
    // Numbers of two digits, so that all are of one size.
    for number in UInt64(10)...50 {
      let spans = (0..<spansEach).map { SpanKey(span: $0 + 1, start: number) }
      remembered.remember(DecisionLogTests.frozen(number, events: 0), spans: spans)
      bytes.append(remembered.bytes)
    }
    #expect(bytes[40] == bytes[0] * 41)
    remembered.forget(downTo: bytes[40])
    #expect(remembered.count == 41)
    for (bound, kept) in [(bytes[40] - 1, 40), (bytes[2], 3), (bytes[2] - 1, 2)] {
      remembered.forget(downTo: bound)
      #expect(remembered.count == kept && remembered.bytes == bytes[kept - 1])
      for (number, isKnown) in [(50, true), (51 - kept, true), (50 - kept, false)] {
        let trace = DecisionLogTests.trace(UInt64(number))
        #expect((remembered[trace] != nil) == isKnown)
        if spansEach > 0 {
          #expect(remembered.contains(trace, SpanKey(span: spansEach, start: UInt64(number))) == isKnown)
        }
      }
    }
    remembered.forget(downTo: 0)
    #expect(remembered.count == 0 && remembered.bytes == 0)
  }

  @Test func `what late spans inherit counts, and is given back`() {
    var remembered = RememberedTraces()
    var bytes: [Int] = []
    for number in UInt64(10)...12 {
      var frozen = DecisionLogTests.frozen(number, events: 0)
      frozen.memory.inherited = [UInt8](repeating: 1, count: 1024)
      remembered.remember(frozen, spans: [])
      bytes.append(remembered.bytes)
    }
    #expect(bytes[0] > 1024 && bytes[2] == bytes[0] * 3)
    remembered.forget(downTo: bytes[2] - 1)
    #expect(remembered.bytes == bytes[1] && remembered.count == 2)
    remembered.forget(downTo: 0)
    #expect(remembered.bytes == 0)
  }
}
