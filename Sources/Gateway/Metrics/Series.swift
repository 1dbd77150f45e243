internal import Synchronization

/// One number of a metric: what the data path holds on to and adds to, without locks.
package final class Series: Sendable {
  private let value = Atomic<Int>(0)

  init() {}

  package func add(_ amount: Int = 1) {
    value.wrappingAdd(amount, ordering: .relaxed)
  }

  package func set(_ amount: Int) {
    value.store(amount, ordering: .relaxed)
  }

  package var current: Int { value.load(ordering: .relaxed) }
}
