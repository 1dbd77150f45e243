import Bytes
import Telemetry
import Testing

@testable import Spool

/// What a spool should hold, kept in dictionaries, and random operations on both.
struct SpoolModel {
  struct Lane {
    var requests: [UInt64: (index: [UInt8], body: [UInt8])] = [:]
    var blocks: [UInt64: [UInt8]] = [:]
    var letters: [DeadLetter] = []
    var nextSequence: UInt64 = 1
    var nextBlock: UInt64 = 1
  }

  enum Operation {
    case append(key: String, index: [UInt8], body: [UInt8])
    case change(LaneChange)
  }

  private(set) var lanes: [LaneID: Lane] = [:]
  private var keys: [String: LaneID] = [:]

  /// An append, or a change to a lane if there is one.
  func operation(_ random: inout SeededGenerator) -> Operation {
    guard Int.random(in: 0..<18, using: &random) >= 10, let id = lanes.keys.sorted().randomElement(using: &random),
      let lane = lanes[id]
    else {
      let key = "phc_\(Int.random(in: 0..<4, using: &random))"
      let body = random.bytes(Self.size(&random))
      return .append(key: key, index: random.bytes(Self.size(&random) / 10), body: body)
    }
    var change = LaneChange(lane: id)
    change.finishedRequests = lane.requests.keys.sorted().filter { _ in Bool.random(using: &random) }
    if Bool.random(using: &random) { change.decisions = (lane.nextBlock, random.bytes(Self.size(&random))) }
    if Int.random(in: 0..<4, using: &random) == 0 {
      change.decisionsBelow = UInt64.random(in: 0...lane.nextBlock + 1, using: &random)
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      change.deadLetters = [
        DeadLetter(
          time: random.next(), status: 413, reason: "too large", event: random.bytes(Self.size(&random) / 10))
      ]
    }
    return .change(change)
  }

  private static func size(_ random: inout SeededGenerator) -> Int {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<6: Int.random(in: 0...5000, using: &random)
    case 6..<9: Int.random(in: 0...300_000, using: &random)
    default: RequestHeader.chunkBytes * Int.random(in: 1...3, using: &random)
    }
  }

  /// What the operation does to the model; of an append, the lane and the number that it gets.
  @discardableResult
  mutating func apply(_ operation: Operation) -> (lane: LaneID, sequence: UInt64)? {
    switch operation {
    case .append(let key, let index, let body):
      let id = keys[key] ?? LaneID(UInt32(keys.count + 1))
      keys[key] = id
      var lane = lanes[id] ?? Lane()
      lane.requests[lane.nextSequence] = (index, body)
      lane.nextSequence += 1
      lanes[id] = lane
      return (id, lane.nextSequence - 1)
    case .change(let change):
      guard var lane = lanes[change.lane] else { return nil }
      for sequence in change.finishedRequests { lane.requests[sequence] = nil }
      if let (block, bytes) = change.decisions {
        lane.blocks[block] = bytes
        lane.nextBlock = block + 1
      }
      if let limit = change.decisionsBelow { lane.blocks = lane.blocks.filter { $0.key >= limit } }
      lane.letters += change.deadLetters
      lanes[change.lane] = lane
      return nil
    }
  }

  /// Does it to the spool, and tells the outcome.
  static func perform(_ operation: Operation, on rig: Rig) -> CommitOutcome {
    switch operation {
    case .append(let key, let index, let body):
      switch rig.queue(body, index: index, key: key) {
      case .success(let token): return rig.outcomes.append(token)
      case .failure(let refusal): return .refused(refusal)
      }
    case .change(let change): return rig.commit(change.lane) { $0 = change }
    }
  }

  /// The first thing in which the spool differs; nil if there is none. Bodies are compared in three random slices.
  func difference(from rig: Rig, _ random: inout SeededGenerator) throws -> String? {
    let stored = try rig.spool.lanes().map(\.lane)
    if stored != lanes.keys.sorted() { return "lanes \(stored) and not \(lanes.keys.sorted())" }
    let count = lanes.values.reduce(0) { $0 + $1.requests.count }
    if rig.spool.status.requests != count { return "\(rig.spool.status.requests) requests and not \(count)" }
    if rig.spool.status.quarantined != 0 { return "\(rig.spool.status.quarantined) quarantined" }
    for (id, lane) in lanes {
      if let found = try difference(id, lane, from: rig, &random) { return "lane \(id.value): \(found)" }
    }
    return nil
  }

  private func difference(
    _ id: LaneID, _ lane: Lane, from rig: Rig, _ random: inout SeededGenerator
  ) throws -> String? {
    let stored = try rig.spool.requests(lane: id, after: 0, limit: .max)
    if stored.map(\.sequence) != lane.requests.keys.sorted() { return "requests \(stored.map(\.sequence))" }
    for request in stored {
      guard let (index, body) = lane.requests[request.sequence] else { return "request \(request.sequence)" }
      if request.index != index { return "index of \(request.sequence)" }
      let slices = (0..<3).map { _ in
        let start = Int.random(in: 0...body.count, using: &random)
        return Slice(start, Int.random(in: start...body.count, using: &random))
      }
      var arena = [UInt8]()
      try rig.spool.read(lane: id, sequence: request.sequence, slices: slices, into: &arena)
      if arena != slices.flatMap({ body[$0.range] }) { return "body of \(request.sequence)" }
    }
    let blocks = try rig.spool.decisions(lane: id, from: 0, limit: .max)
    if blocks.map(\.block) != lane.blocks.keys.sorted() { return "blocks \(blocks.map(\.block))" }
    for (block, bytes) in blocks where bytes != lane.blocks[block] { return "block \(block)" }
    let letters = try rig.spool.deadLetters(lane: id, limit: .max).map(\.letter)
    return letters == lane.letters.reversed() ? nil : "dead letters"
  }
}
