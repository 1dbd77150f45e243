import NIOCore

/// The connections of one event loop, and its clock. Used on that loop only.
///
/// Timeouts are a time stored in each connection and one sweep over all of them four times a second: arming and
/// cancelling a timer for every phase of every request would cost more than the requests do.
final class LoopConnections {
  /// The time of the last sweep; what deadlines are reckoned from, so that no request reads the clock.
  private(set) var now = NIODeadline.now()
  private(set) var isDraining = false
  private var connections: [ObjectIdentifier: any Connection] = [:]
  private var whenEmpty: EventLoopPromise<Void>?

  func add(_ connection: any Connection) {
    connections[ObjectIdentifier(connection)] = connection
  }

  func remove(_ connection: any Connection) {
    connections[ObjectIdentifier(connection)] = nil
    if connections.isEmpty { finishDraining() }
  }

  func sweep() {
    now = .now()
    for connection in connections.values { connection.sweep(now: now) }
  }

  /// Ends every connection after what it is doing; `promise` succeeds when none is left.
  func drain(_ promise: EventLoopPromise<Void>) {
    isDraining = true
    whenEmpty = promise
    for connection in connections.values { connection.quiesce() }
    if connections.isEmpty { finishDraining() }
  }

  /// Ends every connection now.
  func abort() {
    for connection in connections.values { connection.abort() }
  }

  private func finishDraining() {
    whenEmpty?.succeed()
    whenEmpty = nil
  }
}
