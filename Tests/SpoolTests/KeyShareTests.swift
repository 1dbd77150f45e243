import Telemetry
import Testing

@testable import Spool

/// No key may keep the others out: a half of the spool is the most for one.
@Suite(.timeLimit(.minutes(5))) struct KeyShareTests {
  private static let body = [UInt8](repeating: 7, count: 50_000)

  private static func request(_ key: String) -> Append {
    Append(token: 1, key: key, signal: .traces, arrival: 0, index: [1], body: body)
  }

  /// `over`: how many bytes more than its half the key would hold with one request more.
  @Test(arguments: [(-1, true), (0, true), (1, false)])
  func `a key may hold its half to the last byte`(_ over: Int, _ isTaken: Bool) {
    var settings = SpoolSettings()
    settings.bytesMax = 10 << 20
    var status = SpoolStatus()
    status.bytesMax = settings.bytesMax
    let stored = (5 << 20) - CommitQueue.bytesExpected(Self.request("phc_one")) + over
    var queue = CommitQueue(settings, status, [("phc_one", stored), ("phc_two", 0)])
    #expect(queue.append(Self.request("phc_one")) == (isTaken ? nil : .keyFull(bytesMax: 5 << 20)))
    #expect(queue.append(Self.request("phc_two")) == nil)
    #expect(queue.append(Self.request("phc_one")) == .keyFull(bytesMax: 5 << 20), "what waits counts too")
  }

  @Test func `a key that fills its half is refused, others are taken, and it again once it has room`() throws {
    var settings = SpoolSettings.small
    settings.bytesMax = 8 << 20
    settings.keyShare = 0.5
    let rig = try Rig(settings)
    func fill() throws -> (Refusal?, UInt64) {
      var last: UInt64 = 0
      while last < 1000 {
        do { last = try rig.append(Self.body).sequence } catch { return (error, last) }
      }
      return (nil, last)
    }
    let (refusal, count) = try fill()
    #expect(refusal == .keyFull(bytesMax: 4 << 20))
    #expect((60...78).contains(count), "\(count) of 13 pages in 4 MiB")
    #expect(rig.spool.status.bytesUsed < 5 << 20)
    let other = try rig.append(Self.body, key: "phc_two").lane
    #expect(rig.queue(Self.body) == .failure(.keyFull(bytesMax: 4 << 20)))

    try rig.restart()
    #expect(rig.queue(Self.body) == .failure(.keyFull(bytesMax: 4 << 20)), "it is known after a restart")
    #expect(try rig.append(Self.body, key: "phc_two").lane == other)
    rig.commit(LaneID(1)) { $0.finishedRequests = [1, 2] }
    #expect(try rig.append(Self.body).sequence == count + 1)
    rig.commit(LaneID(1)) { $0.finishedRequests = Array(3...count + 1) }
    #expect(try fill().1 == 2 * count + 1, "as many as before")
  }

  @Test func `what a key holds is counted anew where it was not stored`() throws {
    let rig = try Rig()
    let random = [UInt8](repeating: 3, count: 400_000)
    for body in [[1], Self.body, random] { _ = try rig.append(body, index: body) }
    let lane = LaneID(1)
    rig.spool.close()
    func stored(_ edit: (borrowing Transaction) throws(StoreFailure) -> Void) throws -> Int {
      var bytes = 0
      try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
        try edit(transaction)
        var lanes = try LaneTable(transaction, lanesMax: 9)
        bytes = lanes.bytesToTell().first?.bytes ?? 0
      }
      return bytes
    }
    let known = try stored { (_) throws(StoreFailure) in }
    #expect(known > 900_000)
    let old = try stored { transaction throws(StoreFailure) in
      let numbers = [UInt8](repeating: 0, count: 24)
      try SealedValue.put(numbers.span, in: .meta, StoreKey(lane: lane), transaction)
    }
    #expect(old == known, "a store from before it was counted")
    let damaged = try stored { transaction throws(StoreFailure) in
      try transaction.put(.meta, StoreKey(lane: lane), [1, 2, 3].span)
    }
    #expect(damaged == known)
  }
}
