import CLMDB
import Glibc

/// An open LMDB environment with its databases. Only here and in `Transaction` and `Cursor` is LMDB called.
@safe
final class Environment: @unchecked Sendable {
  // Unchecked because LMDB itself makes an environment safe between threads; `grow` names the one exception.
  fileprivate let pointer: OpaquePointer
  private let handles: [MDB_dbi]
  /// Kept as long as the environment is open; released after it.
  private let lock: DirectoryLock
  private var mapBytes: Int

  /// A page of the data file. LMDB takes the system's page size.
  static let pageBytes = Int(getpagesize())

  /// Opens or creates the environment in the locked directory. Every commit is synced: no `MDB_NOSYNC`, no
  /// `MDB_NOMETASYNC`; and no `MDB_WRITEMAP`, with which a full disk kills the process.
  init(directory: String, lock: DirectoryLock, mapBytes: Int) throws(StoreFailure) {
    var environment: OpaquePointer?
    try StoreFailure.check(unsafe mdb_env_create(&environment))
    guard let opened = unsafe environment else { throw StoreFailure(code: ENOMEM) }
    self.lock = lock
    unsafe pointer = opened
    self.mapBytes = (mapBytes / Self.pageBytes + 1) * Self.pageBytes
    do throws(StoreFailure) {
      try StoreFailure.check(unsafe mdb_env_set_maxdbs(opened, UInt32(Database.allCases.count)))
      try StoreFailure.check(unsafe mdb_env_set_mapsize(opened, self.mapBytes))
      try StoreFailure.check(unsafe mdb_env_open(opened, directory, UInt32(MDB_NOTLS), 0o600))
      handles = try unsafe Self.openDatabases(opened)
    } catch {
      unsafe mdb_env_close(opened)
      throw error
    }
  }

  deinit {
    unsafe mdb_env_close(pointer)
  }

  private static func openDatabases(_ environment: OpaquePointer) throws(StoreFailure) -> [MDB_dbi] {
    var transaction: OpaquePointer?
    try StoreFailure.check(unsafe mdb_txn_begin(environment, nil, 0, &transaction))
    var handles = [MDB_dbi]()
    for database in Database.allCases {
      var handle: MDB_dbi = 0
      let code = unsafe mdb_dbi_open(transaction, database.rawValue, UInt32(MDB_CREATE), &handle)
      if code != MDB_SUCCESS {
        unsafe mdb_txn_abort(transaction)
        throw StoreFailure(code: code)
      }
      handles.append(handle)
    }
    try StoreFailure.check(unsafe mdb_txn_commit(transaction))
    return handles
  }

  /// The handle of a database.
  func handle(_ database: Database) -> MDB_dbi {
    switch database {
    case .requests: handles[0]
    case .bodies: handles[1]
    case .decisions: handles[2]
    case .keys: handles[3]
    case .dead: handles[4]
    case .meta: handles[5]
    case .quarantine: handles[6]
    }
  }

  func begin(reading: Bool) throws(StoreFailure) -> Transaction {
    var transaction: OpaquePointer?
    let flags = reading ? UInt32(MDB_RDONLY) : 0
    try StoreFailure.check(unsafe mdb_txn_begin(pointer, nil, flags, &transaction))
    guard let begun = unsafe transaction else { throw StoreFailure(code: ENOMEM) }
    return unsafe Transaction(begun, of: self)
  }

  /// Makes the map larger. Only while no transaction is open and no pointer into the map is held, on any thread.
  func grow(by bytes: Int) throws(StoreFailure) {
    mapBytes += bytes
    try StoreFailure.check(unsafe mdb_env_set_mapsize(pointer, mapBytes))
  }
}
