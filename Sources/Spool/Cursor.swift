import CLMDB

/// A place in one database. Must not outlive its transaction, nor a write through anything but itself.
@safe
struct Cursor: ~Copyable {
  private let pointer: OpaquePointer
  private let extent: FileExtent

  init(_ pointer: OpaquePointer, _ extent: FileExtent) {
    unsafe self.pointer = pointer
    self.extent = extent
  }

  deinit {
    unsafe mdb_cursor_close(pointer)
  }

  /// A stored value with its key.
  @unsafe
  struct Entry {
    var key: StoreKey
    var value: UnsafeRawBufferPointer
  }

  /// Goes to `key`, or to the first one after it.
  func seek(_ key: StoreKey) throws(StoreFailure) -> Entry? {
    try unsafe key.withBytes { bytes throws(StoreFailure) -> Entry? in
      var name = unsafe MDB_val(bytes)
      return try unsafe move(MDB_SET_RANGE, &name)
    }
  }

  func next() throws(StoreFailure) -> Entry? {
    var name = unsafe MDB_val()
    return try unsafe move(MDB_NEXT, &name)
  }

  func previous() throws(StoreFailure) -> Entry? {
    var name = unsafe MDB_val()
    return try unsafe move(MDB_PREV, &name)
  }

  func last() throws(StoreFailure) -> Entry? {
    var name = unsafe MDB_val()
    return try unsafe move(MDB_LAST, &name)
  }

  /// Deletes the value it stands on; `next()` then gives the one after.
  func delete() throws(StoreFailure) {
    var name = unsafe MDB_val()
    if let entry = try unsafe move(MDB_GET_CURRENT, &name) { unsafe extent.mend(entry.value) }
    try StoreFailure.check(unsafe mdb_cursor_del(pointer, 0))
  }

  private func move(_ operation: MDB_cursor_op, _ name: inout MDB_val) throws(StoreFailure) -> Entry? {
    var data = unsafe MDB_val()
    let code = unsafe mdb_cursor_get(pointer, &name, &data, operation)
    if code == MDB_NOTFOUND { return nil }
    try StoreFailure.check(code)
    // Ours are the only keys, so another length means a damaged page.
    guard let key = unsafe StoreKey(extent.bytes(name.mv_data, count: name.mv_size)) else {
      throw StoreFailure(code: MDB_CORRUPTED)
    }
    return unsafe Entry(key: key, value: extent.bytes(data.mv_data, count: data.mv_size))
  }
}
