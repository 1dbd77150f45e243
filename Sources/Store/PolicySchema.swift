import GRDB

/// The tables of a policy store. A step that has been released is never edited; a change is a new step. Times are seconds
/// since 1970.
enum PolicySchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 policies") { database in
      // AUTOINCREMENT, so that an id is never used twice: clients hold them as ETags.
      try database.execute(
        sql: """
          CREATE TABLE services (name TEXT NOT NULL PRIMARY KEY, team INTEGER, created INTEGER NOT NULL);
          CREATE TABLE policies (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT NOT NULL,
            version INTEGER NOT NULL,
            author TEXT NOT NULL,
            reasoning TEXT,
            created INTEGER NOT NULL,
            expires INTEGER,
            is_active INTEGER NOT NULL DEFAULT 0,
            replaced INTEGER,
            document TEXT NOT NULL,
            rates TEXT NOT NULL,
            UNIQUE (service, version)
          );
          CREATE TABLE patterns (
            service TEXT NOT NULL,
            signature TEXT NOT NULL,
            template TEXT NOT NULL,
            model TEXT NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            PRIMARY KEY (service, signature)
          ) WITHOUT ROWID;
          CREATE INDEX patterns_by_age ON patterns (last_seen);
          CREATE TABLE counts (
            service TEXT NOT NULL,
            signature TEXT NOT NULL,
            hour INTEGER NOT NULL,
            since INTEGER NOT NULL,
            other INTEGER NOT NULL,
            debug INTEGER NOT NULL,
            info INTEGER NOT NULL,
            warn INTEGER NOT NULL,
            error INTEGER NOT NULL,
            fatal INTEGER NOT NULL,
            tokens REAL NOT NULL,
            tokens2 REAL NOT NULL,
            cost REAL NOT NULL,
            cost2 REAL NOT NULL,
            PRIMARY KEY (service, signature, hour)
          ) WITHOUT ROWID;
          CREATE INDEX counts_by_hour ON counts (hour);
          CREATE TABLE days (
            service TEXT NOT NULL,
            day INTEGER NOT NULL,
            severity INTEGER NOT NULL,
            total REAL NOT NULL,
            kept REAL NOT NULL,
            PRIMARY KEY (service, day, severity)
          ) WITHOUT ROWID;
          """)
    }
    return migrator
  }
}
