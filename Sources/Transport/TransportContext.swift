import NIOPosix
import Synchronization

/// What all connections of one server share.
final class TransportContext: Sendable {
  let limits: TransportLimits
  let receiver: any RequestReceiver
  let counters = TransportCounters()
  let budget: BodyBudget
  let addresses: AddressCounts
  /// Nil for cleartext.
  let tls: TLSCertificates?
  /// Takes bodies too large for an event loop; nil: everything stays on the loops.
  let workers: NIOThreadPool?
  /// Replies somebody still holds: while there are any, the event loops must not stop.
  let repliesOpen = Atomic(0)

  init(limits: TransportLimits, receiver: any RequestReceiver, tls: TLSCertificates?, workers: NIOThreadPool?) {
    self.limits = limits
    self.receiver = receiver
    self.tls = tls
    self.workers = workers
    budget = BodyBudget(bytesMax: limits.bodyBytesInFlightMax)
    addresses = AddressCounts(perAddressMax: limits.connectionsPerAddressMax)
  }

  /// Hands a request to the receiver: here when its body is small, else on a worker.
  func complete(_ head: RequestHead, body: [UInt8], reply: Reply) {
    let receiver = receiver
    if let workers, body.count > limits.inlineBodyBytesMax {
      workers.submit { _ in receiver.complete(head, body: body, reply: reply) }
    } else {
      receiver.complete(head, body: body, reply: reply)
    }
  }

  /// The answer to a request that nobody has room or time for.
  func unavailable(_ head: RequestHead?) -> Response {
    var response = receiver.refusal(head, status: 503, message: "busy; try again in a second")
    response.headers.append(("retry-after", "1"))
    return response
  }
}
