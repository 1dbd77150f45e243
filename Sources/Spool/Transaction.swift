import Bytes
import CLMDB
import Glibc

/// One LMDB transaction; aborted unless committed. Pointers it gives out are good until it ends or writes.
@safe
struct Transaction: ~Copyable {
  /// Nil once committed.
  private var pointer: OpaquePointer?
  private let environment: Environment
  private let extent: FileExtent

  init(_ pointer: OpaquePointer, of environment: Environment) {
    unsafe self.pointer = pointer
    self.environment = environment
    extent = FileExtent(map: environment.pages.map, fileBytes: environment.fileBytes(), file: environment.file)
  }

  deinit {
    unsafe mdb_txn_abort(pointer)
  }

  /// Syncs everything to disk. Whatever it throws, nothing of the transaction was stored.
  consuming func commit() throws(StoreFailure) {
    let ending = unsafe pointer
    // LMDB frees the transaction either way, so the deinit must not.
    unsafe pointer = nil
    try StoreFailure.check(unsafe mdb_txn_commit(ending))
  }

  /// The value under `key`; nil if there is none.
  func value(_ database: Database, _ key: StoreKey) throws(StoreFailure) -> UnsafeRawBufferPointer? {
    try unsafe key.withBytes { bytes throws(StoreFailure) -> UnsafeRawBufferPointer? in
      var name = unsafe MDB_val(bytes)
      var data = unsafe MDB_val()
      let code = unsafe mdb_get(pointer, environment.handle(database), &name, &data)
      if code == MDB_NOTFOUND { return nil }
      try StoreFailure.check(code)
      return unsafe extent.bytes(data.mv_data, count: data.mv_size)
    }
  }

  /// Copies a value out of the data file, or out of the map if the file cannot be read there.
  func copy(_ value: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) {
    if let offset = unsafe extent.offset(value),
      unsafe pread(environment.file, target.baseAddress, value.count, off_t(offset)) == value.count
    {
      return
    }
    unsafe target.copyMemory(from: value)
  }

  /// Stores `count` bytes that `fill` writes where they will stay until the commit, so that they are copied once.
  func put(
    _ database: Database, _ key: StoreKey, count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(StoreFailure) {
    try unsafe key.withBytes { bytes throws(StoreFailure) in
      var name = unsafe MDB_val(bytes)
      var data = unsafe MDB_val(mv_size: count, mv_data: nil)
      let handle = environment.handle(database)
      try StoreFailure.check(unsafe mdb_put(pointer, handle, &name, &data, UInt32(MDB_RESERVE)))
      unsafe fill(UnsafeMutableRawBufferPointer(start: data.mv_data, count: count))
    }
  }

  func put(_ database: Database, _ key: StoreKey, _ bytes: ByteSpan) throws(StoreFailure) {
    try unsafe put(database, key, count: bytes.count) { target in
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }

  /// Whether there was something to delete.
  @discardableResult
  func delete(_ database: Database, _ key: StoreKey) throws(StoreFailure) -> Bool {
    try unsafe key.withBytes { bytes throws(StoreFailure) -> Bool in
      var name = unsafe MDB_val(bytes)
      if let value = try unsafe value(database, key) { unsafe extent.mend(value) }
      let code = unsafe mdb_del(pointer, environment.handle(database), &name, nil)
      if code == MDB_NOTFOUND { return false }
      try StoreFailure.check(code)
      return true
    }
  }

  /// Gives pages of the map back if they have become many: what is deleted lies anywhere, and each page touched maps all
  /// that the system keeps together with it.
  func trimPages() { environment.pages.trim() }

  func cursor(_ database: Database) throws(StoreFailure) -> Cursor {
    var cursor: OpaquePointer?
    try StoreFailure.check(unsafe mdb_cursor_open(pointer, environment.handle(database), &cursor))
    guard let opened = unsafe cursor else { throw StoreFailure(code: ENOMEM) }
    return unsafe Cursor(opened, extent)
  }

  /// How many values a database holds.
  func count(_ database: Database) throws(StoreFailure) -> Int {
    try statistics(environment.handle(database)).ms_entries
  }

  /// The bytes of the pages that a database takes up.
  func bytesUsed(_ database: Database) throws(StoreFailure) -> Int {
    try bytesUsed(environment.handle(database))
  }

  /// The bytes of all pages in use: the two meta pages, LMDB's own two databases (0: free pages, 1: names) and ours.
  func bytesUsed() throws(StoreFailure) -> Int {
    var sum = try 2 * Environment.pageBytes + bytesUsed(0) + bytesUsed(1)
    for database in Database.allCases { sum += try bytesUsed(database) }
    return sum
  }

  private func bytesUsed(_ handle: MDB_dbi) throws(StoreFailure) -> Int {
    let found = try statistics(handle)
    return (found.ms_branch_pages + found.ms_leaf_pages + found.ms_overflow_pages) * Int(found.ms_psize)
  }

  private func statistics(_ handle: MDB_dbi) throws(StoreFailure) -> MDB_stat {
    var found = MDB_stat()
    try StoreFailure.check(unsafe mdb_stat(pointer, handle, &found))
    return found
  }
}

extension MDB_val {
  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
  }
}
