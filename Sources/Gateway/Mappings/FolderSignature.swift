import Glibc

/// What a folder of mappings, or a few files, look like from outside: equal as long as nothing was written, replaced or
/// removed.
struct FolderSignature: Equatable, Sendable {
  private struct Entry: Equatable {
    var name: String
    var device: UInt
    var inode: UInt
    var size: Int
    var seconds: Int
    var nanoseconds: Int
  }

  private var entries: [Entry] = []

  init(of directory: String) {
    for folder in Self.folders(of: directory) {
      for name in (FolderListing.names(folder) ?? []).sorted() where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        add("\(folder)/\(name)")
      }
    }
  }

  init(files: [String]) {
    for file in files { add(file) }
  }

  /// Adds how a file looks now.
  mutating func add(_ path: String) {
    var status = stat()
    // Follows links: a ConfigMap's files are links into a folder that is replaced as a whole.
    guard unsafe stat(path, &status) == 0 else { return }
    entries.append(
      Entry(
        name: path, device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
        seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec))
  }

  /// The folders that mapping files are read from.
  static func folders(of directory: String) -> [String] { [directory, "\(directory)/overlays"] }
}
