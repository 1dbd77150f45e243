import NIOCore
import Synchronization

/// The right to answer one request, once, from any thread. The first answer counts, later ones are ignored; a reply that
/// is dropped unanswered answers 503, so that no client waits for nothing.
package struct Reply: Sendable {
  let pending: PendingReply

  /// Sends the answer. False when the request was answered before.
  @discardableResult
  package func send(_ response: Response) -> Bool {
    guard pending.claim() else { return false }
    if pending.loop.inEventLoop {
      pending.connection.value.answer(response, to: pending.sequence)
    } else {
      let pending = pending
      pending.loop.execute { pending.connection.value.answer(response, to: pending.sequence) }
    }
    return true
  }

  /// Makes this request's share of the memory for bodies `bytes`, for one that is to become larger than it came
  /// (decompressed) or has become smaller; the rest is given back with the answer. False when there is no more.
  package func hold(_ bytes: Int) -> Bool { pending.hold(bytes) }

  /// Sends many answers and wakes each event loop once for all of its own: for a commit that settles many requests.
  package static func send(_ all: [(Reply, Response)]) {
    var perLoop: [(loop: any EventLoop, answers: [(PendingReply, Response)])] = []
    for (reply, response) in all where reply.pending.claim() {
      if let index = perLoop.firstIndex(where: { $0.loop === reply.pending.loop }) {
        perLoop[index].answers.append((reply.pending, response))
      } else {
        perLoop.append((reply.pending.loop, [(reply.pending, response)]))
      }
    }
    for (loop, answers) in perLoop {
      loop.execute {
        for (pending, response) in answers { pending.connection.value.answer(response, to: pending.sequence) }
      }
    }
  }
}

/// What stands behind a `Reply`: the way back to the connection, and the request's share of the body budget.
final class PendingReply: Sendable {
  let loop: any EventLoop
  let connection: NIOLoopBound<any Connection>
  let sequence: UInt32
  private let transport: TransportContext
  private let reservedBytes: Atomic<Int>
  private let answered = Atomic(false)

  /// Takes over `reservedBytes` of the budget. On the connection's event loop.
  init(
    _ transport: TransportContext, loop: any EventLoop, connection: any Connection, sequence: UInt32,
    reservedBytes: Int
  ) {
    self.transport = transport
    self.loop = loop
    self.connection = NIOLoopBound(connection, eventLoop: loop)
    self.sequence = sequence
    self.reservedBytes = Atomic(reservedBytes)
    transport.repliesOpen.add(1, ordering: .relaxed)
  }

  /// Whether the caller is the first to answer.
  func claim() -> Bool {
    !answered.exchange(true, ordering: .acquiringAndReleasing)
  }

  /// By whoever has the request, so never twice at a time.
  func hold(_ bytes: Int) -> Bool {
    let missing = bytes - reservedBytes.load(ordering: .relaxed)
    if missing < 0 { transport.budget.release(-missing) }
    guard missing <= 0 || transport.budget.reserve(missing) else { return false }
    reservedBytes.add(missing, ordering: .relaxed)
    return true
  }

  deinit {
    transport.budget.release(reservedBytes.load(ordering: .relaxed))
    if claim() {
      let (connection, sequence, transport) = (connection, sequence, transport)
      loop.execute {
        connection.value.answerUnavailable(to: sequence)
        transport.repliesOpen.subtract(1, ordering: .releasing)
      }
    } else {
      transport.repliesOpen.subtract(1, ordering: .releasing)
    }
  }
}
