import GRDB

/// What was seen of patterns. Bounded: the patterns of longest ago leave first, counts after a day.
extension PolicyStore {
  /// Twice what one policy may name: some megabytes.
  package static let patternsMax = 20_000
  /// This hour and the same one yesterday, with an hour to spare.
  package static let hoursMax: Int64 = 26
  /// A month of days, for what sampling has saved.
  package static let daysMax: Int64 = 31

  /// Adds to what is known of a service's patterns.
  package func report(_ patterns: [PatternReport], of service: String, now: Int64) throws(StoreError) {
    try attempt {
      try database.write { database in
        let hour = now / 3_600
        for pattern in patterns {
          try database.execute(
            sql: """
              INSERT INTO patterns (service, signature, template, model, first_seen, last_seen)
              VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (service, signature) DO UPDATE SET
              template = iif(excluded.template = '', template, excluded.template),
              model = iif(excluded.model = '', model, excluded.model),
              first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)
              """,
            arguments: [
              service, pattern.signature, pattern.template, pattern.model, pattern.firstSeen, pattern.lastSeen,
            ])
          try Self.count(pattern, service, hour, now, database)
        }
        try Self.addDays(patterns, service, day: now / 86_400, database)
        try Self.removeExcess(hour: hour, day: now / 86_400, database)
      }
    }
  }

  private static func count(
    _ pattern: PatternReport, _ service: String, _ hour: Int64, _ now: Int64, _ database: Database
  ) throws {
    let counts = pattern.counts
    let insert = try database.cachedStatement(
      sql: """
        INSERT INTO counts (service, signature, hour, since, other, debug, info, warn, error, fatal, tokens, tokens2,
          cost, cost2) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (service, signature, hour) DO UPDATE SET since = min(since, excluded.since),
        other = other + excluded.other, debug = debug + excluded.debug, info = info + excluded.info,
        warn = warn + excluded.warn, error = error + excluded.error, fatal = fatal + excluded.fatal,
        tokens = tokens + excluded.tokens, tokens2 = tokens2 + excluded.tokens2, cost = cost + excluded.cost,
        cost2 = cost2 + excluded.cost2
        """)
    try insert.execute(arguments: [
      service, pattern.signature, hour, min(pattern.firstSeen, now), counts.other, counts.debug, counts.info,
      counts.warn,
      counts.error, counts.fatal, pattern.tokens, pattern.tokens2, pattern.cost, pattern.cost2,
    ])
  }

  private static func addDays(
    _ patterns: [PatternReport], _ service: String, day: Int64, _ database: Database
  ) throws {
    for severity in 0..<6 {
      let total = patterns.reduce(0) { $0 + Double($1.counts.all[severity]) }
      if total == 0 { continue }
      try database.execute(
        sql: """
          INSERT INTO days (service, day, severity, total, kept) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (service, day, severity) DO UPDATE SET total = total + excluded.total, kept = kept + excluded.kept
          """, arguments: [service, day, severity, total, patterns.reduce(0) { $0 + $1.kept[severity] }])
    }
  }

  private static func removeExcess(hour: Int64, day: Int64, _ database: Database) throws {
    try database.execute(sql: "DELETE FROM counts WHERE hour <= ?", arguments: [hour - hoursMax])
    try database.execute(sql: "DELETE FROM days WHERE day <= ?", arguments: [day - daysMax])
    let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM patterns") ?? 0
    guard count > patternsMax else { return }
    try database.execute(
      sql: """
        DELETE FROM patterns WHERE (service, signature) IN (
          SELECT service, signature FROM patterns ORDER BY last_seen LIMIT ?)
        """, arguments: [count - patternsMax])
    try database.execute(
      sql: """
        DELETE FROM counts WHERE NOT EXISTS (
          SELECT 1 FROM patterns WHERE patterns.service = counts.service AND patterns.signature = counts.signature)
        """)
  }

  /// Patterns with their counts of `hours`, most frequent first; of one service or, with nil, those of all services whose
  /// signature is one of the gateway's own.
  package func patterns(
    of service: String?, hours: ClosedRange<Int64>, limit: Int = patternsMax
  ) throws(StoreError) -> [PatternTotals] {
    let condition = service == nil ? "length(p.signature) = 16" : "p.service = ?"
    var arguments: StatementArguments = [hours.lowerBound, hours.upperBound]
    if let service { arguments += [service] }
    arguments += [min(max(limit, 0), Self.patternsMax)]
    let sums = ["other", "debug", "info", "warn", "error", "fatal", "tokens", "tokens2", "cost", "cost2"]
      .map { "coalesce(sum(c.\($0)), 0) AS \($0)" }.joined(separator: ", ")
    return try attempt {
      try database.read {
        try Row.fetchAll(
          $0,
          sql: """
            SELECT p.service, p.signature, p.template, p.model, p.first_seen, p.last_seen, \(sums),
            coalesce(min(c.since), p.last_seen) AS since FROM patterns p LEFT JOIN counts c
            ON c.service = p.service AND c.signature = p.signature AND c.hour BETWEEN ? AND ?
            WHERE \(condition) GROUP BY p.service, p.signature
            ORDER BY sum(c.other + c.debug + c.info + c.warn + c.error + c.fatal) DESC, p.service, p.signature LIMIT ?
            """, arguments: arguments
        ).map(PatternTotals.init)
      }
    }
  }

  /// From `day` on, oldest first.
  package func days(of service: String, from day: Int64) throws(StoreError) -> [DayTotals] {
    try attempt {
      try database.read {
        try Row.fetchAll(
          $0, sql: "SELECT * FROM days WHERE service = ? AND day >= ? ORDER BY day, severity",
          arguments: [service, day]
        ).map(DayTotals.init)
      }
    }
  }

  package func patternCount(of service: String) throws(StoreError) -> Int {
    try attempt {
      try database.read {
        try Int.fetchOne($0, sql: "SELECT count(*) FROM patterns WHERE service = ?", arguments: [service]) ?? 0
      }
    }
  }
}
