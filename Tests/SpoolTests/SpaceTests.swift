import Bytes
import Glibc
import Telemetry
import TestSupport
import Testing

@testable import Spool

@Suite(.timeLimit(.minutes(5))) struct SpaceTests {
  private static let body = [UInt8](repeating: 7, count: 160_000)

  /// Appends until the spool refuses; the refusal and how many fitted.
  private func fill(_ rig: Rig) -> (refusal: Refusal?, count: UInt64) {
    var count: UInt64 = 0
    while count < 10_000 {
      do { count = try rig.append(Self.body).sequence } catch { return (error, count) }
    }
    return (nil, count)
  }

  @Test func `a full spool refuses, goes on deleting, and takes requests again`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 8 << 20
    let rig = try Rig(settings)
    let (refusal, count) = fill(rig)
    #expect(refusal == .full(bytesMax: 8 << 20))
    #expect(count > 40)
    #expect(rig.spool.status.bytesUsed <= 8 << 20)
    #expect(rig.queue([1]) == .success(count + 2), "what is small may still fit")
    _ = rig.outcomes.append(count + 2)

    try rig.restart()
    let lane = try #require(try rig.spool.lanes().first).lane
    #expect(fill(rig).refusal == .full(bytesMax: 8 << 20))
    let used = rig.spool.status.bytesUsed
    #expect(rig.commit(lane) { $0.finishedRequests = Array(1...20) } == .durable(lane: LaneID(0), sequence: 0))
    #expect(rig.spool.status.bytesUsed < used - 20 * 160_000)
    #expect(try rig.append(Self.body).sequence > count)
    for sequence in 21...count { #expect(try rig.body(lane, sequence, count: Self.body.count) == Self.body) }
  }

  @Test func `what is deleted is used again, so that the file stays its size`() throws {
    let rig = try Rig()
    var random = SeededGenerator(state: 3)
    var sequences: [UInt64] = []
    var sizes: [Int] = []
    for round in 0..<30 {
      for _ in 0..<20 {
        let body = [UInt8](repeating: 1, count: Int.random(in: 1...400_000, using: &random))
        sequences.append(try rig.append(body).sequence)
      }
      if round > 0 {
        rig.commit(LaneID(1)) { $0.finishedRequests = Array(sequences.prefix(20)) }
        sequences.removeFirst(20)
      }
      sizes.append(try fileBytes(rig))
    }
    #expect(sizes[29] <= 3 * sizes[2], "\(sizes)")
  }

  private func fileBytes(_ rig: Rig) throws -> Int {
    var found = Glibc.stat()
    try #require(unsafe stat(rig.directory.spool + "/data.mdb", &found) == 0)
    return Int(found.st_size)
  }

  @Test func `a map that is too small refuses requests and still lets changes through`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 1 << 30
    // The map ends long before the bound does, as it may when free pages lie too scattered.
    settings.slackBytes = (2 << 20) - settings.bytesMax
    let rig = try Rig(settings)
    let (refusal, count) = fill(rig)
    #expect(refusal == .full(bytesMax: 1 << 30))
    #expect(count > 5)
    let commits = rig.spool.status.commits
    // Larger than what is left, so that the map must grow.
    let block = [UInt8](repeating: 3, count: 3 << 20)
    #expect(rig.commit(LaneID(1)) { $0.decisions = (1, block) } == .durable(lane: LaneID(0), sequence: 0))
    #expect(rig.spool.status.commits == commits + 1)
    #expect(try rig.spool.decisions(lane: LaneID(1), from: 0, limit: .max).map(\.bytes) == [block])
    #expect(try rig.append(Self.body).sequence == count + 1, "no number was lost to the refusals")
    try rig.restart()
    #expect(try rig.body(LaneID(1), count, count: Self.body.count) == Self.body)
  }

  @Test func `changes that wait with requests too many for the map are committed without them`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 1 << 30
    settings.slackBytes = (2 << 20) - settings.bytesMax
    let rig = try Rig(settings)
    let lane = try rig.append([1]).lane
    rig.outcomes.hold()
    _ = try rig.append([2])
    let token = try rig.queue([UInt8](repeating: 1, count: 3 << 20)).get()
    var change = LaneChange(lane: lane)
    change.finishedRequests = [1]
    rig.spool.commit(Change(token: 99, lanes: [change]))
    rig.outcomes.release()
    #expect(rig.outcomes.append(token) == .refused(.full(bytesMax: 1 << 30)))
    #expect(rig.outcomes.change(99) == .durable(lane: LaneID(0), sequence: 0))
    #expect(try rig.spool.requests(lane: lane, after: 0, limit: 9).map(\.sequence) == [2])
    #expect(try rig.append([3]).sequence == 3)
  }

  @Test func `a disk with too little room refuses requests, not changes`() throws {
    let directory = TemporaryDirectory()
    let lane = try Rig(in: directory).append([1]).lane
    var settings = SpoolSettings.small
    settings.freeBytesMin = .max
    let rig = try Rig(settings, in: directory)
    let error = #expect(throws: Refusal.self) { try rig.append([1]) }
    guard case .diskLow(let free) = error else {
      Issue.record("refused for another reason: \(String(describing: error))")
      return
    }
    #expect(free > 0)
    #expect(rig.commit(lane) { $0.finishedRequests = [1] } == .durable(lane: LaneID(0), sequence: 0))
    #expect(rig.spool.status.requests == 0)
  }

  @Test(arguments: [(99, 0, true), (100, 0, false), (60, 39, true), (60, 40, false), (0, .max, false), (99, -5, true)])
  func `free pages of the file count as free disk`(_ free: Int, _ reusable: Int, _ refused: Bool) {
    let refusal = FreeSpace.refusal(freeBytes: free, reusableBytes: reusable, freeBytesMin: 100)
    #expect(refusal == (refused ? .diskLow(freeBytes: free) : nil))
  }

  @Test(arguments: [(1000, 99, false), (1001, 99, true), (2000, 199, true), (2000, 200, false)])
  func `only a large and nearly empty file is compacted`(_ file: Int, _ used: Int, _ due: Bool) {
    var settings = SpoolSettings()
    settings.compactionBytesMin = 1000
    #expect(Compaction.isDue(fileBytes: file, bytesUsed: used, settings) == due)
  }

  @Test func `compaction at the start shrinks the file and keeps what is in it`() throws {
    var settings = SpoolSettings.small
    settings.compactionBytesMin = 4 << 20
    let rig = try Rig(settings)
    for _ in 0..<100 { _ = try rig.append(Self.body) }
    rig.commit(LaneID(1)) { change in
      change.finishedRequests = Array(1...98)
      change.decisions = (1, [1, 2, 3])
    }
    let before = try fileBytes(rig)
    try rig.restart()
    #expect(try fileBytes(rig) < before / 10)
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [99, 100])
    #expect(try rig.body(LaneID(1), 100, count: Self.body.count) == Self.body)
    #expect(try rig.spool.decisions(lane: LaneID(1), from: 0, limit: .max).map(\.bytes) == [[1, 2, 3]])
    #expect(try rig.append(Self.body).sequence == 101)
    #expect(throws: SpoolError.locked(path: rig.directory.spool, process: getpid())) { try Rig(in: rig.directory) }
  }

  /// LMDB keeps the number of the last commit in lock.mdb as long as anybody reads, and looks there which of its two first
  /// pages counts. A new file has its own.
  @Test(arguments: 0..<4) func `a spool that is compacted while another process reads it keeps everything`(more: Int)
    throws
  {
    let rig = try Rig()
    for _ in 0..<10 + more { _ = try rig.append(Self.body) }
    let reader = try Process(
      "/usr/bin/env",
      [
        "python3", "-c",
        // What LMDB's readers hold.
        "import fcntl,sys\nf = open(sys.argv[1], 'r+b')\nfcntl.lockf(f, fcntl.LOCK_SH, 1)\nprint('reading', flush=True)\ninput()",
        "\(rig.directory.spool)/lock.mdb",
      ])
    #expect(try reader.readLine(within: .seconds(20)) == "reading")
    rig.spool.close()
    _ = try LMDBSpool.compact(path: rig.directory.spool, settings: rig.settings)
    try rig.restart()
    _ = try rig.append(Self.body)
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 99).count == 11 + more)
    #expect(try rig.body(LaneID(1), 1, count: Self.body.count) == Self.body)
  }

  @Test(arguments: [(10 << 40, 1 << 30), (20 << 30, 1 << 30), (10 << 30, 512 << 20)])
  func `of a small disk five per cent stay free`(_ total: Int, _ expected: Int) {
    #expect(SpoolSettings.freeBytesMin(total: total) == expected)
  }

  @Test func `a lane full of dead letters does not push out the few of another`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 8 << 20
    let rig = try Rig(settings)
    let full = try rig.append([1]).lane
    let other = try rig.append([1], key: "phc_two").lane
    let letter = DeadLetter(time: 0, status: 400, reason: "no", event: [UInt8](repeating: 1, count: 30_000))
    for _ in 0..<60 { rig.commit(full) { $0.deadLetters = [letter] } }
    for _ in 0..<5 { rig.commit(other) { $0.deadLetters = [letter] } }
    #expect(try rig.spool.deadLetters(lane: other, limit: 9).count == 5)
    #expect(try rig.spool.deadLetters(lane: full, limit: 99).count < 34)
  }

  @Test func `dead letters over their share push out the oldest of their lane`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 8 << 20
    let rig = try Rig(settings)
    let lane = try rig.append([1]).lane
    let other = try rig.append([1], key: "phc_two").lane
    let letter = DeadLetter(time: 0, status: 400, reason: "no", event: [UInt8](repeating: 1, count: 30_000))
    rig.commit(other) { $0.deadLetters = [letter] }
    for time in UInt64(1)...60 {
      rig.commit(lane) { change in
        change.deadLetters = [letter]
        change.deadLetters[0].time = time
      }
    }
    let kept = try rig.spool.deadLetters(lane: lane, limit: 1000).map(\.letter.time)
    #expect(kept == Array((61 - UInt64(kept.count)...60).reversed()))
    #expect((25...34).contains(kept.count), "\(kept.count) of 30 kB in 1 MiB")
    #expect(try rig.spool.deadLetters(lane: other, limit: 9).count == 1)
  }

  @Test func `draining a backlog does not keep it in memory`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 512 << 20
    let rig = try Rig(settings)
    let body = [UInt8](repeating: 5, count: 1 << 20)
    let index = [UInt8](repeating: 5, count: 3000)
    for _ in 0..<128 { _ = try rig.append(body, index: index) }
    try rig.restart()
    var peak = 0
    for sequence in UInt64(1)...128 {
      _ = try rig.spool.requests(lane: LaneID(1), after: sequence - 1, limit: 1)
      #expect(try rig.body(LaneID(1), sequence, count: body.count) == body)
      if sequence > 4 { rig.commit(LaneID(1)) { $0.finishedRequests = [sequence - 4] } }
      peak = max(peak, try residentBytes(rig.directory.spool + "/data.mdb"))
    }
    #expect(peak < 4 * ResidentPages.grownMax, "\(peak) bytes of the map were resident")
  }

  /// How much of the mapped file counts as this process's memory.
  private func residentBytes(_ path: String) throws -> Int {
    guard let file = unsafe fopen("/proc/self/smaps", "r") else { throw StoreFailure(code: errno) }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    var inside = false
    var sum = 0
    while unsafe fgets(&line, 4096, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let words = text.split(separator: " ")
      // A mapping begins with its addresses; what follows are its figures, each with a colon.
      if words.first?.last != ":" { inside = text.contains(path) }
      if inside, words.first == "Rss:" { sum += (Int(words[1]) ?? 0) * 1024 }
    }
    return sum
  }
}
