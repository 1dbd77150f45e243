import Synchronization

/// The memory all bodies of a server may hold together. Peers that limit each request alone still run out of memory.
final class BodyBudget: Sendable {
  private let bytesMax: Int
  private let used = Atomic(0)

  init(bytesMax: Int) {
    self.bytesMax = bytesMax
  }

  var bytesUsed: Int { used.load(ordering: .relaxed) }

  /// Takes `bytes` out of the budget; false when they are not there.
  func reserve(_ bytes: Int) -> Bool {
    let (_, after) = used.add(bytes, ordering: .relaxed)
    if after <= bytesMax { return true }
    used.subtract(bytes, ordering: .relaxed)
    return false
  }

  func release(_ bytes: Int) {
    if bytes == 0 { return }
    let (_, after) = used.subtract(bytes, ordering: .relaxed)
    assert(after >= 0, "released more than was reserved")
  }
}
