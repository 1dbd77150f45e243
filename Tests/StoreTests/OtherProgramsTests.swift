import Glibc
import Store
import Testing

@Suite struct OtherProgramsTests {
  let folder = TemporaryFolder()
  var path: String { "\(folder.path)/events.sqlite" }

  @Test(.timeLimit(.minutes(5))) func `sqlite3 reads whole inserts while we write`() async throws {
    let path = path
    let store = try LocalStore.open(path: path)
    let batch = 25
    async let writing: Void = {
      for number in 0..<80 {
        try store.insert((0..<batch).map { sample(number * batch + $0, bytes: 2000) }, now: morning)
      }
    }()
    var last = 0
    while last < 80 * batch {
      try Task.checkCancellation()
      let answer = sqlite3(path, "SELECT count(*) FROM events")
      let count = try #require(Int(answer), "\(answer)")
      #expect(count % batch == 0 && count >= last, "half an insert was seen: \(count) after \(last)")
      last = count
    }
    try await writing
    #expect(sqlite3(path, "PRAGMA integrity_check") == "ok")
    #expect(sqlite3(path, "SELECT json->>'number' FROM events WHERE position = 26") == "25")
  }

  @Test(.timeLimit(.minutes(5))) func `a program that holds the file for a moment makes an insert wait, not fail`()
    throws
  {
    let store = try LocalStore.open(path: path)
    // The other program runs beside us and says by making a file that it holds the lock; our insert starts then.
    let held = "\(folder.path)/held"
    let hold = "BEGIN IMMEDIATE; SELECT writefile('\(held)', 'x')"
    let started = unsafe system("sqlite3 '\(path)' \"\(hold)\" '.shell sleep 0.3' COMMIT >'\(held).out' 2>&1 &")
    try #require(started == 0)
    while unsafe access(held, F_OK) != 0 {
      try Task.checkCancellation()
      usleep(1000)
    }
    try store.insert([sample(1)], now: morning)
    #expect(try store.events(limit: 9).count == 1)
  }

  @Test func `a file that is no database is refused by name`() throws {
    let made = unsafe fopen(path, "w").map { file in
      unsafe fputs(String(repeating: "this is no database. ", count: 100), file) >= 0 && fclose(file) == 0
    }
    try #require(made == true)
    let error = #expect(throws: StoreError.self) { _ = try LocalStore.open(path: path) }
    let text = try #require(error).description
    #expect(text.contains(path) && text.contains("not a database"), "\(text)")
  }

  @Test func `a missing folder is told as such`() {
    let error = #expect(throws: StoreError.self) { _ = try LocalStore.open(path: "\(folder.path)/none/events.sqlite") }
    #expect(error?.description.contains("No such file or directory") == true)
  }

  @Test func `a file of a newer version is left alone`() throws {
    try LocalStore.open(path: path).close()
    _ = sqlite3(path, "INSERT INTO grdb_migrations VALUES ('2 something new')")
    #expect(throws: StoreError.tooNew(path: path)) { _ = try LocalStore.open(path: path) }
  }
}
