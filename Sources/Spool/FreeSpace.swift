import Glibc

/// Room on the disk that holds a path.
enum FreeSpace {
  /// Bytes that this user may still write; nil when the system cannot say.
  static func bytes(_ path: String) -> Int? {
    statistics(path).map { Int($0.f_bavail) * Int($0.f_frsize) }
  }

  /// Bytes of the whole disk.
  static func total(_ path: String) -> Int? {
    statistics(path).map { Int($0.f_blocks) * Int($0.f_frsize) }
  }

  /// Whether requests must wait for room. What is free inside of the data file counts: it never shrinks, so without that a
  /// backlog that filled the disk would, once drained, still keep everybody out.
  static func refusal(freeBytes: Int, reusableBytes: Int, freeBytesMin: Int) -> Refusal? {
    let (sum, overflow) = freeBytes.addingReportingOverflow(max(reusableBytes, 0))
    return overflow || sum >= freeBytesMin ? nil : .diskLow(freeBytes: freeBytes)
  }

  private static func statistics(_ path: String) -> statvfs? {
    var found = statvfs()
    return unsafe statvfs(path, &found) == 0 ? found : nil
  }
}
