import Synchronization

/// Project keys that PostHog refuses at the moment: delivery writes, intake asks. What comes with such a key could only
/// fill the spool, and whoever sends it had better know.
final class RefusedKeys: Sendable {
  private let keys = Mutex(Set<String>())

  func set(_ key: String?, _ isRefused: Bool) {
    guard let key else { return }
    keys.withLock { keys in
      if isRefused { keys.insert(key) } else { keys.remove(key) }
    }
  }

  func contains(_ key: String) -> Bool { keys.withLock { $0.contains(key) } }
}
