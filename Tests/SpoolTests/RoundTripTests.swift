import Bytes
import Telemetry
import Testing

@testable import Spool

@Suite(.timeLimit(.minutes(5))) struct RoundTripTests {
  private static let chunk = RequestHeader.chunkBytes

  @Test(arguments: [0, 1, 2000, 2048, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 7, 5_000_000])
  func `a body of any size comes back`(_ count: Int) throws {
    let rig = try Rig()
    var random = SeededGenerator(state: UInt64(count))
    let body = random.bytes(count)
    let (lane, sequence) = try rig.append(body, index: [7, 8, 9])
    #expect(try rig.body(lane, sequence, count: count) == body)
    try rig.restart()
    #expect(try rig.body(lane, sequence, count: count) == body)
    let stored = try #require(try rig.spool.requests(lane: lane, after: 0, limit: 10).first)
    #expect(stored.sequence == 1)
    #expect(stored.signal == .traces)
    #expect(stored.arrival == 1)
    #expect(stored.index == [7, 8, 9])
    #expect(stored.bodyCount == count)
  }

  @Test func `slices over the borders of chunks come in the order asked`() throws {
    let rig = try Rig()
    var random = SeededGenerator(state: 1)
    let body = random.bytes(3 * Self.chunk + 100)
    let (lane, sequence) = try rig.append(body)
    let slices = [
      Slice(2 * Self.chunk - 5, 2 * Self.chunk + 5), Slice(0, 3), .empty, Slice(Self.chunk, 2 * Self.chunk),
      Slice(10, body.count), Slice(body.count, body.count),
    ]
    var arena: [UInt8] = [42]
    try rig.spool.read(lane: lane, sequence: sequence, slices: slices, into: &arena)
    #expect(arena == [42] + slices.flatMap { body[$0.range] })
  }

  @Test func `a slice past the end of the body is told as damage and leaves the arena as it was`() throws {
    let rig = try Rig()
    let (lane, sequence) = try rig.append([1, 2, 3])
    var arena: [UInt8] = [42]
    #expect(throws: SpoolError.self) {
      try rig.spool.read(lane: lane, sequence: sequence, slices: [Slice(0, 2), Slice(2, 4)], into: &arena)
    }
    #expect(arena == [42])
  }

  @Test(arguments: [0, RequestHeader.inlineIndexMax, RequestHeader.inlineIndexMax + 1, 700_000])
  func `an index of any size comes back`(_ count: Int) throws {
    let rig = try Rig()
    var random = SeededGenerator(state: UInt64(count))
    let index = random.bytes(count)
    let body = random.bytes(200_000)
    let (lane, sequence) = try rig.append(body, index: index)
    #expect(try rig.spool.requests(lane: lane, after: 0, limit: 1).first?.index == index)
    #expect(try rig.body(lane, sequence, count: body.count) == body)
    rig.commit(lane) { $0.finishedRequests = [sequence] }
    #expect(rig.spool.status.requests == 0)
    #expect(try rig.append([1]).sequence == 2)
  }

  @Test func `lanes keep to themselves, count from one, and are listed oldest first`() throws {
    let rig = try Rig()
    for round in UInt64(1)...3 {
      for key in ["phc_b", "phc_a"] {
        #expect(try rig.append(Array(key.utf8), key: key).sequence == round)
      }
    }
    try rig.restart()
    let lanes = try rig.spool.lanes()
    #expect(lanes.map(\.key) == ["phc_b", "phc_a"])
    for (lane, key) in lanes {
      #expect(try rig.spool.requests(lane: lane, after: 1, limit: 1).map(\.sequence) == [2])
      #expect(try rig.spool.requests(lane: lane, after: 3, limit: 9).isEmpty)
      #expect(try rig.spool.requests(lane: lane, after: .max, limit: 9).isEmpty)
      #expect(try rig.body(lane, 3, count: 5) == Array(key.utf8))
    }
  }

  @Test func `decision blocks are numbered, kept over a restart, and deleted below a number`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    let other = try rig.append([1], key: "phc_two").lane
    for block in UInt8(1)...4 {
      rig.commit(lane) { $0.decisions = (UInt64(block), [UInt8](repeating: block, count: 5000)) }
    }
    rig.commit(other) { $0.decisions = (1, [9]) }
    rig.commit(lane) { $0.decisionsBelow = 3 }
    try rig.restart()
    let blocks = try rig.spool.decisions(lane: lane, from: 0, limit: .max)
    #expect(blocks.map(\.block) == [3, 4])
    #expect(blocks.map { $0.bytes[0] } == [3, 4])
    #expect(try rig.spool.decisions(lane: lane, from: 4, limit: .max).map(\.block) == [4])
    #expect(try rig.spool.decisions(lane: lane, from: 0, limit: 1).map(\.block) == [3])
    #expect(try rig.spool.decisions(lane: other, from: 0, limit: .max).map(\.block) == [1])
    rig.commit(lane) { $0.decisionsBelow = .max }
    #expect(try rig.spool.decisions(lane: lane, from: 0, limit: .max).isEmpty)
    try rig.restart()
    rig.commit(lane) { $0.decisions = (5, [5]) }
    #expect(try rig.spool.decisions(lane: lane, from: 0, limit: .max).map(\.block) == [5])
  }

  @Test func `dead letters come back newest first`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    let letters = (0..<5).map {
      DeadLetter(time: $0, status: 400, reason: "zu groß", event: [UInt8]("{\"event\":\($0)}".utf8))
    }
    rig.commit(lane) { $0.deadLetters = letters }
    try rig.restart()
    #expect(try rig.spool.deadLetters(lane: lane, limit: 3).map(\.letter) == [letters[4], letters[3], letters[2]])
    #expect(try rig.spool.deadLetters(lane: LaneID(99), limit: 3).isEmpty)
    #expect(rig.spool.status.deadLetters == 5)
  }

  /// A letter as version 1 wrote it.
  private static let firstVersion: [UInt8] =
    [1, 7, 0, 0, 0, 0, 0, 0, 0, 0x90, 1, 2, 0, 0, 0, 0, 0] + Array("no{}".utf8)

  @Test func `dead letters of the first version are read, others that are cut or unknown are not`() throws {
    #expect(
      DeadLetter(Self.firstVersion) == DeadLetter(time: 7, status: 400, reason: "no", event: Array("{}".utf8)))
    let source = DeadLetterSource(frozen: [1], index: [2, 2], body: [3, 3, 3], tracesCount: 2)
    let letter = DeadLetter(time: 7, status: 413, reason: "zu groß", event: Array("{}".utf8), source: source)
    let bytes = letter.encoded().array()
    #expect(DeadLetter(bytes) == letter)
    #expect(letter.source?.traces == [3, 3] && letter.source?.logs == [3])
    for count in 0..<bytes.count { #expect(DeadLetter(Array(bytes[..<count])) == nil) }
    for count in 0..<19 { #expect(DeadLetter(Array(Self.firstVersion[..<count])) == nil) }
    #expect(DeadLetter([3] + bytes.dropFirst()) == nil)
  }

  @Test func `a retried dead letter is a request in one commit; purged ones are gone; numbers stay`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    let source = DeadLetterSource(frozen: [9, 9], index: [2, 2], body: [3, 3, 3], tracesCount: 2)
    let letters = (0..<4).map {
      DeadLetter(time: $0, status: 400, reason: "", event: [], source: $0 == 1 ? nil : source)
    }
    rig.commit(lane) { $0.deadLetters = letters }
    let numbers = try rig.spool.deadLetters(lane: lane, limit: 9).map(\.number)
    #expect(numbers == [4, 3, 2, 1])
    rig.commit(lane) {
      $0.retriedLetters = ([1, 2, 77], 5)
      $0.purgedLetters = [4]
    }
    try rig.restart()
    // Without a source there is nothing to make a request of.
    #expect(try rig.spool.deadLetters(lane: lane, limit: 9).map(\.number) == [3, 2])
    let request = try #require(try rig.spool.requests(lane: lane, after: 1, limit: 9).first)
    #expect(request.frozen == [9, 9] && request.index == [2, 2] && request.arrival == 5)
    #expect(try rig.body(lane, request.sequence, count: 3) == [3, 3, 3])
    #expect(try rig.spool.requests(lane: lane, after: 0, limit: 9).first?.frozen == [])
  }

  @Test func `sequences are never given out twice, even when everything was deleted`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    _ = try rig.append([2])
    rig.commit(lane) { $0.finishedRequests = [1, 2] }
    try rig.restart()
    #expect(rig.spool.status.requests == 0)
    #expect(try rig.append([3]).sequence == 3)
  }

  @Test func `one change is one transaction over several lanes, and names of nothing change nothing`() throws {
    let rig = try Rig()
    let one = try rig.append([1]).lane
    let two = try rig.append([1], key: "phc_two").lane
    var changes = [LaneChange(lane: one), LaneChange(lane: two), LaneChange(lane: LaneID(77))]
    for place in changes.indices {
      changes[place].finishedRequests = [1, 1, 500]
      changes[place].decisions = (1, [UInt8(place)])
    }
    rig.spool.commit(Change(token: 1000, lanes: changes))
    #expect(rig.outcomes.change(1000) == .durable(lane: LaneID(0), sequence: 0))
    #expect(rig.spool.status.requests == 0)
    #expect(try rig.spool.decisions(lane: one, from: 0, limit: .max).map(\.bytes) == [[0]])
    #expect(try rig.spool.decisions(lane: two, from: 0, limit: .max).map(\.bytes) == [[1]])
    #expect(try rig.spool.decisions(lane: LaneID(77), from: 0, limit: .max).isEmpty)
  }

  @Test func `a request that is gone is told, not invented`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    rig.commit(lane) { $0.finishedRequests = [1] }
    #expect(throws: SpoolError.corrupt(lane: lane, sequence: 1, reason: "it is not there")) {
      try rig.body(lane, 1, count: 1)
    }
    _ = try rig.append([1])
    #expect(rig.spool.status.quarantined == 0)
  }
}
