import Glibc

/// What is in a folder.
enum FolderListing {
  /// The names in a folder without `.` and `..`, in no order; nil if the path is no folder that can be read.
  static func names(_ path: String) -> [String]? {
    guard let folder = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(folder) }
    var names = [String]()
    while let entry = unsafe readdir(folder) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
      let start = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
      let name = unsafe String(cString: start)
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
