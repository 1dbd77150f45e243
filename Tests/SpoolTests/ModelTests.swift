import Bytes
import Telemetry
import Testing

@testable import Spool

/// The spool against a model in memory: random appends, changes and restarts, and everything compared.
@Suite(.timeLimit(.minutes(3))) struct ModelTests {
  private struct Lane {
    var requests: [UInt64: (index: [UInt8], body: [UInt8])] = [:]
    var blocks: [UInt64: [UInt8]] = [:]
    var letters: [DeadLetter] = []
    var nextSequence: UInt64 = 1
    var nextBlock: UInt64 = 1
  }

  @Test(arguments: 0..<6) func `whatever is done, the spool holds what the model holds`(_: Int) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(state: seed)
    let rig = try Rig()
    var model: [LaneID: Lane] = [:]
    for step in 0..<250 {
      let place: Comment = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<10: try append(rig, &model, &random, place)
      case 10..<18: change(rig, &model, &random, place)
      case 18:
        try rig.restart()
        #expect(rig.spool.repair == nil, place)
      default: try compare(rig, model, &random, place)
      }
    }
    try compare(rig, model, &random, "seed \(seed), at the end")
    try rig.restart()
    #expect(rig.spool.repair == nil, "seed \(seed)")
    try compare(rig, model, &random, "seed \(seed), after a restart")
  }

  private func size(_ random: inout SeededGenerator) -> Int {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<6: Int.random(in: 0...5000, using: &random)
    case 6..<9: Int.random(in: 0...300_000, using: &random)
    default: RequestHeader.chunkBytes * Int.random(in: 1...3, using: &random)
    }
  }

  private func append(
    _ rig: Rig, _ model: inout [LaneID: Lane], _ random: inout SeededGenerator, _ place: Comment
  ) throws {
    let key = "phc_\(Int.random(in: 0..<4, using: &random))"
    let body = random.bytes(size(&random))
    let index = random.bytes(size(&random) / 10)
    let (lane, sequence) = try rig.append(body, index: index, key: key)
    #expect(sequence == model[lane, default: Lane()].nextSequence, place)
    model[lane, default: Lane()].nextSequence += 1
    model[lane, default: Lane()].requests[sequence] = (index, body)
  }

  private func change(
    _ rig: Rig, _ model: inout [LaneID: Lane], _ random: inout SeededGenerator, _ place: Comment
  ) {
    guard let lane = model.keys.sorted().randomElement(using: &random), var expected = model[lane] else { return }
    let outcome = rig.commit(lane) { change in
      change.finishedRequests = expected.requests.keys.sorted().filter { _ in Bool.random(using: &random) }
      for sequence in change.finishedRequests { expected.requests[sequence] = nil }
      if Bool.random(using: &random) {
        let block = random.bytes(size(&random))
        change.decisions = (expected.nextBlock, block)
        expected.blocks[expected.nextBlock] = block
        expected.nextBlock += 1
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        let limit = UInt64.random(in: 0...expected.nextBlock, using: &random)
        change.decisionsBelow = limit
        expected.blocks = expected.blocks.filter { $0.key >= limit }
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        let letter = DeadLetter(
          time: random.next(), status: 413, reason: "too large", event: random.bytes(size(&random) / 10))
        change.deadLetters = [letter]
        expected.letters.append(letter)
      }
    }
    #expect(outcome == .durable(lane: LaneID(0), sequence: 0), place)
    model[lane] = expected
  }

  private func compare(
    _ rig: Rig, _ model: [LaneID: Lane], _ random: inout SeededGenerator, _ place: Comment
  ) throws {
    #expect(try rig.spool.lanes().map(\.lane) == model.keys.sorted(), place)
    #expect(rig.spool.status.requests == model.values.reduce(0) { $0 + $1.requests.count }, place)
    #expect(rig.spool.status.quarantined == 0, place)
    for (lane, expected) in model {
      let stored = try rig.spool.requests(lane: lane, after: 0, limit: .max)
      #expect(stored.map(\.sequence) == expected.requests.keys.sorted(), place)
      for request in stored {
        let (index, body) = try #require(expected.requests[request.sequence])
        #expect(request.index == index, place)
        let slices = (0..<3).map { _ in
          let start = Int.random(in: 0...body.count, using: &random)
          return Slice(start, Int.random(in: start...body.count, using: &random))
        }
        var arena = [UInt8]()
        try rig.spool.read(lane: lane, sequence: request.sequence, slices: slices, into: &arena)
        #expect(arena == slices.flatMap { body[$0.range] }, place)
      }
      let blocks = try rig.spool.decisions(lane: lane, from: 0, limit: .max)
      #expect(blocks.map(\.block) == expected.blocks.keys.sorted(), place)
      for (block, bytes) in blocks { #expect(bytes == expected.blocks[block], place) }
      #expect(try rig.spool.deadLetters(lane: lane, limit: .max).map(\.letter) == expected.letters.reversed(), place)
    }
  }
}
