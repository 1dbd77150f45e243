import Glibc
import Telemetry
import Testing

@testable import Spool

/// Writes the sequences of durable requests to a file, which outlives the kill of its process.
private final class Acknowledging: CommitListener {
  let file: Int32

  init(_ path: String) { file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600) }

  func committed(
    appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)]
  ) {
    var sequences: [UInt64] = []
    for case (_, .durable(_, let sequence)) in appends { sequences.append(sequence) }
    unsafe sequences.withUnsafeBytes { bytes in _ = unsafe write(file, bytes.baseAddress, bytes.count) }
  }
}

@Suite(.serialized, .timeLimit(.minutes(5))) struct CrashTests {
  private static var settings: SpoolSettings {
    var settings = SpoolSettings.small
    settings.bytesMax = 2 << 30
    return settings
  }

  /// The body of a request, made from its token alone.
  private static func body(_ token: UInt64) -> [UInt8] {
    var random = SeededGenerator(state: token)
    return random.bytes(Int.random(in: 1...300_000, using: &random))
  }

  /// Appends until it kills itself after `delay` microseconds of doing so.
  private static func appendUntilKilled(_ path: String, delay: UInt32, first: UInt64) {
    let spool = try? LMDBSpool.open(
      path: path + "/spool", settings: settings, listener: Acknowledging(path + "/acknowledged"))
    guard let spool else { return }
    var killer = pthread_t()
    unsafe pthread_create(
      &killer, nil,
      { context in
        usleep(UInt32(UInt(bitPattern: context)))
        kill(getpid(), SIGKILL)
        return nil
      }, UnsafeMutableRawPointer(bitPattern: UInt(delay)))
    var token = first
    while true {
      let request = Append(
        token: token, key: "phc_one", signal: .logs, arrival: token, index: [UInt8(truncatingIfNeeded: token)],
        body: body(token))
      if spool.append(request) == nil { token += 1 }
    }
  }

  private func acknowledged(_ path: String) throws -> [UInt64] {
    let file = unsafe open(path + "/acknowledged", O_RDONLY)
    if file < 0 { return [] }
    defer { close(file) }
    var sequences = [UInt64](repeating: 0, count: Int(lseek(file, 0, SEEK_END)) / 8)
    let count = unsafe sequences.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, $0.count, 0) }
    try #require(count == sequences.count * 8)
    return sequences
  }

  @Test func `what was acknowledged is there after every kill`() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(state: seed)
    let directory = TemporaryDirectory()
    var kept: UInt64 = 0
    for round in 0..<8 {
      let (path, delay) = (directory.path, UInt32.random(in: 1...120_000, using: &random))
      let first = kept + 1
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, delay = delay as UInt32, first = first as UInt64] in
        CrashTests.appendUntilKilled(path, delay: delay, first: first)
      }
      let rig = try Rig(Self.settings, in: directory)
      #expect(rig.spool.repair == nil, "seed \(seed), round \(round)")
      let highest = try acknowledged(path).max() ?? 0
      let stored = try rig.spool.requests(lane: LaneID(1), after: 0, limit: .max)
      #expect(stored.map(\.sequence) == Array(1..<UInt64(stored.count) + 1), "seed \(seed), round \(round)")
      #expect(UInt64(stored.count) >= highest, "seed \(seed), round \(round): acknowledged requests are missing")
      for request in stored where request.sequence > kept {
        let body = Self.body(request.arrival)
        #expect(try rig.body(LaneID(1), request.sequence, count: request.bodyCount) == body, "seed \(seed)")
      }
      kept = UInt64(stored.count)
    }
    #expect(kept > 0)
  }

  @Test func `a disk that fails refuses the requests, and the spool goes on when it works again`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      let rig = try Rig()
      let lane = try rig.append([1]).lane
      var limit = rlimit()
      unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let before = limit
      limit.rlim_cur = 400_000
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let body = [UInt8](repeating: 1, count: 1_000_000)
      guard case .refused(.failed) = rig.outcomes.append(try rig.queue(body).get()) else { exit(2) }
      guard rig.commit(lane, { $0.decisions = (1, [1]) }) == .durable(lane: LaneID(0), sequence: 0) else { exit(3) }
      limit = before
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      guard try rig.append(body).sequence == 2, try rig.body(lane, 2, count: body.count) == body else { exit(4) }
      guard try rig.body(lane, 1, count: 1) == [1] else { exit(5) }
    }
  }

  /// Puts a device that is always full in the place of the file that LMDB writes its meta page through.
  private static func failMetaPage() -> Bool {
    for file in Int32(3)..<64 where fcntl(file, F_GETFL) & O_DSYNC == O_DSYNC {
      return dup2(unsafe open("/dev/full", O_WRONLY), file) == file
    }
    return false
  }

  @Test func `an environment that failed for good is opened anew`() async {
    await #expect(processExitsWith: .success) {
      let rig = try Rig()
      let lane = try rig.append([1]).lane
      guard CrashTests.failMetaPage() else { exit(2) }
      guard case .refused(.failed) = rig.outcomes.append(try rig.queue([2]).get()) else { exit(3) }
      guard try rig.append([3]) == (lane, 2) else { exit(4) }
      guard try rig.body(lane, 1, count: 1) == [1], try rig.body(lane, 2, count: 1) == [3] else { exit(5) }
    }
  }
}
