import GRDB
import Glibc
@testable import Store
import Telemetry
import Testing

let second: UInt64 = 1_000_000_000
let morning: UInt64 = 1_795_237_484 * second

func sample(_ number: Int, event: String = "$ai_generation", trace: UInt64 = 7, bytes: Int = 10) -> StoredEvent {
  StoredEvent(
    uuid: "00000000-0000-5000-8000-\(String(1_000_000_000_000 + number))", event: event, distinctID: "user-1",
    timestamp: "2026-11-21T05:04:44.440237681Z", time: morning + UInt64(number), trace: TraceID(high: 1, low: trace),
    json: Array("{\"number\":\(number),\"text\":\"\(String(repeating: "ż", count: bytes))\"}".utf8))
}

@Suite struct LocalStoreTests {
  let folder = TemporaryFolder()
  var path: String { "\(folder.path)/events.sqlite" }

  @Test func `what was stored comes back as it was`() throws {
    let store = try LocalStore.open(path: path)
    var event = sample(1)
    event.json = Array(#"{"text":"quotes \" and ' and \u0000, zażółć, 🦔"}"#.utf8)
    var withoutTrace = sample(2, event: "hoglet_rollup")
    withoutTrace.trace = nil
    try store.insert([event, withoutTrace], now: morning)
    #expect(try store.events(limit: 10).map(\.event) == [event, withoutTrace])
  }

  @Test func `a store that was closed holds the same events when it is opened again`() throws {
    let first = try LocalStore.open(path: path)
    try first.insert([sample(1), sample(2)], now: morning)
    try first.close()
    #expect(throws: StoreError.self) { try first.events(limit: 1) }
    let second = try LocalStore.open(path: path)
    try second.insert([sample(3)], now: morning)
    #expect(try second.events(limit: 10).map(\.event) == [sample(1), sample(2), sample(3)])
  }

  @Test func `a commit is synced to the disk before insert returns`() throws {
    let store = try LocalStore.open(path: path)
    let settings = try store.database.writeWithoutTransaction { database in
      try ["journal_mode", "synchronous"].map { try String.fetchOne(database, sql: "PRAGMA \($0)") }
    }
    #expect(settings == ["wal", "2"], "2 is FULL")
  }

  @Test func `an event with a known uuid changes nothing`() throws {
    let store = try LocalStore.open(path: path)
    try store.insert([sample(1)], now: morning)
    var again = sample(1)
    again.json = Array("{}".utf8)
    try store.insert([again, sample(2), sample(2)], now: morning)
    #expect(try store.events(limit: 10).map(\.event) == [sample(1), sample(2)])
  }

  @Test func `files are readable by their owner alone`() throws {
    let store = try LocalStore.open(path: path)
    try store.insert([sample(1)], now: morning)
    let files = folder.files
    #expect(files.count == 3, "database, log and index: \(files)")
    for file in files { #expect(permissions(of: "\(folder.path)/\(file)") == 0o600, "\(file)") }
    try store.close()
    unsafe chmod(path, 0o644)
    _ = try LocalStore.open(path: path)
    #expect(permissions(of: path) == 0o600)
  }

  @Test func `events are found by trace, by name, in both orders and page by page`() throws {
    let store = try LocalStore.open(path: path)
    let events = (1...9).map {
      sample($0, event: $0 % 3 == 0 ? "$ai_span" : "$ai_generation", trace: UInt64($0 % 2) + 1)
    }
    try store.insert(events, now: morning)
    func numbers(_ found: [(position: Int64, event: StoredEvent)]) -> [UInt64] { found.map { $0.event.time - morning } }

    let even = TraceID(high: 1, low: 1)
    #expect(numbers(try store.events(limit: 9, trace: even)) == [2, 4, 6, 8])
    #expect(numbers(try store.events(limit: 9, event: "$ai_span")) == [3, 6, 9])
    #expect(numbers(try store.events(limit: 9, trace: even, event: "$ai_span")) == [6])
    #expect(numbers(try store.events(limit: 2, newestFirst: true)) == [9, 8])
    let page = try store.events(limit: 2)
    #expect(numbers(try store.events(limit: 2, after: page.last?.position)) == [3, 4])
    let last = try store.events(limit: 2, newestFirst: true)
    #expect(numbers(try store.events(limit: 2, after: last.last?.position, newestFirst: true)) == [7, 6])
    #expect(try store.events(limit: 0).isEmpty)
    #expect(try store.events(limit: -1).isEmpty)
  }

  @Test func `a name or an id is never read as SQL`() throws {
    let store = try LocalStore.open(path: path)
    let odd = sample(1, event: "'; DROP TABLE events; --")
    try store.insert([odd], now: morning)
    #expect(try store.events(limit: 9, event: odd.event).map(\.event) == [odd])
  }

  @Test func `two writers at a time both get through`() async throws {
    let store = try LocalStore.open(path: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<2 {
        group.addTask {
          for number in 0..<50 { try store.insert([sample(writer * 1000 + number)], now: morning) }
        }
      }
      try await group.waitForAll()
    }
    #expect(try store.events(limit: 1000).count == 100)
  }
}
