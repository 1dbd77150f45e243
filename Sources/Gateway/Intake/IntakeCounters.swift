import Synchronization

/// What intake has seen since start.
package final class IntakeCounters: Sendable {
  private let requestCount = Atomic<Int>(0)
  private let refusalCount = Atomic<Int>(0)
  private let recordCount = Atomic<Int>(0)
  private let rejectedCount = Atomic<Int>(0)
  private let byteCount = Atomic<Int>(0)

  package init() {}

  func received(records: Int, rejected: Int, bytes: Int) {
    requestCount.wrappingAdd(1, ordering: .relaxed)
    recordCount.wrappingAdd(records, ordering: .relaxed)
    rejectedCount.wrappingAdd(rejected, ordering: .relaxed)
    byteCount.wrappingAdd(bytes, ordering: .relaxed)
  }

  func refused() { refusalCount.wrappingAdd(1, ordering: .relaxed) }

  /// Requests that decoded.
  package var requests: Int { requestCount.load(ordering: .relaxed) }
  /// Requests that were answered with an error after their body was read.
  package var refusals: Int { refusalCount.load(ordering: .relaxed) }
  package var records: Int { recordCount.load(ordering: .relaxed) }
  /// Records refused by partial success.
  package var rejected: Int { rejectedCount.load(ordering: .relaxed) }
  /// Bytes of OTLP protobuf.
  package var bytes: Int { byteCount.load(ordering: .relaxed) }
}
