import Logging
import Mapping
import Spool
import Synchronization
import Telemetry

/// Runs delivery on a thread of its own until it is told to stop.
final class DeliveryThread: Sendable {
  private struct Orders {
    var isStopping = false
    /// Nanoseconds since 1970.
    var deadline: UInt64 = 0
  }

  private let orders = Mutex(Orders())
  private let thread = Mutex<BackgroundThread?>(nil)
  private let wake: @Sendable () -> Void
  private let clock: @Sendable () -> UInt64

  init(wake: @escaping @Sendable () -> Void, clock: @escaping @Sendable () -> UInt64) {
    self.wake = wake
    self.clock = clock
  }

  /// Starts the thread, which owns `delivery` from now on. Returns false if the system gives no thread.
  func start(_ delivery: sending Delivery) -> Bool {
    // Handed over: nobody else touches it once the thread runs.
    nonisolated(unsafe) let delivery = delivery
    let started = BackgroundThread { [self] in
      while !orders.withLock({ $0.isStopping }) { unsafe delivery.turn(mayWait: true) }
      unsafe delivery.sink.flush()
      let deadline = orders.withLock { $0.deadline }
      while clock() < deadline {
        unsafe delivery.turn(mayWait: !delivery.isIdle, commitsAtOnce: true)
        if unsafe delivery.isIdle { break }
      }
    }
    thread.withLock { $0 = started }
    return started != nil
  }

  /// Sends what is ready until `deadline`, then ends. What is not ready stays in the spool.
  func stop(deadline: UInt64) {
    orders.withLock { $0 = Orders(isStopping: true, deadline: deadline) }
    wake()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }
}
