import Bytes
import Glibc
import Telemetry
import Testing

@testable import Spool

/// What a disk may do to a closed spool: bytes of any page change, the end is missing. Whatever it does, the spool opens,
/// what it serves is what was stored, and everything that it does not serve was told.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CorruptionTests {
  private static let cases = 500
  private static let keys = ["phc_one", "phc_two", "phc_three"]

  /// A spool's file and what is in it, the same for every case.
  private struct Original {
    var file: [UInt8]
    /// Those that were deleted too: the last commit may be undone where it is damaged.
    var bodies: [LaneID: [UInt64: [UInt8]]]
    var served = 57

    init() throws {
      let rig = try Rig()
      var random = SeededGenerator(state: 11)
      bodies = [:]
      for number in 0..<60 {
        let size = Int.random(in: 1...(number % 6 == 0 ? 200_000 : 3_000), using: &random)
        let body = random.bytes(size)
        let index = random.bytes(number % 7 == 0 ? 6_000 : 100)
        let (lane, sequence) = try rig.append(body, index: index, key: CorruptionTests.keys[number % 3])
        bodies[lane, default: [:]][sequence] = body
      }
      for block in UInt64(1)...4 {
        let bytes = random.bytes(2_000)
        rig.commit(LaneID(1)) { $0.decisions = (block, bytes) }
      }
      // Holes, as a spool at work has them.
      rig.commit(LaneID(2)) { $0.finishedRequests = [3, 4, 9] }
      rig.spool.close()
      file = try Files.read(rig.directory.spool + "/data.mdb")
    }
  }

  /// The file with one to 64 bytes changed, or with its end cut off.
  private static func damaged(_ file: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var file = file
    if Int.random(in: 0..<10, using: &random) == 0 {
      file.removeLast(Int.random(in: 1...file.count / 2, using: &random))
      return file
    }
    let count = Int.random(in: 1...64, using: &random)
    // In one place, as a bad sector has it, or all over.
    let start = Int.random(in: 0..<file.count, using: &random)
    let isTogether = Bool.random(using: &random)
    for place in 0..<count {
      let offset = isTogether ? (start + place) % file.count : Int.random(in: 0..<file.count, using: &random)
      file[offset] ^= UInt8.random(in: 1...255, using: &random)
    }
    return file
  }

  @Test func `of five hundred damaged spools each opens, and serves only what was stored`() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    let progress = TemporaryDirectory()
    var first = 0
    var deaths: [Int] = []
    while first < Self.cases {
      let (path, from) = (progress.path + "/acknowledged", first)
      let result = await #expect(processExitsWith: .success, "seed \(seed)") {
        [path = path as String, from = from as Int, seed = seed as UInt64] in
        try CorruptionTests.run(from: from, seed: seed, progress: path)
      }
      if result?.exitStatus == .exitCode(0) { break }
      let reached = Int(String(decoding: try Files.read(path), as: UTF8.self)) ?? first
      deaths.append(reached)
      first = reached + 1
    }
    #expect(deaths.isEmpty, "seed \(seed): these cases ended the process")
  }

  private static func run(from first: Int, seed: UInt64, progress: String) throws {
    let original = try Original()
    for number in first..<cases {
      try Files.write(Array("\(number)".utf8), to: progress)
      var random = SeededGenerator(state: seed &+ UInt64(number))
      if let problem = try check(original, damaged(original.file, &random)) {
        Issue.record("seed \(seed), case \(number): \(problem)")
      }
    }
  }

  /// What is wrong with how the spool takes this file; nil for nothing.
  private static func check(_ original: Original, _ file: [UInt8]) throws -> String? {
    let directory = TemporaryDirectory()
    unsafe mkdir(directory.spool, 0o700)
    try Files.write(file, to: directory.spool + "/data.mdb")
    let rig: Rig
    do { rig = try Rig(in: directory) } catch { return "it does not open: \(error)" }
    var served = 0
    for (lane, _) in try rig.spool.lanes() {
      for request in try rig.spool.requests(lane: lane, after: 0, limit: .max) {
        do {
          let body = try rig.body(lane, request.sequence, count: request.bodyCount)
          let expected = original.bodies[lane]?[request.sequence]
          if body != expected { return "request \(request.sequence) of lane \(lane.value) is not what was stored" }
          served += 1
        } catch {
          rig.commit(lane) { $0.damagedRequests = [request.sequence] }
        }
      }
      _ = try rig.spool.decisions(lane: lane, from: 0, limit: .max)
    }
    do { _ = try rig.append([1], key: "phc_new") } catch { return "it takes nothing more: \(error)" }
    if served < original.served, rig.spool.repair == nil, rig.spool.status.quarantined == 0 {
      return "\(original.served - served) requests are gone and nothing was told"
    }
    let damage = rig.spool.repair
    try rig.restart()
    if let again = rig.spool.repair { return "after \(String(describing: damage)) it is damaged again: \(again)" }
    return nil
  }
}

/// Whole files, for tests that damage them.
enum Files {
  static func read(_ path: String) throws -> [UInt8] {
    let file = unsafe open(path, O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
    try #require(unsafe pread(file, &bytes, bytes.count, 0) == bytes.count)
    return bytes
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    try #require(unsafe Glibc.write(file, bytes, bytes.count) == bytes.count)
  }
}
