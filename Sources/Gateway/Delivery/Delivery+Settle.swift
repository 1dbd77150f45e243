import Bytes
import Spool
import Telemetry

/// From what the sink took to what the spool may forget.
extension Delivery {
  func settle(_ outcome: SinkOutcome) {
    switch outcome {
    case .delivered(let tokens):
      // A trace's events are sent in a row, so they mostly come back in one.
      var start = 0
      while start < tokens.count {
        let end = tokens[start...].firstIndex { $0 != tokens[start] } ?? tokens.count
        if sideEvents[tokens[start]] == nil {
          settle(tokens[start], delivered: end - start, dead: 0)
        } else {
          settleSideEvents(tokens[start..<end])
        }
        start = end
      }
    case .unwanted(let tokens):
      for token in tokens { settleUnwantedLogs(token) }
    case .dead(let token, let status, let reason, let event):
      if sideEvents[token] != nil { return burySideEvent(token, status, reason, event) }
      if LogPieces.isPiece(event) || LogEvents.isEvent(event) { return buryLogs(token, status, reason, event) }
      guard let going = outgoing[token], let lane = lanes[going.lane] else { return }
      let source = deadLetterSource(of: event, going, lane)
      outgoing[token]?.letters.append(
        DeadLetter(time: clock(), status: status, reason: reason, event: event, source: source))
      settle(token, delivered: 0, dead: 1)
    }
  }

  func settle(_ token: UInt64, delivered: Int, dead: Int) {
    let left = outgoing[token]?.settle(delivered: delivered, dead: dead)
    guard left == 0, let going = outgoing.remove(token) else { return }
    outstandingBytes -= going.bytes
    guard var lane = lanes.removeValue(forKey: going.lane) else { return }
    lane.outstandingBytes -= going.bytes
    lane.outstandingLogBytes -= going.logBytes
    lane.window = min(lane.window + going.bytes, DeliveryLimits.outstandingBytesMax)
    if !going.isRetry { lane.finished.append((going.frozen.trace, going.frozen.through)) }
    // In one commit with the trace's end: of two, the second may be stored and the first not.
    lane.deadLetters += going.letters
    finish(going.units, going.settled, &lane)
    lanes[going.lane] = lane
  }

  /// Marks units as finished and counts their records; a request without unfinished units may go.
  func finish(_ units: [UnitReference], _ counts: SettledRecords, _ lane: inout LaneState) {
    counts.count(in: lane.metrics)
    for reference in units {
      guard let left = lane.requests[reference.sequence]?.unitsLeft else { continue }
      if left > 1 {
        lane.requests[reference.sequence]?.unitsLeft = left - 1
      } else {
        let isDamaged = lane.requests.removeValue(forKey: reference.sequence)?.isDamaged == true
        if isDamaged {
          lane.damagedRequests.append(reference.sequence)
        } else {
          lane.finishedRequests.append(reference.sequence)
        }
      }
    }
  }

  /// Commits finished traces and deleted requests, one change for all lanes.
  func commitSettled() {
    var changes: [LaneChange] = []
    for id in lanes.keys.sorted() {
      guard var lane = lanes.removeValue(forKey: id) else { continue }
      if let change = settled(&lane) { changes.append(change) }
      lanes[id] = lane
    }
    settledAt = clock()
    guard !changes.isEmpty else { return }
    let change = Change(token: nextToken, lanes: changes)
    nextToken += 1
    settling[change.token] = change
    checkpoints[change.token] = newCheckpoints.isEmpty ? nil : newCheckpoints
    newCheckpoints.removeAll()
    spool.commit(change)
  }

  private func settled(_ lane: inout LaneState) -> LaneChange? {
    var change = LaneChange(lane: lane.lane)
    let isCheckpointDue = lane.sampling.isCheckpointDue(at: lane.clock)
    if !lane.finished.isEmpty || isCheckpointDue {
      var block = ByteBuffer()
      for trace in lane.finished { block.append(.done(trace: trace.trace, through: trace.through)) }
      let number = lane.newBlock(through: lane.finished.map(\.through).max() ?? 0)
      if isCheckpointDue { block.append(.sampling(checkpoint(lane, in: number))) }
      change.decisions = (number, block.array())
      lane.finished.removeAll(keepingCapacity: true)
    }
    change.finishedRequests = lane.finishedRequests
    lane.finishedRequests.removeAll(keepingCapacity: true)
    change.damagedRequests = lane.damagedRequests
    lane.damagedRequests.removeAll()
    change.deadLetters = lane.deadLetters
    lane.deadLetters.removeAll()
    change.decisionsBelow = lane.forgetBlocks(keep: ripeness.max)
    let isEmpty =
      change.decisions == nil && change.finishedRequests.isEmpty && change.damagedRequests.isEmpty
      && change.deadLetters.isEmpty
      && change.decisionsBelow == nil
    return isEmpty ? nil : change
  }
}
