import GRDB
import Glibc

/// What the stores have in common: one SQLite file, readable by this user only, open to any SQLite tool while it is written
/// to (write-ahead log).
enum StoreFile {
  /// How long another program that holds the file may make us wait.
  static let busyWaitMax: Duration = .seconds(5)
  /// After a checkpoint the write-ahead log is cut to this: room for the largest insert, little on a disk.
  static let logBytesMax = 64 << 20

  /// Opens the file at `path`; creates it when there is none. The directory must exist.
  static func open(_ path: String, label: String, _ migrator: DatabaseMigrator) throws(StoreError) -> DatabasePool {
    try restrict(path)
    var configuration = Configuration()
    configuration.label = label
    configuration.busyMode = .timeout(Double(busyWaitMax.components.seconds))
    do {
      let database = try DatabasePool(path: path, configuration: configuration)
      if try database.read(migrator.hasBeenSuperseded) { throw StoreError.tooNew(path: path) }
      try migrator.migrate(database)
      try database.writeWithoutTransaction { database in
        // GRDB sets NORMAL, which may lose the last commits in a power cut; what was stored is to stay.
        try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = \(logBytesMax)")
      }
      return database
    } catch let error as StoreError {
      throw error
    } catch {
      throw .unusable(path: path, reason: reason(of: error))
    }
  }

  static func attempt<Value>(_ path: String, _ work: () throws -> Value) throws(StoreError) -> Value {
    do { return try work() } catch { throw .failed(path: path, reason: reason(of: error)) }
  }

  /// Makes sure that the file is there and for this user alone; SQLite gives its log and index files the same mode.
  private static func restrict(_ path: String) throws(StoreError) {
    // Opened here only when it is new: closing a second descriptor would drop the locks that SQLite holds on the file.
    let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if file >= 0 {
      Glibc.close(file)
    } else if unsafe errno != EEXIST || chmod(path, 0o600) != 0 {
      throw .unusable(path: path, reason: unsafe String(cString: strerror(errno)))
    }
  }

  /// SQLite's own words. GRDB's full description would quote statements; these say as much to an operator.
  private static func reason(of error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
  }
}
