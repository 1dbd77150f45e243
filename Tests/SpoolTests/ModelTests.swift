import Bytes
import FailingDisk
import Glibc
import Telemetry
import Testing

@testable import Spool

/// The spool against a model in memory: random appends, changes and restarts, and everything compared.
@Suite(.timeLimit(.minutes(5))) struct ModelTests {
  @Test(arguments: 0..<6) func `whatever is done, the spool holds what the model holds`(_: Int) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(state: seed)
    let rig = try Rig()
    var model = SpoolModel()
    for step in 0..<250 {
      let place: Comment = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<18:
        let operation = model.operation(&random)
        let (lane, sequence) = model.apply(operation) ?? (LaneID(0), 0)
        #expect(SpoolModel.perform(operation, on: rig) == .durable(lane: lane, sequence: sequence), place)
      case 18:
        try rig.restart()
        #expect(rig.spool.repair == nil, place)
      default: #expect(try model.difference(from: rig, &random) == nil, place)
      }
    }
    #expect(try model.difference(from: rig, &random) == nil, "seed \(seed), at the end")
    try rig.restart()
    #expect(rig.spool.repair == nil, "seed \(seed)")
    #expect(try model.difference(from: rig, &random) == nil, "seed \(seed), after a restart")
  }
}

/// The same on a disk that fails. One at a time: there is one such disk in the process.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FailingDiskTests {
  /// How many operations one story has before its disk dies.
  private static let operations = 14

  /// Performs operations until one is refused: the model with all that were told to be durable, and the one that was not.
  private func perform(
    _ seed: UInt64, on rig: Rig, from model: inout SpoolModel
  ) -> (refused: SpoolModel.Operation?, random: SeededGenerator) {
    var random = SeededGenerator(state: seed)
    for _ in 0..<Self.operations {
      let operation = model.operation(&random)
      guard case .durable = SpoolModel.perform(operation, on: rig) else { return (operation, random) }
      model.apply(operation)
    }
    return (nil, random)
  }

  /// As after kill -9 at each call that writes or syncs, also in the middle of a write: what was told to be durable is
  /// there, and of what was under way all or nothing.
  @Test(arguments: 0..<2) func `at whatever call the process dies, the spool is whole`(_: Int) throws {
    let seed = UInt64.random(in: 0 ... .max)
    defer { unsafe failing_disk_watch("/nowhere") }
    var death: UInt64 = 0
    while true {
      let rig = try Rig()
      var model = SpoolModel()
      unsafe failing_disk_watch(rig.directory.spool)
      failing_disk_die_after(death)
      var (refused, random) = perform(seed, on: rig, from: &model)
      guard let refused else { break }
      let place: Comment = "seed \(seed), death at call \(death)"
      let after = SpoolModel.perform(.append(key: "phc_0", index: [1], body: [1]), on: rig)
      if case .durable = after { Issue.record("told durable by a disk that is gone: \(place)") }
      rig.spool.close()
      failing_disk_heal()
      try rig.restart()
      var other = model
      other.apply(refused)
      if try model.difference(from: rig, &random) != nil {
        #expect(try other.difference(from: rig, &random) == nil, place)
        model = other
      }
      try goOn(rig, &model, &random, place)
      death += death < 20 ? 1 : 1 + UInt64.random(in: 0..<20, using: &random)
    }
    #expect(death > 20)
  }

  /// Some operations on a disk that is well, and a look at everything.
  private func goOn(_ rig: Rig, _ model: inout SpoolModel, _ random: inout SeededGenerator, _ place: Comment) throws {
    for _ in 0..<3 {
      let operation = model.operation(&random)
      let (lane, sequence) = model.apply(operation) ?? (LaneID(0), 0)
      #expect(SpoolModel.perform(operation, on: rig) == .durable(lane: lane, sequence: sequence), place)
    }
    #expect(try model.difference(from: rig, &random) == nil, place)
  }

  /// Calls fail at random, some after they did their work, some halfway: what is told to be durable is, and the spool goes
  /// on without a restart. What was refused may be there all the same, whole.
  @Test(arguments: [
    FAILING_DISK_WRITE, FAILING_DISK_SYNC, FAILING_DISK_WRITE | FAILING_DISK_SHORT,
    FAILING_DISK_WRITE | FAILING_DISK_DONE, FAILING_DISK_SYNC | FAILING_DISK_DONE,
    FAILING_DISK_WRITE | FAILING_DISK_SYNC | FAILING_DISK_DONE,
  ])
  func `whatever call fails, what was refused is told so and the rest is there`(which: UInt32) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(state: seed)
    let rig = try Rig()
    var model = SpoolModel()
    unsafe failing_disk_watch(rig.directory.spool)
    defer { unsafe failing_disk_watch("/nowhere") }
    var refusals = 0
    for step in 0..<60 {
      let place: Comment = "seed \(seed), step \(step), calls \(which)"
      let operation = model.operation(&random)
      failing_disk_fail(
        which, [EIO, ENOSPC][Int.random(in: 0..<2, using: &random)],
        [0, 100_000, 1_000_000].randomElement(using: &random) ?? 0)
      let outcome = SpoolModel.perform(operation, on: rig)
      failing_disk_heal()
      // After a failed commit the first read may find the store closed; it asks for it, and nothing needs to be written.
      for _ in 0..<5_000 where (try? rig.spool.lanes()) == nil { usleep(1_000) }
      if case .durable = outcome {
        model.apply(operation)
      } else {
        refusals += 1
        var other = model
        other.apply(operation)
        if try model.difference(from: rig, &random) != nil, try other.difference(from: rig, &random) == nil {
          model = other
        }
      }
      #expect(try model.difference(from: rig, &random) == nil, place)
    }
    #expect(refusals > 5, "seed \(seed): the disk did not fail")
    try rig.restart()
    try goOn(rig, &model, &random, "seed \(seed), calls \(which), after a restart")
  }
}
