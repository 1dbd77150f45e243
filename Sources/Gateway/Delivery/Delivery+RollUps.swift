import Sampling
import Spool

/// A checkpoint of a lane's sampling that waits for its commit.
struct PendingCheckpoint {
  var lane: LaneID
  var block: UInt64
  var covers: UInt64
  /// Roll-ups that it holds and no checkpoint before it did.
  var parts: Set<UInt64>
}

/// The sums of what was left out: written to disk with what they sum, then sent.
extension Delivery {
  /// Adds what a frozen trace leaves out to its lane's roll-ups, now that it is durable. False if it leaves out nothing. A
  /// retried dead letter told it before.
  func noteLeftOut(_ token: UInt64) -> Bool {
    guard let going = outgoing[token], !going.isRetry, !going.frozen.leftOut.amounts.isEmpty,
      let lane = lanes[going.lane], let amounts = try? LeftOutAmounts(going.frozen.leftOut.amounts)
    else { return false }
    amounts.apply(to: &lane.sampling.table, at: lane.clock)
    return true
  }

  /// What is known of a lane's sampling, to be written to a block.
  func checkpoint(_ lane: LaneState, in block: UInt64) -> SamplingCheckpoint {
    let sampling = lane.sampling
    newCheckpoints.append(
      PendingCheckpoint(lane: lane.lane, block: block, covers: sampling.covers, parts: sampling.unsaved))
    sampling.unsaved.removeAll()
    sampling.isChanged = false
    // All rows are written; which of them changed is of no use here.
    _ = sampling.table.takeChangedRows()
    sampling.savedAt = lane.clock
    return SamplingCheckpoint(covers: sampling.covers, state: SamplingState(sampling).encoded())
  }

  /// Checkpoints are durable: the roll-ups in them may go out.
  func checkpointed(_ token: UInt64) {
    for saved in checkpoints.removeValue(forKey: token) ?? [] {
      guard let sampling = lanes[saved.lane]?.sampling else { continue }
      sampling.saved(in: saved.block, covers: saved.covers)
      sampling.ready.formUnion(saved.parts)
    }
  }

  /// Roll-ups of one lane on their way at once: a few requests.
  private static let rollUpsMax = 500

  func sendRollUps(_ lane: inout LaneState) {
    let sampling = lane.sampling
    while sampling.sending < Self.rollUpsMax, let part = sampling.ready.popFirst() {
      guard let event = sampling.closed[part] else { continue }
      let token = Self.sideTokens | nextToken
      nextToken += 1
      sideEvents[token] = (lane.lane, part)
      sampling.sending += 1
      sampling.sampler.spend(events: 1, at: lane.clock)
      sink.enqueue(lane.lane, event, token: token)
    }
  }

  /// Anomalies on their way at once; what is more is counted in metrics alone.
  private static let anomaliesMax = 1_000

  /// Keeps more of what is unusual, and tells of it.
  func tellAnomalies(_ lane: inout LaneState) {
    guard lane.sampling.isActive, let due = lane.sampling.anomalies.nextDue, due <= lane.clock else { return }
    if lane.sampling.hasWatched { lane.sampling.isChanged = true }
    lane.sampling.hasWatched = false
    for anomaly in lane.sampling.anomalies.tick(at: lane.clock) {
      metrics.series(.anomalies, anomaly.kind.rawValue).add(1)
      if case .pattern(let pattern) = anomaly.subject {
        lane.sampling.sampler.boost(pattern: pattern, until: lane.clock + Anomaly.boostLength, at: lane.clock)
      }
      let name = name(of: anomaly)
      recentAnomalies?.add(anomaly, name: name)
      if sideEvents.count >= Self.anomaliesMax { continue }
      let event = SideEvent(anomaly, name: name, instance: lane.sampling.instance)
      let token = Self.sideTokens | nextToken
      nextToken += 1
      sideEvents[token] = (lane.lane, nil)
      sink.enqueue(lane.lane, event, token: token)
      lane.sampling.sampler.spend(events: 1, at: lane.clock)
    }
  }

  func handOverTally() {
    let counted = tally.take(at: clock())
    tellTraffic?(counted.map { CountedPattern($0.key, $0.value, name: patterns.name(of: $0.key)) })
  }

  private func name(of anomaly: Anomaly) -> String {
    switch anomaly.subject {
    case .pattern(let pattern): patterns.name(of: pattern)
    case .service(let label): label.text
    }
  }

  /// Tokens of Hoglet's own events; those of traces are small.
  private static let sideTokens: UInt64 = 1 << 63

  func settleSideEvents(_ tokens: ArraySlice<UInt64>) {
    for token in tokens {
      guard let (lane, part) = sideEvents.removeValue(forKey: token), let sampling = lanes[lane]?.sampling else {
        continue
      }
      // Anomalies are told once, and not again after a crash.
      guard let part else { continue }
      sampling.sending -= 1
      sampling.closed[part] = nil
      sampling.isChanged = true
    }
  }

  /// PostHog refuses one for good.
  func burySideEvent(_ token: UInt64, _ status: UInt16, _ reason: String, _ event: [UInt8]) {
    guard let lane = sideEvents[token]?.lane else { return }
    lanes[lane]?.deadLetters.append(DeadLetter(time: clock(), status: status, reason: reason, event: event))
    settleSideEvents([token])
  }

  // MARK: After a start

  /// Goes on from the last checkpoint, and with what was left out since.
  func recoverSampling(_ lane: inout LaneState) {
    if let (block, state) = lane.checkpoint {
      do {
        lane.sampling = LaneSampling(
          try SamplingState.decoded(state.state, policy: sampling.policy), covers: state.covers)
        lane.sampling.saved(in: block, covers: state.covers)
        lane.sampling.ready = Set(lane.sampling.closed.keys)
      } catch {
        log.error("what was known of sampling cannot be read (\(error)); roll-ups of its last minutes are lost")
      }
    }
    let covered = lane.sampling.covers
    for (block, bytes) in lane.leftOutInLog where block > covered {
      guard let amounts = try? LeftOutAmounts(bytes) else { continue }
      amounts.apply(to: &lane.sampling.table, at: startedAt)
      lane.sampling.cover(max(lane.sampling.covers, block), leavesOut: true)
    }
    lane.sampling.isWatching = sampling.isWatching
    // What was usual when it was counted last is not silent now that it is not.
    if !lane.sampling.isActive { lane.sampling.anomalies = AnomalyDetector() }
    (lane.checkpoint, lane.leftOutInLog) = (nil, [])
  }

  /// Every trace from now on is sampled by another policy.
  func adopt(_ policy: SamplingPolicy) {
    sampling.policy = policy
    sampling.isWatching = true
    for lane in lanes.values {
      lane.sampling.sampler.apply(policy)
      lane.sampling.isWatching = true
    }
  }
}
