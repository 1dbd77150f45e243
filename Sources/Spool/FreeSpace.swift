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

  private static func statistics(_ path: String) -> statvfs? {
    var found = statvfs()
    return unsafe statvfs(path, &found) == 0 ? found : nil
  }
}
