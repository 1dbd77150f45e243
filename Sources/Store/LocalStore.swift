import GRDB
import Glibc
package import Telemetry

/// What people query in local mode: the events of this machine in one SQLite file, open to any SQLite tool while it is
/// written to (write-ahead log).
package final class LocalStore: Sendable {
  /// Read by people and by a page; more is paged.
  package static let eventsPerReadMax = 10_000
  /// How long another program that holds the file may make us wait.
  static let busyWaitMax: Duration = .seconds(5)
  /// After a checkpoint the write-ahead log is cut to this: room for the largest insert, little on a disk.
  static let logBytesMax = 64 << 20
  /// Rows removed in one transaction: bounds the log when a store is reopened with a much smaller limit.
  static let removalsPerTransaction = 1_000

  private let path: String
  private let limits: StoreLimits
  let database: DatabasePool

  private init(path: String, limits: StoreLimits, database: DatabasePool) {
    self.path = path
    self.limits = limits
    self.database = database
  }

  /// Opens the store at `path`, readable by this user only; creates it when there is none. The directory must exist.
  package static func open(path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) -> LocalStore {
    try restrict(path)
    var configuration = Configuration()
    configuration.label = "hoglet.store"
    configuration.busyMode = .timeout(Double(busyWaitMax.components.seconds))
    do {
      let database = try DatabasePool(path: path, configuration: configuration)
      let migrator = StoreSchema.migrator
      if try database.read(migrator.hasBeenSuperseded) { throw StoreError.tooNew(path: path) }
      try migrator.migrate(database)
      try database.writeWithoutTransaction { database in
        // GRDB sets NORMAL, which may lose the last commits in a power cut; a trace is done when it was committed here.
        try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = \(logBytesMax)")
      }
      return LocalStore(path: path, limits: limits, database: database)
    } catch let error as StoreError {
      throw error
    } catch {
      throw .unusable(path: path, reason: reason(of: error))
    }
  }

  /// Stores all events or none, then removes what exceeds the limits. An event whose uuid is there already changes
  /// nothing: what was stored first stays. `now` is in nanoseconds since 1970.
  package func insert(_ events: [StoredEvent], now: UInt64) throws(StoreError) {
    try attempt {
      try database.write { database in
        let insert = try database.cachedStatement(
          sql: """
            INSERT INTO events (uuid, event, distinct_id, timestamp, time, trace_id, stored, json)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uuid) DO NOTHING
            """)
        for event in events {
          try insert.execute(arguments: [
            event.uuid, event.event, event.distinctID, event.timestamp, Int64(clamping: event.time),
            event.trace?.description, Int64(clamping: now), String(decoding: event.json, as: UTF8.self),
          ])
        }
      }
      try removeExpired(now: now)
      try removeExcess()
    }
  }

  /// Events with their positions: of one trace, of one name, or all. Oldest stored first, and `after` continues behind a
  /// position; or newest first, and `after` continues before it. At most `limit` (and `eventsPerReadMax`) of them.
  package func events(
    limit: Int, trace: TraceID? = nil, event: String? = nil, after: Int64? = nil, newestFirst: Bool = false
  ) throws(StoreError) -> [(position: Int64, event: StoredEvent)] {
    var conditions: [String] = []
    var arguments: StatementArguments = []
    if let trace {
      conditions.append("trace_id = ?")
      arguments += [trace.description]
    }
    if let event {
      conditions.append("event = ?")
      arguments += [event]
    }
    if let after {
      conditions.append(newestFirst ? "position < ?" : "position > ?")
      arguments += [after]
    }
    arguments += [min(max(limit, 0), Self.eventsPerReadMax)]
    let sql = """
      SELECT position, uuid, event, distinct_id, timestamp, time, trace_id, json FROM events
      \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
      ORDER BY position \(newestFirst ? "DESC" : "ASC") LIMIT ?
      """
    return try attempt {
      try database.read { try Row.fetchAll($0, sql: sql, arguments: arguments).map(Self.event) }
    }
  }

  /// Bytes of the database that are in use, without the write-ahead log.
  package func bytesUsed() throws(StoreError) -> Int {
    try attempt { try database.read(Self.bytesUsed) }
  }

  /// Closes the file. Whoever reads or writes afterwards gets an error.
  package func close() throws(StoreError) {
    try attempt { try database.close() }
  }
}

extension LocalStore {
  private static func event(_ row: Row) throws -> (position: Int64, event: StoredEvent) {
    let hex: String? = row["trace_id"]
    let json: String = row["json"]
    let time: Int64 = row["time"]
    let event = StoredEvent(
      uuid: row["uuid"], event: row["event"], distinctID: row["distinct_id"], timestamp: row["timestamp"],
      time: UInt64(clamping: time), trace: hex.flatMap { TraceID(hex: $0) }, json: Array(json.utf8))
    return (row["position"], event)
  }

  private func removeExpired(now: UInt64) throws {
    let age = UInt64(clamping: limits.ageMax.components.seconds).multipliedReportingOverflow(by: 1_000_000_000)
    if age.overflow || age.partialValue > now { return }
    // Looks at the oldest rows only: rows are stored in the order of their positions.
    let sql = """
      DELETE FROM events WHERE position IN (
        SELECT position FROM (SELECT position, stored FROM events ORDER BY position LIMIT ?) WHERE stored < ?)
      """
    var removed = 0
    repeat {
      removed = try database.write { database in
        try database.execute(
          sql: sql, arguments: [Self.removalsPerTransaction, Int64(clamping: now - age.partialValue)])
        return database.changesCount
      }
    } while removed == Self.removalsPerTransaction
  }

  private func removeExcess() throws {
    while try database.read(Self.bytesUsed) > limits.bytesMax {
      let isEmpty = try database.write { database in
        // One by one, since events are of very different sizes.
        let remove = try database.cachedStatement(
          sql: "DELETE FROM events WHERE position = (SELECT min(position) FROM events)")
        for _ in 0..<Self.removalsPerTransaction {
          if try Self.bytesUsed(database) <= limits.bytesMax { return false }
          try remove.execute()
          if database.changesCount == 0 { return true }
        }
        return false
      }
      if isEmpty { return }
    }
  }

  private static func bytesUsed(_ database: Database) throws -> Int {
    let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
    return (pages - free) * (try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
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

  private func attempt<Value>(_ work: () throws -> Value) throws(StoreError) -> Value {
    do { return try work() } catch { throw .failed(path: path, reason: Self.reason(of: error)) }
  }

  /// SQLite's own words. GRDB's full description would quote statements; these say as much to an operator.
  private static func reason(of error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
  }
}
