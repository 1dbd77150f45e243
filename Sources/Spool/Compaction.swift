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

  /// Opens the spool in `path` alone, mends it if need be, compacts it and closes it.
  static func run(_ path: String, _ settings: SpoolSettings) throws(SpoolError) -> SpoolCompaction {
    guard let before = size(path) else { throw .missing(path: path) }
    let opened = try OpenedStore(path, settings)
    try compact(opened.environment, path)
    return SpoolCompaction(before: before, after: size(path) ?? 0, repair: opened.repair)
  }

  /// The size of the data file; nil if there is none.
  private static func size(_ path: String) -> Int? {
    var status = stat()
    return unsafe stat(path + "/data.mdb", &status) == 0 ? status.st_size : nil
  }

  private static func compact(_ environment: Environment, _ path: String) throws(SpoolError) {
    do throws(StoreFailure) {
      try run(environment, path: path)
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
    keepOwner(of: "\(path)/data.mdb", file)
    do throws(StoreFailure) {
      try environment.copy(to: file)
      guard fsync(file) == 0 else { throw StoreFailure(code: errno) }
      try replace(path, by: copy)
    } catch {
      unsafe unlink(copy)
      throw error
    }
    DirectoryLock.sync(path)
  }

  /// Who compacts as root leaves the file to the gateway's user.
  private static func keepOwner(of path: String, _ file: Int32) {
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_uid != geteuid() { fchown(file, status.st_uid, status.st_gid) }
  }

  /// Gives the spool in `path` another data file, and with it another lock.mdb: as long as any process reads, LMDB keeps
  /// there the number of the last commit, by whose parity it tells which of the first two pages counts. Those who read the
  /// old file go on with the old lock. Twice, for whoever opens it in between, and for a crash.
  static func replace(_ path: String, by file: String) throws(StoreFailure) {
    let lock = path + "/lock.mdb"
    unsafe unlink(lock)
    guard unsafe rename(file, path + "/data.mdb") == 0 else { throw StoreFailure(code: errno) }
    unsafe unlink(lock)
  }
}

/// What compacting a spool did.
package struct SpoolCompaction: Sendable, Equatable {
  /// Bytes of its file.
  package var before: Int
  package var after: Int
  /// What was done about a damaged file on the way; nil for a sound one.
  package var repair: SpoolRepair?
}
