import Synchronization

/// Wakes the delivery thread, once there is something to wake. From any thread.
final class Bell: Sendable {
  /// Around the closure, because a closure that is itself a generic argument (`Mutex<() -> Void>`) is wrapped once more
  /// each time it is read: the chain of wrappers grows with every ring, until calling it ends the stack.
  private struct Clapper {
    var strike: @Sendable () -> Void
  }

  private let clapper = Mutex<Clapper?>(nil)

  func set(_ strike: @escaping @Sendable () -> Void) { clapper.withLock { $0 = Clapper(strike: strike) } }
  func ring() { clapper.withLock { $0 }?.strike() }
}
