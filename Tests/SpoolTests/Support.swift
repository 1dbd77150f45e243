import Glibc

@testable import Spool

/// A directory that goes away with the test that made it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/hoglet-spool-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe mkdtemp($0) } != nil
    }
    precondition(made, "no temporary directory")
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    for name in ["data.mdb", "lock.mdb", "spool.lock", "acknowledged", "data.mdb.damaged"] {
      unsafe unlink("\(path)/spool/\(name)")
      unsafe unlink("\(path)/\(name)")
    }
    unsafe rmdir(path + "/spool")
    unsafe rmdir(path)
  }

  /// Where a spool goes: not there yet.
  var spool: String { path + "/spool" }
}

/// Collects outcomes; can hold the writer after a commit, so that what gathers meanwhile is known.
final class Outcomes: CommitListener {
  private struct State {
    var appends: [UInt64: CommitOutcome] = [:]
    var changes: [UInt64: CommitOutcome] = [:]
    var commits: [Int] = []
    var damaged: [SetAside] = []
  }

  private let state = Locked(State())
  private let held = Locked(false)

  func committed(
    appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)]
  ) {
    state.withLock { state in
      for (token, outcome) in appends { state.appends[token] = outcome }
      for (token, outcome) in changes { state.changes[token] = outcome }
      state.commits.append(appends.count)
    }
    held.wait { $0 ? nil : () }
  }

  func setAside(_ damaged: [SetAside]) { state.withLock { $0.damaged += damaged } }

  var damaged: [SetAside] { state.withLock(\.damaged) }

  func hold() { held.withLock { $0 = true } }

  func release() {
    held.withLock { $0 = false }
    held.signal()
  }

  /// How many appends each commit had.
  var commits: [Int] { state.withLock(\.commits) }

  func append(_ token: UInt64) -> CommitOutcome { wait { $0.appends[token] } }
  func change(_ token: UInt64) -> CommitOutcome { wait { $0.changes[token] } }

  /// Looks until the outcome is there; after half a minute it never comes.
  private func wait(_ look: (State) -> CommitOutcome?) -> CommitOutcome {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      if let outcome = state.withLock({ look($0) }) { return outcome }
      usleep(50)
    }
    return .refused(.failed("the listener heard nothing for 30 s"))
  }
}

/// SplitMix64: a generator that a printed seed repeats.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed &>> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed &>> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed &>> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8]()
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      unsafe withUnsafeBytes(of: next()) { unsafe bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

/// A spool with a listener to wait on, for tests that do one thing after the other.
final class Rig {
  let directory: TemporaryDirectory
  let outcomes = Outcomes()
  let settings: SpoolSettings
  private(set) var spool: LMDBSpool
  private var token: UInt64 = 0

  init(_ settings: SpoolSettings = .small, in directory: TemporaryDirectory = TemporaryDirectory()) throws(SpoolError) {
    self.directory = directory
    self.settings = settings
    spool = try LMDBSpool.open(path: directory.spool, settings: settings, listener: outcomes)
  }

  deinit {
    outcomes.release()
    spool.close()
  }

  func restart() throws(SpoolError) {
    spool.close()
    spool = try LMDBSpool.open(path: directory.spool, settings: settings, listener: outcomes)
  }

  /// Queues a request; the token to ask for, or the refusal.
  func queue(_ body: [UInt8], index: [UInt8] = [1], key: String = "phc_one") -> Result<UInt64, Refusal> {
    token += 1
    let request = Append(token: token, key: key, signal: .traces, arrival: token, index: index, body: body)
    if let refusal = spool.append(request) { return .failure(refusal) }
    return .success(token)
  }

  /// Appends a request and waits until it is stored or refused.
  func append(_ body: [UInt8], index: [UInt8] = [1], key: String = "phc_one") throws(Refusal) -> (
    lane: LaneID, sequence: UInt64
  ) {
    switch outcomes.append(try queue(body, index: index, key: key).get()) {
    case .durable(let lane, let sequence): return (lane, sequence)
    case .refused(let refusal): throw refusal
    }
  }

  /// Commits a change and waits for its outcome.
  @discardableResult
  func commit(_ lane: LaneID, _ fill: (inout LaneChange) -> Void) -> CommitOutcome {
    var change = LaneChange(lane: lane)
    fill(&change)
    token += 1
    spool.commit(Change(token: token, lanes: [change]))
    return outcomes.change(token)
  }

  func body(_ lane: LaneID, _ sequence: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
    var arena = [UInt8]()
    try spool.read(lane: lane, sequence: sequence, slices: [.init(0, count)], into: &arena)
    return arena
  }
}

extension SpoolSettings {
  /// Small enough for a test, with no demand on the disk it runs on.
  static var small: SpoolSettings {
    var settings = SpoolSettings()
    settings.bytesMax = 64 << 20
    settings.freeBytesMin = 0
    settings.keyShare = 1
    return settings
  }
}
