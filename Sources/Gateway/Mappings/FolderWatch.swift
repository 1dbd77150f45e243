import Synchronization

/// The thread of somebody who reads files again when they change or when told to, and how it is told and stopped.
final class FolderWatch: Sendable {
  private struct Orders {
    var isStopping = false
    var isReloadAsked = false
  }

  let events = FolderEvents()
  private let orders = Mutex(Orders())
  private let thread = Mutex<BackgroundThread?>(nil)

  /// Editors and copies write in several steps: the folders must be quiet for so long, in milliseconds.
  static let quiet: UInt64 = 100
  /// A folder that is never quiet is read all the same, after so many times `quiet`.
  static let quietRoundsMax = 20
  /// How often files are looked at beside the kernel's word, which does not reach across network file systems.
  static let interval: UInt64 = 10_000
  /// The same where the kernel gives no word at all.
  static let intervalUnwatched: UInt64 = 1_000

  /// Runs `body`, which ends when `isReloadAsked()` is nil; false if the system gives no thread.
  func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let started = BackgroundThread(body)
    thread.withLock { $0 = started }
    return started != nil
  }

  func reload() {
    orders.withLock { $0.isReloadAsked = true }
    events.wake()
  }

  /// Waits until `body` has returned.
  func stop() {
    orders.withLock { $0.isStopping = true }
    events.wake()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  // MARK: For the thread

  /// Whether `reload` was called since this was asked last; nil when the thread is to end.
  func isReloadAsked() -> Bool? {
    orders.withLock { orders in
      defer { orders.isReloadAsked = false }
      return orders.isStopping ? nil : orders.isReloadAsked
    }
  }

  /// Waits until a folder changes, somebody asks, or it is time to look anyhow. True if a folder changed.
  func wait() -> Bool { events.wait(milliseconds: events.isWatching ? Self.interval : Self.intervalUnwatched) }

  /// The folder that something stands in.
  static func parent(of path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }

  func waitForQuiet() {
    for _ in 0..<Self.quietRoundsMax {
      guard events.wait(milliseconds: Self.quiet), !orders.withLock({ $0.isStopping }) else { return }
    }
  }
}
