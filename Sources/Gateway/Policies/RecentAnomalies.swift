import Sampling
import Synchronization

/// The anomalies of late, for whoever asks: delivery tells them, the policy API shows them. Since the start only; the
/// events `hoglet_anomaly` are the lasting record.
final class RecentAnomalies: Sendable {
  struct Entry: Sendable {
    var anomaly: Anomaly
    /// The pattern's constant words, or the service.
    var name: String
  }

  /// A page that people still read; the oldest leave.
  static let entriesMax = 1_000

  private let entries = Mutex<[Entry]>([])

  func add(_ anomaly: Anomaly, name: String) {
    entries.withLock { entries in
      if entries.count == Self.entriesMax { entries.removeFirst() }
      entries.append(Entry(anomaly: anomaly, name: name))
    }
  }

  /// Newest first.
  func newest(_ limit: Int) -> [Entry] { entries.withLock { $0.suffix(limit).reversed() } }

  /// Patterns that behaved oddly since `minute`, as they are named in policies.
  func patterns(since minute: UInt64) -> Set<String> {
    entries.withLock { entries in
      Set(
        entries.compactMap { entry in
          guard entry.anomaly.minute >= minute, case .pattern(let id) = entry.anomaly.subject else { return nil }
          return PatternID(id).description
        })
    }
  }
}
