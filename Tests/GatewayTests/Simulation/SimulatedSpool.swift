import Bytes
import Spool
import Synchronization
import Telemetry

/// What is durable: it outlives every crash.
struct SimulatedDisk {
  struct Request {
    var append: Append
    var spans: [UInt64]
    var isDamaged = false
  }

  struct Lane {
    var key: String
    var requests: [UInt64: Request] = [:]
    var nextSequence: UInt64 = 1
    var blocks: [UInt64: [UInt8]] = [:]
    var letters: [DeadLetter] = []
  }

  var lanes: [Lane] = []
  /// In how many requests a span is stored.
  var copies: [UInt64: Int] = [:]
  /// Spans that were in a damaged request.
  var damaged = Set<UInt64>()

  var requests: Int { lanes.reduce(0) { $0 + $1.requests.count } }

  /// Stores a request; its lane and number.
  mutating func store(_ append: Append, spans: [UInt64]) -> (lane: LaneID, sequence: UInt64) {
    var place = lanes.firstIndex { $0.key == append.key }
    if place == nil {
      place = lanes.count
      lanes.append(Lane(key: append.key))
    }
    let lane = place ?? 0
    let sequence = lanes[lane].nextSequence
    lanes[lane].nextSequence += 1
    lanes[lane].requests[sequence] = Request(append: append, spans: spans)
    for span in spans { copies[span, default: 0] += 1 }
    return (LaneID(UInt32(lane + 1)), sequence)
  }

  mutating func delete(_ lane: LaneID, _ sequence: UInt64) -> Request? {
    guard let request = lanes[Int(lane.value) - 1].requests.removeValue(forKey: sequence) else { return nil }
    for span in request.spans { copies[span, default: 0] -= 1 }
    return request
  }
}

/// A spool whose disk is in memory and whose commits happen, fail or are cut off by a crash when the test says so.
final class SimulatedSpool: Spool {
  enum Step {
    case append(Append)
    case change(Change)
  }

  private struct State {
    var disk: SimulatedDisk
    var waiting: [Step] = []
    /// How many reads to come fail.
    var failingReads = 0
  }

  private let state: Mutex<State>

  init(_ disk: SimulatedDisk) { state = Mutex(State(disk: disk)) }

  /// What the next process finds, and the test looks at.
  var disk: SimulatedDisk { state.withLock { $0.disk } }
  func edit<Result>(_ body: (inout SimulatedDisk) -> Result) -> Result { state.withLock { body(&$0.disk) } }

  /// Everything that waits for a commit.
  func takeWaiting() -> [Step] {
    state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  func failReads(_ count: Int) { state.withLock { $0.failingReads = count } }

  func append(_ request: Append) -> Refusal? {
    state.withLock { $0.waiting.append(.append(request)) }
    return nil
  }

  func commit(_ change: Change) { state.withLock { $0.waiting.append(.change(change)) } }

  func lanes() throws(SpoolError) -> [(lane: LaneID, key: String)] {
    disk.lanes.enumerated().map { (LaneID(UInt32($0.offset + 1)), $0.element.key) }
  }

  func requests(lane: LaneID, after sequence: UInt64, limit: Int) throws(SpoolError) -> [StoredRequest] {
    try mayRead()
    let stored = disk.lanes[Int(lane.value) - 1].requests
    return stored.keys.sorted().lazy.filter { $0 > sequence }.prefix(limit).compactMap { number in
      guard let append = stored[number]?.append else { return nil }
      return StoredRequest(
        sequence: number, signal: append.signal, arrival: append.arrival, index: append.index,
        bodyCount: append.body.count)
    }
  }

  func read(lane: LaneID, sequence: UInt64, slices: [Slice], into arena: inout [UInt8]) throws(SpoolError) {
    try mayRead()
    guard let request = disk.lanes[Int(lane.value) - 1].requests[sequence] else {
      throw .corrupt(lane: lane, sequence: sequence, reason: "not there")
    }
    if request.isDamaged {
      throw .corrupt(lane: lane, sequence: sequence, reason: "wrong checksum")
    }
    for slice in slices { arena += request.append.body[slice.range] }
  }

  private func mayRead() throws(SpoolError) {
    let fails = state.withLock { state in
      defer { state.failingReads = max(0, state.failingReads - 1) }
      return state.failingReads > 0
    }
    if fails { throw .unusable(path: "simulated", reason: "the disk does not answer") }
  }

  func decisions(
    lane: LaneID, from block: UInt64, limit: Int
  ) throws(SpoolError) -> [(block: UInt64, bytes: [UInt8])] {
    let blocks = disk.lanes[Int(lane.value) - 1].blocks
    return blocks.keys.sorted().filter { $0 >= block }.prefix(limit).map { ($0, blocks[$0] ?? []) }
  }

  func deadLetters(lane: LaneID, limit: Int) throws(SpoolError) -> [StoredDeadLetter] { [] }

  var status: SpoolStatus {
    var status = SpoolStatus()
    status.requests = disk.requests
    return status
  }

  func close() {}
}
