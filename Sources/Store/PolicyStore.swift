import GRDB

/// Versions of sampling policies, and what was seen of patterns: one SQLite file beside the spool.
package final class PolicyStore: Sendable {
  /// Enough to find the one that did well; older ones leave, but never the active one.
  package static let versionsMax = 50
  /// As many as a page of services stays readable with, and a gateway meets.
  package static let servicesMax = 1_000

  let path: String
  let database: DatabasePool

  private init(path: String, database: DatabasePool) {
    self.path = path
    self.database = database
  }

  /// Opens the store at `path`; creates it when there is none. The directory must exist.
  package static func open(path: String) throws(StoreError) -> PolicyStore {
    PolicyStore(path: path, database: try StoreFile.open(path, label: "hoglet.policies", PolicySchema.migrator))
  }

  package func close() throws(StoreError) { try attempt { try database.close() } }

  func attempt<Value>(_ work: () throws -> Value) throws(StoreError) -> Value {
    try StoreFile.attempt(path, work)
  }

  // MARK: Policies

  package func active(of service: String) throws(StoreError) -> StoredPolicy? {
    try first("service = ? AND is_active = 1", [service])
  }

  /// The active policies of all services.
  package func active() throws(StoreError) -> [StoredPolicy] {
    try attempt {
      try database.read {
        try Row.fetchAll($0, sql: "SELECT * FROM policies WHERE is_active = 1 ORDER BY service").map(StoredPolicy.init)
      }
    }
  }

  package func policy(_ id: Int64) throws(StoreError) -> StoredPolicy? { try first("id = ?", [id]) }

  /// Newest first.
  package func history(of service: String, limit: Int) throws(StoreError) -> [StoredPolicy] {
    try attempt {
      try database.read {
        try Row.fetchAll(
          $0, sql: "SELECT * FROM policies WHERE service = ? ORDER BY version DESC LIMIT ?",
          arguments: [service, min(max(limit, 0), Self.versionsMax)]
        ).map(StoredPolicy.init)
      }
    }
  }

  /// Stores the next version of a service's policies, active at once or not; then removes the oldest ones that are too many.
  package func add(_ policy: NewPolicy, activates: Bool) throws(StoreError) -> StoredPolicy {
    try attempt {
      try database.write { database in
        let service = policy.service
        let last = try Int64.fetchOne(
          database, sql: "SELECT max(version) FROM policies WHERE service = ?", arguments: [service])
        try database.execute(
          sql: """
            INSERT INTO policies (service, version, author, reasoning, created, expires, document, rates)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            service, (last ?? 0) + 1, policy.author, policy.reasoning, policy.created, policy.expires,
            String(decoding: policy.document, as: UTF8.self), String(decoding: policy.rates, as: UTF8.self),
          ])
        let id = database.lastInsertedRowID
        if activates { try Self.activate(id, of: service, database) }
        try database.execute(
          sql: """
            DELETE FROM policies WHERE service = ? AND is_active = 0 AND id != ? AND version <= ? - ?
            """, arguments: [service, id, (last ?? 0) + 1, Self.versionsMax])
        return try Self.stored(id, database)
      }
    }
  }

  /// Makes a stored policy the active one of its service; the one before is remembered as what it replaced.
  package func activate(_ policy: StoredPolicy) throws(StoreError) -> StoredPolicy {
    try attempt {
      try database.write { database in
        try Self.activate(policy.id, of: policy.service, database)
        return try Self.stored(policy.id, database)
      }
    }
  }

  /// Ends an active policy; the one that it replaced is active again, if there was one and it is still there.
  package func rollBack(_ policy: StoredPolicy) throws(StoreError) -> StoredPolicy? {
    try attempt {
      try database.write { database in
        try database.execute(sql: "UPDATE policies SET is_active = 0 WHERE id = ?", arguments: [policy.id])
        try database.execute(
          sql: "UPDATE policies SET is_active = 1 WHERE id = ? AND service = ?",
          arguments: [policy.replaced, policy.service])
        return try Row.fetchOne(
          database, sql: "SELECT * FROM policies WHERE service = ? AND is_active = 1", arguments: [policy.service]
        ).map(StoredPolicy.init)
      }
    }
  }

  private static func activate(_ id: Int64, of service: String, _ database: Database) throws {
    let before = try Int64.fetchOne(
      database, sql: "SELECT id FROM policies WHERE service = ? AND is_active = 1", arguments: [service])
    if before == id { return }
    try database.execute(
      sql: "UPDATE policies SET is_active = 0 WHERE service = ? AND is_active = 1", arguments: [service])
    try database.execute(
      sql: "UPDATE policies SET is_active = 1, replaced = ? WHERE id = ?", arguments: [before, id])
  }

  private static func stored(_ id: Int64, _ database: Database) throws -> StoredPolicy {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM policies WHERE id = ?", arguments: [id]) else {
      throw DatabaseError(resultCode: .SQLITE_NOTFOUND, message: "the policy is gone")
    }
    return StoredPolicy(row)
  }

  private func first(_ condition: String, _ arguments: StatementArguments) throws(StoreError) -> StoredPolicy? {
    try attempt {
      try database.read {
        try Row.fetchOne($0, sql: "SELECT * FROM policies WHERE \(condition)", arguments: arguments)
          .map(StoredPolicy.init)
      }
    }
  }

  // MARK: Services

  package func services(limit: Int = servicesMax) throws(StoreError) -> [StoredService] {
    try attempt {
      try database.read {
        try Row.fetchAll($0, sql: "SELECT rowid AS id, * FROM services ORDER BY name LIMIT ?", arguments: [limit])
          .map(StoredService.init)
      }
    }
  }

  package func service(_ name: String) throws(StoreError) -> StoredService? {
    try attempt {
      try database.read {
        try Row.fetchOne($0, sql: "SELECT rowid AS id, * FROM services WHERE name = ?", arguments: [name])
          .map(StoredService.init)
      }
    }
  }

  /// Nil if there are `servicesMax` already; a service that is known only takes the team, if one is given.
  package func addService(_ name: String, team: Int64?, now: Int64) throws(StoreError) -> StoredService? {
    try attempt {
      try database.write { database in
        let isKnown = try Bool.fetchOne(
          database, sql: "SELECT count(*) FROM services WHERE name = ?", arguments: [name])
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM services")
        guard isKnown == true || (count ?? 0) < Self.servicesMax else { return }
        try database.execute(
          sql: """
            INSERT INTO services (name, team, created) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET team = coalesce(excluded.team, team)
            """, arguments: [name, team, now])
      }
    }
    return try service(name)
  }
}
