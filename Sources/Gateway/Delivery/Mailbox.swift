import Mapping
import Sampling
import Spool
import Synchronization
import Telemetry

/// What the spool's writer and signal handlers leave for the delivery thread.
final class Mailbox: Sendable {
  struct Letters {
    /// The highest request stored in each lane since the last look.
    var tails: [LaneID: UInt64] = [:]
    /// Accepted records of those requests, by lane and signal.
    var accepted: [Accepted: Int] = [:]
    var changes: [(token: UInt64, isDurable: Bool)] = []
    /// Lanes into which somebody else put requests.
    var grown = Set<LaneID>()
    /// Lanes that are blocked are to be tried at once.
    var unblocks = false
    /// Mappings for every trace from now on.
    var program: Program?
    /// The policy by which every trace from now on is sampled.
    var policy: SamplingPolicy?
  }

  struct Accepted: Hashable {
    var lane: LaneID
    var signal: Signal
  }

  private let letters = Mutex(Letters())

  func stored(_ lane: LaneID, _ sequence: UInt64, _ signal: Signal, records: Int) {
    letters.withLock {
      $0.tails[lane] = max($0.tails[lane] ?? 0, sequence)
      $0.accepted[Accepted(lane: lane, signal: signal), default: 0] += records
    }
  }

  func changed(_ outcomes: [(token: UInt64, isDurable: Bool)]) {
    letters.withLock { $0.changes += outcomes }
  }

  /// To be told after a change with `LaneChange.retriedLetters` is durable.
  func grew(_ lane: LaneID) { letters.withLock { _ = $0.grown.insert(lane) } }

  func unblock() { letters.withLock { $0.unblocks = true } }

  func adopt(_ program: Program) { letters.withLock { $0.program = program } }

  func adopt(_ policy: SamplingPolicy) { letters.withLock { $0.policy = policy } }

  func take() -> Letters {
    letters.withLock { letters in
      let taken = letters
      letters = Letters()
      return taken
    }
  }
}
