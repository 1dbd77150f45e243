import Glibc
import Synchronization

/// Gives back the memory of the map. Pages touched through LMDB's map count as this process's memory until told otherwise,
/// so a backlog written or drained would look like a leak of its size.
final class ResidentPages: Sendable {
  /// When the process has this many bytes of files in memory more than at the last look, those of the map go: little
  /// memory, yet few system calls.
  static let grownMax = 4 << 20

  // The map's addresses; none until `locate` has found them, and then nothing is given back.
  private let start = Atomic<Int>(0)
  private let end = Atomic<Int>(0)
  /// Bytes of files in memory when the pages of the map were not.
  private let bare = Atomic<Int>(0)
  private let statistics = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)

  deinit { close(statistics) }

  /// Looks for the mapping that `address` lies in, after it was made or replaced.
  func locate(_ address: Int) {
    let found = MappedRange.containing(address) ?? 0..<0
    // Without huge pages, or touching one page may map 2 MiB of what the system has cached around it.
    unsafe madvise(UnsafeMutableRawPointer(bitPattern: found.lowerBound), found.count, MADV_NOHUGEPAGE)
    start.store(found.lowerBound, ordering: .relaxed)
    end.store(found.upperBound, ordering: .relaxed)
    bare.store(fileBytes() ?? 0, ordering: .relaxed)
  }

  /// The addresses of the map; empty if they were not found.
  var map: Range<Int> {
    let start = start.load(ordering: .relaxed)
    return start..<max(start, end.load(ordering: .relaxed))
  }

  /// Gives the pages back if they have become many; after something of the map was touched. How many pages a touch brings
  /// only the system knows: around a page it maps all of what it keeps together with it.
  func trim() {
    guard let bytes = fileBytes(), bytes - bare.load(ordering: .relaxed) > Self.grownMax else { return }
    // Harmless whatever else goes on: the pages stay in the system's cache and come back when touched.
    let map = map
    if !map.isEmpty { unsafe madvise(UnsafeMutableRawPointer(bitPattern: map.lowerBound), map.count, MADV_DONTNEED) }
    bare.store(fileBytes() ?? 0, ordering: .relaxed)
  }

  /// How much of files this process has in memory: the third number of `statm`, in pages (`proc_pid_statm(5)`).
  private func fileBytes() -> Int? {
    var text = [UInt8](repeating: 0, count: 128)
    let count = unsafe pread(statistics, &text, text.count, 0)
    guard count > 0 else { return nil }
    var spaces = 0
    var pages = 0
    for byte in text[..<count] {
      if byte == UInt8(ascii: " ") {
        spaces += 1
        if spaces == 3 { return pages * Environment.pageBytes }
      } else if spaces == 2 {
        pages = pages * 10 + Int(byte &- UInt8(ascii: "0"))
      }
    }
    return nil
  }
}
