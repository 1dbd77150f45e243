import NIOPosix
import Synchronization

/// What all connections of one server share.
final class TransportContext: Sendable {
  let limits: TransportLimits
  let receiver: any RequestReceiver
  let counters = TransportCounters()
  let budget: BodyBudget
  let addresses: AddressCounts
  /// Takes bodies too large for an event loop; nil: everything stays on the loops.
  let workers: NIOThreadPool?
  /// Replies somebody still holds: while there are any, the event loops must not stop.
  let repliesOpen = Atomic(0)

  init(limits: TransportLimits, receiver: any RequestReceiver, workers: NIOThreadPool?) {
    self.limits = limits
    self.receiver = receiver
    self.workers = workers
    budget = BodyBudget(bytesMax: limits.bodyBytesInFlightMax)
    addresses = AddressCounts(perAddressMax: limits.connectionsPerAddressMax)
  }
}
