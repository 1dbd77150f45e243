import Glibc
import Synchronization

/// Gives back the memory of the map. Pages touched through LMDB's map count as this process's memory until told otherwise,
/// so a backlog written or drained would look like a leak of its size.
final class ResidentPages: Sendable {
  /// After this many touched bytes the pages go: little memory, yet few system calls.
  static let touchedMax = 8 << 20
  /// The kernel maps this much around a page that is touched.
  static let faultAround = 64 << 10

  // The map's addresses; none until `locate` has found them, and then nothing is given back.
  private let start = Atomic<Int>(0)
  private let end = Atomic<Int>(0)
  private let touched = Atomic<Int>(0)

  /// Looks for the mapping that `address` lies in, after it was made or replaced.
  func locate(_ address: Int) {
    let found = MappedRange.containing(address) ?? 0..<0
    // Without huge pages, or touching one page may map 2 MiB of what the system has cached around it.
    unsafe madvise(UnsafeMutableRawPointer(bitPattern: found.lowerBound), found.count, MADV_NOHUGEPAGE)
    start.store(found.lowerBound, ordering: .relaxed)
    end.store(found.upperBound, ordering: .relaxed)
  }

  /// The addresses of the map; empty if they were not found.
  var map: Range<Int> {
    let start = start.load(ordering: .relaxed)
    return start..<max(start, end.load(ordering: .relaxed))
  }

  /// A value of so many bytes was read. A large one has pages of its own, around which more is mapped; small ones stand
  /// together.
  func read(_ bytes: Int) {
    touch(bytes > Environment.pageBytes / 2 ? bytes + Self.faultAround : bytes)
  }

  /// So many bytes of the map were touched.
  func touch(_ bytes: Int) {
    let sum = touched.add(bytes, ordering: .relaxed).newValue
    if sum >= Self.touchedMax { drop() }
  }

  /// Harmless whatever else goes on: the pages stay in the system's cache and come back when touched.
  private func drop() {
    touched.store(0, ordering: .relaxed)
    let map = map
    if map.isEmpty { return }
    unsafe madvise(UnsafeMutableRawPointer(bitPattern: map.lowerBound), map.count, MADV_DONTNEED)
  }
}
