internal import Glibc
internal import Synchronization

/// Gives back the memory of what was read. Pages read through LMDB's map count as this process's memory until told
/// otherwise, so a drained backlog would look like a leak of its size.
final class ResidentPages: Sendable {
  /// After this many touched bytes the pages go: little memory, yet few system calls.
  static let touchedMax = 8 << 20
  /// The kernel maps this much around a page that is touched.
  static let faultAround = 64 << 10

  // The range of the map that was ever read; only read transactions report to it, whose pointers are all in the map.
  // Signed: `Atomic<UInt>.min` compares as signed numbers in Swift 6.3, and addresses are positive anyway.
  private let low = Atomic<Int>(.max)
  private let high = Atomic<Int>(0)
  private let touched = Atomic<Int>(0)

  /// A value in the map was read, of a read transaction (one of a write transaction may lie outside of the map).
  /// `touching` says how many of its bytes if not all.
  func read(_ value: UnsafeRawBufferPointer, touching bytes: Int? = nil) {
    guard let base = value.baseAddress else { return }
    let start = Int(bitPattern: base)
    low.min(start, ordering: .relaxed)
    high.max(start + value.count, ordering: .relaxed)
    touch(bytes ?? value.count)
  }

  /// Pages of the map were touched in some other way, as by deleting.
  func touch(_ bytes: Int) {
    let sum = touched.add(bytes, ordering: .relaxed).newValue
    if sum >= Self.touchedMax { drop() }
  }

  /// The map is about to be replaced: forget where it was.
  func forget() {
    low.store(.max, ordering: .relaxed)
    high.store(0, ordering: .relaxed)
    touched.store(0, ordering: .relaxed)
  }

  /// Harmless whatever else goes on: the pages stay in the system's cache and come back when touched.
  private func drop() {
    touched.store(0, ordering: .relaxed)
    let page = Environment.pageBytes
    let start = low.load(ordering: .relaxed) / page * page
    let end = (high.load(ordering: .relaxed) + page - 1) / page * page
    guard start < end else { return }
    unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), end - start, MADV_DONTNEED)
  }
}
