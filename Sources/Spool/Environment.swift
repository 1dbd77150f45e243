import CLMDB
import Glibc

/// An open LMDB environment with its databases. Only here and in `Transaction` and `Cursor` is LMDB called.
@safe
final class Environment: @unchecked Sendable {
  // Unchecked because LMDB itself makes an environment safe between threads; `grow` names the one exception.
  fileprivate let pointer: OpaquePointer
  private let handles: [MDB_dbi]
  /// Kept as long as the environment is open; released after it. Nil if it is only read.
  private let lock: DirectoryLock?
  private var mapBytes: Int
  /// The open data file, for reading past the map.
  let file: Int32
  /// The memory of the map.
  let pages = ResidentPages()

  /// A page of the data file. LMDB takes the system's page size.
  static let pageBytes = Int(getpagesize())

  /// Opens or creates the environment in the locked directory. Every commit is synced: no `MDB_NOSYNC`, no
  /// `MDB_NOMETASYNC`; and no `MDB_WRITEMAP`, with which a full disk kills the process.
  convenience init(directory: String, lock: DirectoryLock, mapBytes: Int) throws(StoreFailure) {
    try self.init(directory, lock, mapBytes: (mapBytes / Self.pageBytes + 1) * Self.pageBytes)
  }

  /// Opens the environment for reading only, beside a process that may have it open.
  convenience init(reading directory: String) throws(StoreFailure) {
    // A map of no size given is as large as the writer's.
    try self.init(directory, nil, mapBytes: 0)
  }

  private init(_ directory: String, _ lock: DirectoryLock?, mapBytes: Int) throws(StoreFailure) {
    var environment: OpaquePointer?
    try StoreFailure.check(unsafe mdb_env_create(&environment))
    guard let opened = unsafe environment else { throw StoreFailure(code: ENOMEM) }
    self.lock = lock
    unsafe pointer = opened
    self.mapBytes = mapBytes
    let access = lock == nil ? MDB_RDONLY : 0
    do throws(StoreFailure) {
      try StoreFailure.check(unsafe mdb_env_set_maxdbs(opened, UInt32(Database.allCases.count)))
      try StoreFailure.check(unsafe mdb_env_set_mapsize(opened, mapBytes))
      try StoreFailure.check(unsafe mdb_env_open(opened, directory, UInt32(MDB_NOTLS | access), 0o600))
      handles = try unsafe Self.openDatabases(opened, access: access)
      var file: Int32 = -1
      try StoreFailure.check(unsafe mdb_env_get_fd(opened, &file))
      self.file = file
      try unsafe Self.locate(pages, in: opened)
    } catch {
      unsafe mdb_env_close(opened)
      throw error
    }
  }

  deinit {
    unsafe mdb_env_close(pointer)
  }

  private static func openDatabases(
    _ environment: OpaquePointer, access: Int32
  ) throws(StoreFailure) -> [MDB_dbi] {
    var transaction: OpaquePointer?
    try StoreFailure.check(unsafe mdb_txn_begin(environment, nil, UInt32(access), &transaction))
    var handles = [MDB_dbi]()
    for database in Database.allCases {
      var handle: MDB_dbi = 0
      let code = unsafe mdb_dbi_open(transaction, database.rawValue, UInt32(access == 0 ? MDB_CREATE : 0), &handle)
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

  /// The size that the data file has grown to.
  func fileBytes() -> Int {
    var found = unsafe MDB_envinfo()
    unsafe mdb_env_info(pointer, &found)
    return unsafe (found.me_last_pgno + 1) * Self.pageBytes
  }

  /// Forgets the readers of processes that were killed while they read: what they saw would never be used again. Costs
  /// next to nothing while there is none but this process.
  func forgetDeadReaders() {
    var count: Int32 = 0
    unsafe mdb_reader_check(pointer, &count)
  }

  /// Writes a copy of all that is in use, without the free pages, to an open file.
  func copy(to file: Int32) throws(StoreFailure) {
    try StoreFailure.check(unsafe mdb_env_copyfd2(pointer, file, UInt32(MDB_CP_COMPACT)))
  }

  /// Makes the map larger. Only while no transaction is open and no pointer into the map is held, on any thread.
  func grow(by bytes: Int) throws(StoreFailure) {
    mapBytes += bytes
    try StoreFailure.check(unsafe mdb_env_set_mapsize(pointer, mapBytes))
    try unsafe Self.locate(pages, in: pointer)
  }

  /// Tells where the map is. LMDB does not say, but what a read transaction finds lies in it; and database 1, of the
  /// names, always has something to find.
  private static func locate(_ pages: ResidentPages, in environment: OpaquePointer) throws(StoreFailure) {
    var transaction: OpaquePointer?
    try StoreFailure.check(unsafe mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction))
    defer { unsafe mdb_txn_abort(transaction) }
    var name = Array(Database.meta.rawValue.utf8)
    let address = unsafe name.withUnsafeMutableBytes { bytes in
      var key = unsafe MDB_val(UnsafeRawBufferPointer(bytes))
      var value = unsafe MDB_val()
      return unsafe mdb_get(transaction, 1, &key, &value) == MDB_SUCCESS ? Int(bitPattern: value.mv_data) : 0
    }
    pages.locate(address)
  }
}
