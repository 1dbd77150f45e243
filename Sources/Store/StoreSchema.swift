import GRDB

/// The tables of a local store. A step that has been released is never edited; a change is a new step.
enum StoreSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 events") { database in
      // AUTOINCREMENT, so that a position is never used twice, even after everything was removed: people page by it.
      try database.execute(
        sql: """
          CREATE TABLE events (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid TEXT NOT NULL UNIQUE,
            event TEXT NOT NULL,
            distinct_id TEXT NOT NULL,
            timestamp TEXT NOT NULL,
            time INTEGER NOT NULL,
            trace_id TEXT,
            stored INTEGER NOT NULL,
            json TEXT NOT NULL
          );
          CREATE INDEX events_by_trace ON events (trace_id, position);
          CREATE INDEX events_by_name ON events (event, position);
          """)
    }
    return migrator
  }
}
