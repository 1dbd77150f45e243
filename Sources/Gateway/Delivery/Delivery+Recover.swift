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
      let oldest = try spool.requests(lane: id, after: 0, limit: 1).first?.sequence ?? .max
      var next: UInt64 = 0
      while case let blocks = try spool.decisions(lane: id, from: next, limit: Self.blocksAtOnce), !blocks.isEmpty {
        for (number, bytes) in blocks { recover(number, bytes, oldest: oldest, &lane) }
        next = lane.nextBlock
      }
      recoverSampling(&lane)
      for (trace, parts) in lane.recovered {
        for part in parts where !part.isDone { lane.resumable.append((part.frozen.through, trace)) }
      }
      lane.resumable.sort { $0.through > $1.through }
      lanes[id] = lane
    }
  }

  /// Blocks of the decision log in memory at once; each is some ten kilobytes.
  private static let blocksAtOnce = 64

  private func recover(_ number: UInt64, _ bytes: [UInt8], oldest: UInt64, _ lane: inout LaneState) {
    lane.nextBlock = max(lane.nextBlock, number + 1)
    var through: UInt64 = 0
    var reader = DecisionReader(bytes)
    do {
      while let entry = try reader.next() {
        switch entry {
        case .frozen(let frozen):
          through = max(through, frozen.through)
          if !frozen.leftOut.amounts.isEmpty { lane.leftOutInLog.append((number, frozen.leftOut.amounts)) }
          let place = takeBack(frozen, &lane)
          let parts = lane.recovered[frozen.trace] ?? []
          if let again = parts.firstIndex(where: { !$0.isDone && $0.frozen.through == frozen.through }) {
            // Frozen again by the start before this one: the same part, in its place, for a request belongs to the first
            // part that reaches so far.
            lane.recovered[frozen.trace]?[again].frozen = frozen
          } else {
            let isLate = lane.remembered[frozen.trace]?.decision.isKept == true
            let part = RecoveredTrace(frozen: frozen, isLate: isLate)
            lane.recovered[frozen.trace, default: []].insert(part, at: place ?? parts.count)
          }
          // Of log records alone there is nothing that late spans take.
          if !frozen.events.isEmpty || !frozen.leftOut.spans.isEmpty {
            remember(frozen, spans: frozen.events.map(\.key) + frozen.leftOut.spans, &lane)
          }
        case .done(let trace, let part):
          through = max(through, part)
          if let place = lane.recovered[trace]?.firstIndex(where: { $0.frozen.through == part }) {
            lane.recovered[trace]?[place].isDone = true
            // What is finished needs no events any more.
            lane.recovered[trace]?[place].frozen.events = []
          }
          // With its requests gone nobody will ask.
          lane.recovered[trace]?.removeAll { $0.isDone && $0.frozen.through < oldest }
          if lane.recovered[trace]?.isEmpty == true { lane.recovered[trace] = nil }
        case .sampling(let checkpoint):
          lane.checkpoint = (number, checkpoint)
          lane.leftOutInLog.removeAll { $0.block <= checkpoint.covers }
        }
      }
    } catch {
      log.error("decision block \(number): \(error); its traces are judged anew, under the same uuids")
    }
    lane.note(block: number, through: through, clock: startedAt)
  }

  /// A trace that goes out after all holds the parts that were left out before, and takes their place: that of the first.
  private func takeBack(_ frozen: FrozenTrace, _ lane: inout LaneState) -> Int? {
    guard let parts = lane.recovered[frozen.trace], !frozen.leftOut.takesBack.isEmpty else { return nil }
    let isTaken = { (part: RecoveredTrace) in
      !part.frozen.decision.isKept && frozen.leftOut.takesBack.contains(part.frozen.through)
    }
    let place = parts.firstIndex(where: isTaken)
    lane.recovered[frozen.trace]?.removeAll(where: isTaken)
    return place
  }

  /// Goes on with recovered traces that have been read as far as they were frozen.
  func resume(_ lane: inout LaneState, isCaughtUp: Bool) {
    while let next = lane.resumable.last, isCaughtUp || next.through <= lane.cursor {
      lane.resumable.removeLast()
      guard lane.open[next.trace]?.frozenThrough == next.through else { continue }
      judge(next.trace, &lane)
    }
    guard lane.resumable.isEmpty, isCaughtUp, !lane.recovered.isEmpty else { return }
    // A trace that could not be read so far still needs what was frozen of it.
    if lane.unreadLogs.isEmpty, !lane.open.values.contains(where: { $0.frozenThrough != nil }) { lane.recovered = [:] }
  }
}

extension LaneState {
  /// Blocks written within this time are kept and forgotten together.
  private static let blocksTogether: UInt64 = 1_000_000_000
  /// Seconds whose blocks one commit deletes: after a backlog there are thousands of blocks, and each touches pages of the
  /// store. More than come, so that none stay.
  private static let secondsForgotten = 8

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
    while count < min(blocks.count, Self.secondsForgotten), blocks[count].clock &+ keep &+ Self.blocksTogether < clock,
      blocks[count].through < lowest
    {
      count += 1
    }
    if let needed = sampling.blocksNeeded {
      let wanted = count
      while count > 0, blocks[count - 1].last >= needed { count -= 1 }
      // A new checkpoint lets the old one go, and all that stands behind it.
      if wanted - count > 1 { sampling.isChanged = true }
    }
    guard count > 0 else { return nil }
    let below = blocks[count - 1].last + 1
    blocks.removeFirst(count)
    return below
  }
}
