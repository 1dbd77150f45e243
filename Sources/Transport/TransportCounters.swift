import Synchronization

/// What a server has counted so far.
package struct TransportCounts: Sendable, Equatable {
  /// Connections open now, and opened and refused (over a limit) since the start.
  package var connectionsOpen = 0, connectionsOpened = 0, connectionsRefused = 0
  /// TLS connections whose handshake succeeded, and failed or took too long.
  package var handshakes = 0, handshakesFailed = 0
  /// Answers by the first digit of their status.
  package var answers2xx = 0, answers3xx = 0, answers4xx = 0, answers5xx = 0
  /// Bytes read from clients, heads included.
  package var bytesIn = 0
  /// Bytes of bodies held now, of `TransportLimits.bodyBytesInFlightMax`.
  package var bodyBytesInFlight = 0

  package init() {}
}

/// The counters themselves. Relaxed: each is exact, together they are no snapshot.
final class TransportCounters: Sendable {
  let connectionsOpen = Atomic(0)
  let connectionsOpened = Atomic(0)
  let connectionsRefused = Atomic(0)
  let bytesIn = Atomic(0)
  let handshakes = Atomic(0)
  let handshakesFailed = Atomic(0)
  private let answers2xx = Atomic(0)
  private let answers3xx = Atomic(0)
  private let answers4xx = Atomic(0)
  private let answers5xx = Atomic(0)

  func answered(_ status: UInt16) {
    switch status {
    case ..<300: answers2xx.add(1, ordering: .relaxed)
    case ..<400: answers3xx.add(1, ordering: .relaxed)
    case ..<500: answers4xx.add(1, ordering: .relaxed)
    default: answers5xx.add(1, ordering: .relaxed)
    }
  }

  func counts(budget: BodyBudget) -> TransportCounts {
    var counts = TransportCounts()
    counts.connectionsOpen = connectionsOpen.load(ordering: .relaxed)
    counts.connectionsOpened = connectionsOpened.load(ordering: .relaxed)
    counts.connectionsRefused = connectionsRefused.load(ordering: .relaxed)
    counts.handshakes = handshakes.load(ordering: .relaxed)
    counts.handshakesFailed = handshakesFailed.load(ordering: .relaxed)
    counts.answers2xx = answers2xx.load(ordering: .relaxed)
    counts.answers3xx = answers3xx.load(ordering: .relaxed)
    counts.answers4xx = answers4xx.load(ordering: .relaxed)
    counts.answers5xx = answers5xx.load(ordering: .relaxed)
    counts.bytesIn = bytesIn.load(ordering: .relaxed)
    counts.bodyBytesInFlight = budget.bytesUsed
    return counts
  }
}
