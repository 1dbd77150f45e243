import CLMDB
import Glibc

/// How the process deals with memory that was freed.
package enum ProcessMemory {
  /// glibc gives each thread a heap of its own, and freed memory stays in each; a body is allocated by an event loop and
  /// freed by the writer, so all of them grow to the peak. Two are enough for two kinds of threads.
  private static let heapsMax: Int32 = 2
  /// Freed memory above this goes back to the system; below it, bodies of requests use the same pages again.
  private static let keptBytesMax: Int32 = 16 << 20
  /// Larger blocks are mapped on their own and go back at once when they are freed.
  private static let mappedBytesMin: Int32 = 16 << 20

  /// Bounds what stays with the process after a peak. Once, before the first thread.
  package static func bound() {
    mallopt(M_ARENA_MAX, heapsMax)
    mallopt(M_TRIM_THRESHOLD, keptBytesMax)
    mallopt(M_MMAP_THRESHOLD, mappedBytesMin)
  }

  /// Gives memory back to the system after work that is not done again: what was freed, whatever `keptBytesMax` says, and
  /// the code that did the work. Code that is still needed comes back from the system's cache when it is.
  package static func release() {
    malloc_trim(0)
    for range in MappedRange.untouched() {
      unsafe madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
    }
  }
}
