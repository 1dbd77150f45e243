import Store
import Testing

@Suite struct StoreLimitsTests {
  let folder = TemporaryFolder()
  var path: String { "\(folder.path)/events.sqlite" }

  @Test func `an event is kept up to its age limit and removed above it`() throws {
    let store = try LocalStore.open(path: path, limits: StoreLimits(ageMax: .seconds(60)))
    try store.insert([sample(1)], now: morning)
    try store.insert([sample(2)], now: morning + 60 * second)
    #expect(try store.events(limit: 9).map(\.event) == [sample(1), sample(2)])
    try store.insert([], now: morning + 60 * second + 1)
    #expect(try store.events(limit: 9).map(\.event) == [sample(2)])
  }

  @Test func `age counts from storing, so that an old trace can be imported`() throws {
    let store = try LocalStore.open(path: path, limits: StoreLimits(ageMax: .seconds(60)))
    var old = sample(1)
    old.time = 1
    try store.insert([old], now: morning)
    #expect(try store.events(limit: 9).count == 1)
  }

  @Test func `thousands of expired events go at once`() throws {
    let store = try LocalStore.open(path: path, limits: StoreLimits(ageMax: .seconds(60)))
    try store.insert((0..<2500).map { sample($0) }, now: morning)
    try store.insert([sample(9000)], now: morning + 61 * second)
    #expect(try store.events(limit: 9).map(\.event) == [sample(9000)])
  }

  @Test func `a limit no clock can reach removes nothing`() throws {
    let store = try LocalStore.open(path: path, limits: StoreLimits(ageMax: .seconds(Int64.max)))
    try store.insert([sample(1)], now: 0)
    try store.insert([sample(2)], now: .max)
    #expect(try store.events(limit: 9).count == 2)
  }

  @Test func `above the byte limit the oldest are removed, and no more of them than needed`() throws {
    let bytesMax = 1 << 20
    let store = try LocalStore.open(path: path, limits: StoreLimits(bytesMax: bytesMax))
    for batch in 0..<40 {
      try store.insert((0..<10).map { sample(batch * 10 + $0, bytes: 4000) }, now: morning)
      #expect(try store.bytesUsed() <= bytesMax)
    }
    let kept = try store.events(limit: 1000).map { Int($0.event.time - morning) }
    #expect(kept == Array((400 - kept.count)..<400), "the newest, without gaps")
    // An event of 8 KB takes three pages: with what is kept, one more would not fit.
    #expect(try store.bytesUsed() > bytesMax - 64 << 10)
  }

  @Test func `an event larger than the whole limit does not stay and does no harm`() throws {
    let store = try LocalStore.open(path: path, limits: StoreLimits(bytesMax: 256 << 10))
    try store.insert([sample(1)], now: morning)
    try store.insert([sample(2, bytes: 1 << 20)], now: morning)
    #expect(try store.events(limit: 9).isEmpty)
    try store.insert([sample(3)], now: morning)
    #expect(try store.events(limit: 9).map(\.event) == [sample(3)])
  }

  @Test func `positions are not used twice, even after everything was removed`() throws {
    let store = try LocalStore.open(path: path, limits: StoreLimits(ageMax: .seconds(1)))
    try store.insert([sample(1)], now: morning)
    let before = try #require(try store.events(limit: 1).first?.position)
    try store.insert([], now: morning + 10 * second)
    try store.insert([sample(2)], now: morning + 10 * second)
    #expect(try store.events(limit: 9, after: before).map(\.event) == [sample(2)])
  }

  @Test func `a store reopened with a smaller limit shrinks to it`() throws {
    let first = try LocalStore.open(path: path)
    try first.insert((0..<3000).map { sample($0, bytes: 500) }, now: morning)
    try first.close()
    let second = try LocalStore.open(path: path, limits: StoreLimits(bytesMax: 200 << 10))
    try second.insert([], now: morning)
    #expect(try second.bytesUsed() <= 200 << 10)
    #expect(try second.events(limit: 1, newestFirst: true).map(\.event) == [sample(2999, bytes: 500)])
  }
}
