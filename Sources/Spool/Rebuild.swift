import Bytes
import Glibc

/// What was done about a damaged data file.
package struct SpoolRepair: Sendable, Equatable, CustomStringConvertible {
  /// How many places in the file could not be so.
  package var damage: Int
  /// Where the damaged file is kept.
  package var path: String

  package var description: String {
    "the spool's file was damaged in \(damage == 1 ? "1 place" : "\(damage) places"); all that can be read was moved to a "
      + "new one, and the old one is \(path): delete it when nobody needs it"
  }
}

/// Moves what can be read of a damaged data file into a new one. Values that fail their checksums come along: they are
/// found and set aside like any other.
enum Rebuild {
  private static let folder = "rebuilt"
  private static let damagedName = "data.mdb.damaged"
  /// Bytes in one transaction.
  private static let commitBytesMax = 4 << 20

  /// Checks the file in `path` and rebuilds it if it is damaged; nil if it is sound or not there. Nobody has it open.
  static func runIfNeeded(_ path: String, _ lock: DirectoryLock, mapBytes: Int) throws(SpoolError) -> SpoolRepair? {
    guard var check = StoreCheck(path + "/data.mdb"), check.damage > 0 else { return nil }
    // Walking through it again adds to it.
    let damage = check.damage
    let kept = freeName(path)
    do throws(StoreFailure) {
      try move(&check, to: path + "/" + folder, lock, mapBytes: mapBytes)
      try replace(path, keeping: kept)
    } catch {
      // What was made so far may be what fills the disk.
      remove(path + "/" + folder)
      throw .unusable(
        path: path, reason: "its file is damaged, and a new one cannot be made of what is left (\(error))")
    }
    return SpoolRepair(damage: damage, path: kept)
  }

  /// A name for the damaged file that no earlier one has: `data.mdb.damaged`, then with a number.
  private static func freeName(_ path: String) -> String {
    let first = path + "/" + damagedName
    var name = first
    var number = 1
    while unsafe access(name, F_OK) == 0 {
      number += 1
      name = "\(first).\(number)"
    }
    return name
  }

  private static func move(
    _ check: inout StoreCheck, to folder: String, _ lock: DirectoryLock, mapBytes: Int
  ) throws(StoreFailure) {
    remove(folder)
    guard unsafe mkdir(folder, 0o700) == 0 else { throw StoreFailure(code: errno) }
    let environment = try Environment(directory: folder, lock: lock, mapBytes: mapBytes)
    // Requests before their chunks, so that chunks without a request are known.
    for database in Database.allCases.filter({ $0 != .bodies }) + [.bodies] {
      var mover = Mover(database, environment)
      // What the last commit deleted may come back, and is sent again under the same uuid: better than to lose what it did
      // not delete. Where both have something, the newer one stays.
      for trees in [check.before, check.trees] {
        guard let tree = trees[database.rawValue] else { continue }
        check.each(tree) { check, key, value in mover.take(key.bytes, check.bytes(value)) }
      }
      try mover.finish()
    }
  }

  /// Puts the new file in the place of the old one, which keeps another name. At every moment there is one or the other.
  private static func replace(_ path: String, keeping kept: String) throws(StoreFailure) {
    guard unsafe link(path + "/data.mdb", kept) == 0 else { throw StoreFailure(code: errno) }
    try Compaction.replace(path, by: path + "/" + folder + "/data.mdb")
    remove(path + "/" + folder)
    DirectoryLock.sync(path)
  }

  private static func remove(_ folder: String) {
    for name in ["data.mdb", "lock.mdb"] { unsafe unlink(folder + "/" + name) }
    unsafe rmdir(folder)
  }

  /// Writes the entries of one database.
  private struct Mover {
    private let database: Database
    private let environment: Environment
    private var waiting: [(key: StoreKey, value: [UInt8])] = []
    private var bytes = 0
    private var failure: StoreFailure?
    private var lastOwner: StoreKey?

    init(_ database: Database, _ environment: Environment) {
      self.database = database
      self.environment = environment
    }

    mutating func take(_ key: [UInt8], _ value: [UInt8]) {
      guard let key = unsafe key.withUnsafeBytes({ unsafe StoreKey($0) }), key.count == database.keyCount else {
        return
      }
      waiting.append((key, value))
      bytes += value.count
      guard bytes >= Rebuild.commitBytesMax, failure == nil else { return }
      do throws(StoreFailure) { try finish() } catch { failure = error }
    }

    mutating func finish() throws(StoreFailure) {
      if let failure { throw failure }
      let transaction = try environment.begin(reading: false)
      for (key, value) in waiting {
        if database == .bodies { try keepOwner(of: key, transaction) }
        try transaction.put(database, key, value.span)
      }
      try transaction.commit()
      environment.pages.trim()
      waiting.removeAll()
      bytes = 0
    }

    /// A chunk whose request is lost is kept as a damaged request, else nobody would find it.
    private mutating func keepOwner(
      of chunk: StoreKey, _ transaction: borrowing Transaction
    ) throws(StoreFailure) {
      if let lastOwner, lastOwner.sameNumber(as: chunk) { return }
      lastOwner = chunk
      let damage = SetAside(kind: .request, lane: chunk.lane, number: chunk.number)
      if try unsafe transaction.value(.requests, damage.source) != nil { return }
      if try unsafe transaction.value(.quarantine, damage.place) != nil { return }
      let nothing: [UInt8] = [0]
      try transaction.put(.quarantine, damage.place, nothing.span)
    }
  }
}

extension Database {
  /// Bytes of its keys.
  fileprivate var keyCount: Int {
    switch self {
    case .keys, .meta: StoreKey.laneCount
    case .requests, .decisions, .dead: StoreKey.numberCount
    case .bodies, .quarantine: StoreKey.chunkCount
    }
  }
}
