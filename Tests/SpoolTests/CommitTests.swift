import Telemetry
import Testing

@testable import Spool

@Suite(.timeLimit(.minutes(5))) struct CommitTests {
  @Test func `all that gathers during a commit goes into the next one`() throws {
    let rig = try Rig()
    rig.outcomes.hold()
    let first = try rig.append([0])
    let tokens = try (0..<500).map { try rig.queue([UInt8(truncatingIfNeeded: $0)]).get() }
    rig.outcomes.release()
    for (offset, token) in tokens.enumerated() {
      #expect(rig.outcomes.append(token) == .durable(lane: first.lane, sequence: UInt64(offset) + 2))
    }
    #expect(rig.outcomes.commits == [1, 500])
    #expect(rig.spool.status.commits == 2)
  }

  @Test func `commits that several share begin apart`() throws {
    let rig = try Rig()
    let begun = ContinuousClock.now
    for token in try (0..<2_000).map({ try rig.queue([UInt8(truncatingIfNeeded: $0)]).get() }) {
      _ = rig.outcomes.append(token)
    }
    // All of them are less than what a commit waits for.
    let shared = rig.outcomes.commits.dropLast().count { $0 > 1 }
    #expect(ContinuousClock.now - begun >= Writer.commitInterval * shared, "\(rig.outcomes.commits)")
  }

  @Test(arguments: [(743, true), (744, false)])
  func `commits wait for more until much waits, and never when closing`(_ bodyBytes: Int, _ mayRest: Bool) {
    var status = SpoolStatus()
    status.bytesMax = 1 << 30
    var queue = CommitQueue(.small, status)
    #expect(queue.mayRest(bytesMax: 1000))
    // Beside its body a request counts for 256 bytes.
    let body = [UInt8](repeating: 0, count: bodyBytes)
    let append = Append(token: 1, key: "phc_one", signal: .traces, arrival: 0, index: [], body: body)
    #expect(queue.append(append) == nil)
    #expect(queue.mayRest(bytesMax: 1000) == mayRest)
    queue.close()
    #expect(!queue.mayRest(bytesMax: 1 << 20))
  }

  @Test func `a transaction takes no more than its bytes, and at least one request`() throws {
    var settings = SpoolSettings.small
    settings.commitBytesMax = 100_000
    let rig = try Rig(settings)
    rig.outcomes.hold()
    _ = try rig.append([0])
    let body = [UInt8](repeating: 1, count: 45_000)
    let tokens = try [body, body, body, [UInt8](repeating: 2, count: 300_000), body].map {
      try rig.queue($0).get()
    }
    rig.outcomes.release()
    for token in tokens { _ = rig.outcomes.append(token) }
    #expect(rig.outcomes.commits == [1, 2, 1, 1, 1])
  }

  @Test func `more than the queue holds is refused at once, and taken again when it is empty`() throws {
    var settings = SpoolSettings.small
    settings.queueBytesMax = 100_000
    let rig = try Rig(settings)
    rig.outcomes.hold()
    let body = [UInt8](repeating: 1, count: 49_000)
    _ = try rig.append([0])
    let first = try rig.queue(body).get()
    let second = try rig.queue(body).get()
    #expect(rig.queue(body) == .failure(.busy))
    rig.outcomes.release()
    #expect(rig.outcomes.append(first) != rig.outcomes.append(second))
    #expect(try rig.append([UInt8](repeating: 1, count: 200_000)).sequence == 4, "one alone may be larger")
  }

  @Test func `closing commits what waits, then refuses`() throws {
    let rig = try Rig()
    rig.outcomes.hold()
    let lane = try rig.append([0]).lane
    let tokens = try (0..<10).map { try rig.queue([$0]).get() }
    rig.outcomes.release()
    rig.spool.close()
    rig.spool.close()
    for token in tokens { #expect(rig.outcomes.append(token) != .refused(.closing)) }
    #expect(rig.queue([1]) == .failure(.closing))
    #expect(rig.commit(lane) { $0.decisions = (1, [1]) } == .refused(.closing))
    #expect(throws: SpoolError.self) { try rig.spool.lanes() }
    try rig.restart()
    #expect(rig.spool.status.requests == 11)
  }

  @Test func `a key too many is refused, the others go on`() throws {
    var settings = SpoolSettings.small
    settings.lanesMax = 2
    let rig = try Rig(settings)
    rig.outcomes.hold()
    let lane = try rig.append([0], key: "one").lane
    let tokens = try ["two", "three", "one"].map { try rig.queue([1], key: $0).get() }
    rig.outcomes.release()
    #expect(rig.outcomes.append(tokens[0]) == .durable(lane: LaneID(2), sequence: 1))
    #expect(rig.outcomes.append(tokens[1]) == .refused(.tooManyLanes))
    #expect(rig.outcomes.append(tokens[2]) == .durable(lane: lane, sequence: 2))

    rig.commit(lane) { $0.finishedRequests = [1, 2] }
    try rig.restart()
    #expect(try rig.append([1], key: "three").lane == LaneID(3), "a lane that holds nothing makes room at the start")
    #expect(try rig.spool.lanes().map(\.key) == ["two", "three"])
  }

  @Test func `reading goes on while others append from several threads`() async throws {
    let rig = try Rig()
    let lane = try rig.append([0]).lane
    let spool = rig.spool
    await withTaskGroup(of: Void.self) { group in
      for thread in UInt64(1)...4 {
        group.addTask {
          for number in UInt64(0)..<200 {
            let body = [UInt8](repeating: UInt8(thread), count: 3000)
            let token = thread << 32 | number
            let request = Append(token: token, key: "phc_one", signal: .logs, arrival: 0, index: [], body: body)
            #expect(spool.append(request) == nil)
          }
        }
      }
    }
    var seen: UInt64 = 1
    while seen < 801 {
      for request in try spool.requests(lane: lane, after: seen, limit: 50) {
        #expect(request.sequence == seen + 1)
        let body = try rig.body(lane, request.sequence, count: 3000)
        #expect(body.allSatisfy { $0 == body[0] })
        seen = request.sequence
      }
    }
  }
}
