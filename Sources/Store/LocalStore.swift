import GRDB
package import Telemetry

/// What people query in local mode: the events of this machine in one SQLite file, open to any SQLite tool while it is
/// written to (write-ahead log).
package final class LocalStore: Sendable {
  /// Read by people and by a page; more is paged.
  package static let eventsPerReadMax = 10_000
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
    let database = try StoreFile.open(path, label: "hoglet.store", StoreSchema.migrator)
    return LocalStore(path: path, limits: limits, database: database)
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

  private func attempt<Value>(_ work: () throws -> Value) throws(StoreError) -> Value {
    try StoreFile.attempt(path, work)
  }
}
