import Spool
import Telemetry

/// Indexes of requests that were read last. Those of all requests with open traces would grow with the load and with the
/// backlog, so what is not here any more is read again; traces ripen about in the order in which they came, so that is
/// mostly once for a request.
struct IndexCache {
  /// Records of the indexes kept, some 50 bytes each; one index may have more.
  static let recordsMax = 32_768

  struct Key: Hashable {
    var lane: LaneID
    var sequence: UInt64
  }

  private var indexes: [Key: RequestIndex] = [:]
  /// Oldest first.
  private var order: [Key] = []
  private var oldest = 0
  private(set) var records = 0

  subscript(_ key: Key) -> RequestIndex? { indexes[key] }

  mutating func insert(_ index: RequestIndex, _ key: Key) {
    guard indexes.updateValue(index, forKey: key) == nil else { return }
    order.append(key)
    records += index.records.count
    while records > Self.recordsMax, oldest < order.count - 1 { forget(order[oldest]) }
  }

  private mutating func forget(_ key: Key) {
    oldest += 1
    records -= indexes.removeValue(forKey: key)?.records.count ?? 0
    if oldest * 2 > order.count {
      order.removeFirst(oldest)
      oldest = 0
    }
  }
}
