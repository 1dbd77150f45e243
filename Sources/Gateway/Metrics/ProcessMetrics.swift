internal import Glibc

extension Metrics {
  /// Has the numbers about the process itself filled in: version, start time, memory.
  ///
  /// - Parameter startMilliseconds: when the process started, since 1970.
  package func collectProcess(version: String, startMilliseconds: Int) {
    series(.buildInfo, version).set(1)
    series(.startTime).set(startMilliseconds)
    let memory = series(.residentMemory)
    onCollect { _ in
      if let bytes = Self.residentBytes { memory.set(bytes) }
    }
  }

  /// The second number of /proc/self/statm: resident pages (proc(5)).
  private static var residentBytes: Int? {
    // Seven numbers: a page holds them.
    guard let bytes = try? FileBytes.read("/proc/self/statm", bytesMax: 4_096) else { return nil }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return fields.dropFirst().first.flatMap { Int($0) }.map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
  }
}
