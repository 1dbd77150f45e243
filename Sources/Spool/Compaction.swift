internal import Glibc

/// Gives disk space back: LMDB's file never shrinks, so after an outage it stays as large as the backlog was. Only at the
/// start, when nothing else reads or writes.
enum Compaction {
  /// Of a large file, less than one part in this many is in use: then copying costs little and frees a lot.
  static let usedShareMax = 10
  /// The copy, until it takes the place of the data file; what a crash left of it is written over.
  private static let copyName = "data.mdb.compact"

  static func isDue(fileBytes: Int, bytesUsed: Int, _ settings: SpoolSettings) -> Bool {
    fileBytes > settings.compactionBytesMin && bytesUsed < fileBytes / usedShareMax
  }

  /// Opens the spool in `path` alone, compacts it and closes it; the bytes of its file before and after.
  static func run(_ path: String, _ settings: SpoolSettings) throws(SpoolError) -> (before: Int, after: Int) {
    guard unsafe access(path + "/data.mdb", F_OK) == 0 else { throw .missing(path: path) }
    let lock = try DirectoryLock(path)
    _ = try Rebuild.runIfNeeded(path, lock, mapBytes: settings.bytesMax + settings.slackBytes)
    let before = try compact(OpenedStore.openEnvironment(path, settings, lock), path)
    return (before, try OpenedStore.openEnvironment(path, settings, lock).fileBytes())
  }

  private static func compact(_ environment: consuming Environment, _ path: String) throws(SpoolError) -> Int {
    do throws(StoreFailure) {
      let before = environment.fileBytes()
      try run(environment, path: path)
      return before
    } catch {
      throw .unusable(path: path, reason: "\(error) (compacting needs room for a copy)")
    }
  }

  /// Replaces the data file of the environment in `path` by a copy of what is in use. The caller closes the environment
  /// afterwards without writing to it, and opens it anew. The old file stays whenever this throws.
  static func run(_ environment: Environment, path: String) throws(StoreFailure) {
    let copy = "\(path)/\(copyName)"
    let file = unsafe open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StoreFailure(code: errno) }
    defer { close(file) }
    do throws(StoreFailure) {
      try environment.copy(to: file)
      guard fsync(file) == 0, unsafe rename(copy, "\(path)/data.mdb") == 0 else { throw StoreFailure(code: errno) }
    } catch {
      unsafe unlink(copy)
      throw error
    }
    DirectoryLock.sync(path)
  }
}
