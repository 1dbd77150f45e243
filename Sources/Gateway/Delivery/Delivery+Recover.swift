import Spool
import Telemetry

/// After a start: what was decided before is remembered, what was not finished goes on.
extension Delivery {
  /// Reads the decision logs of all lanes. Requests are read afterwards, turn by turn, while new ones come in.
  func recover() throws(SpoolError) {
    for (id, key) in try spool.lanes() {
      open(id, key: key)
      guard var lane = lanes.removeValue(forKey: id) else { continue }
      // How far the stored requests go is known when reading finds no more.
      lane.tail = .max
      for (number, bytes) in try spool.decisions(lane: id, from: 0) {
        recover(number, bytes, &lane)
      }
      for (trace, parts) in lane.recovered {
        for part in parts where !part.isDone { lane.resumable.append((part.frozen.through, trace)) }
      }
      lane.resumable.sort { $0.through > $1.through }
      lanes[id] = lane
    }
  }

  private func recover(_ number: UInt64, _ bytes: [UInt8], _ lane: inout LaneState) {
    lane.nextBlock = max(lane.nextBlock, number + 1)
    var through: UInt64 = 0
    var reader = DecisionReader(bytes)
    do {
      while let entry = try reader.next() {
        switch entry {
        case .frozen(let frozen):
          through = max(through, frozen.through)
          // Frozen again by the start before this one: the same part.
          lane.recovered[frozen.trace, default: []].removeAll { !$0.isDone && $0.frozen.through == frozen.through }
          lane.recovered[frozen.trace, default: []].append(RecoveredTrace(frozen: frozen, isDone: false))
          lane.remembered.remember(frozen, spans: frozen.events.map(\.key))
        case .done(let trace, let part):
          through = max(through, part)
          if let place = lane.recovered[trace]?.firstIndex(where: { $0.frozen.through == part }) {
            lane.recovered[trace]?[place].isDone = true
            // What is finished needs no events any more.
            lane.recovered[trace]?[place].frozen.events = []
          }
        }
      }
    } catch {
      log.error("decision block \(number): \(error); its traces are judged anew, under the same uuids")
    }
    lane.note(block: number, through: through, clock: startedAt)
  }

  /// Goes on with recovered traces that have been read as far as they were frozen.
  func resume(_ lane: inout LaneState, isCaughtUp: Bool) {
    while let next = lane.resumable.last, isCaughtUp || next.through <= lane.cursor {
      lane.resumable.removeLast()
      guard lane.open[next.trace]?.frozenThrough == next.through else { continue }
      judge(next.trace, &lane)
    }
    if lane.resumable.isEmpty, isCaughtUp, !lane.recovered.isEmpty { lane.recovered = [:] }
  }
}

extension LaneState {
  /// Blocks written within this time are kept and forgotten together.
  private static let blocksTogether: UInt64 = 1_000_000_000

  /// Numbers a new block of the decision log.
  mutating func newBlock(through: UInt64) -> UInt64 {
    note(block: nextBlock, through: through, clock: clock)
    nextBlock += 1
    return nextBlock - 1
  }

  mutating func note(block: UInt64, through: UInt64, clock: UInt64) {
    if let last = blocks.last, clock < last.clock &+ Self.blocksTogether {
      blocks[blocks.count - 1].last = block
      blocks[blocks.count - 1].through = max(last.through, through)
    } else {
      blocks.append(DecisionBlocks(last: block, through: through, clock: clock))
    }
  }

  /// Blocks that nobody can need any more: no request is left that they speak of, and late spans have stopped coming.
  /// Returns the number below which all may go.
  mutating func forgetBlocks(keep: UInt64) -> UInt64? {
    guard let first = blocks.first, first.clock &+ keep &+ Self.blocksTogether < clock else { return nil }
    let lowest = requests.keys.min() ?? cursor &+ 1
    var count = 0
    while count < blocks.count, blocks[count].clock &+ keep &+ Self.blocksTogether < clock,
      blocks[count].through < lowest
    {
      count += 1
    }
    guard count > 0 else { return nil }
    let below = blocks[count - 1].last + 1
    blocks.removeFirst(count)
    return below
  }
}
