import CLMDB
import Glibc

/// What LMDB or the system answered: an `MDB_` code or an `errno`.
struct StoreFailure: Error, Equatable {
  var code: Int32

  /// The map has no room for what the transaction writes.
  static let mapFull = StoreFailure(code: MDB_MAP_FULL)
  /// Writing the meta page failed; the environment must be opened anew.
  static let panic = StoreFailure(code: MDB_PANIC)
  /// A read after `close()`, or while a failed environment could not be opened anew.
  static let notOpen = StoreFailure(code: EBADF)

  /// Another program, or a later version of this one, wrote the store.
  static let laterVersion = StoreFailure(code: MDB_VERSION_MISMATCH)

  /// Whether a page that LMDB came by is damaged; other pages may be sound.
  var isDamage: Bool {
    [MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_BAD_VALSIZE].contains(code)
  }

  /// Throws unless `code` means success.
  static func check(_ code: Int32) throws(StoreFailure) {
    if code != MDB_SUCCESS { throw StoreFailure(code: code) }
  }
}

extension StoreFailure: CustomStringConvertible {
  var description: String {
    if self == .notOpen { return "the spool is closed" }
    if code == MDB_INVALID {
      return "data.mdb is damaged in both of the pages that everything else is found by; it was left as it is: move it "
        + "away to start empty"
    }
    if self == .laterVersion { return "a later version of this program wrote it" }
    return unsafe String(cString: mdb_strerror(code))
  }
}
