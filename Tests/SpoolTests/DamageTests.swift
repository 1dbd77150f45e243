import Bytes
import Glibc
import Telemetry
import Testing

@testable import Spool

@Suite(.timeLimit(.minutes(5))) struct DamageTests {
  /// Inverts one byte in the middle of every place where the closed store has `pattern`.
  private func flip(_ pattern: [UInt8], in directory: TemporaryDirectory) throws {
    let file = unsafe open(directory.spool + "/data.mdb", O_RDWR)
    try #require(file >= 0)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
    try #require(unsafe pread(file, &bytes, bytes.count, 0) == bytes.count)
    var found = 0
    var place = 0
    while place + pattern.count <= bytes.count {
      if bytes[place] == pattern[0], bytes[place..<place + pattern.count].elementsEqual(pattern) {
        let middle = place + pattern.count / 2
        var inverted = ~bytes[middle]
        try #require(unsafe pwrite(file, &inverted, 1, off_t(middle)) == 1)
        found += 1
        place += pattern.count
      } else {
        place += 1
      }
    }
    try #require(found > 0)
  }

  /// A spool of three requests, of which the second is then damaged in the bytes that `pattern` gives.
  private func damaged(index: [UInt8], body: [UInt8], pattern: [UInt8]) throws -> Rig {
    let rig = try Rig()
    _ = try rig.append([1, 1, 1])
    _ = try rig.append(body, index: index)
    _ = try rig.append([3, 3, 3])
    rig.spool.close()
    try flip(pattern, in: rig.directory)
    try rig.restart()
    return rig
  }

  /// Everything but request 2 is served, which is set aside and counted once; then and after a restart.
  private func expectOnlySecondLost(_ rig: Rig) throws {
    _ = try rig.append([4, 4, 4])
    #expect(rig.spool.status.quarantined == 1)
    #expect(rig.spool.status.requests == 3)
    try rig.restart()
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [1, 3, 4])
    for sequence in [UInt64(1), 3, 4] {
      let byte = UInt8(sequence)
      #expect(try rig.body(LaneID(1), sequence, count: 3) == [byte, byte, byte])
    }
    #expect(rig.spool.status.quarantined == 0)
  }

  @Test(arguments: [10, 2000, 100_000, 300_000])
  func `a damaged body is told when it is read, and set aside when its request is done with`(_ count: Int) throws {
    var random = SeededGenerator(state: 5)
    let body = random.bytes(count)
    let rig = try damaged(index: [1], body: body, pattern: Array(body.suffix(10)))
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [1, 2, 3])
    for _ in 0..<2 {
      let error = #expect(throws: SpoolError.self) { try rig.body(LaneID(1), 2, count: count) }
      #expect(error?.description.contains("request 2 of lane 1") == true)
    }
    #expect(rig.spool.status.quarantined == 0)
    rig.commit(LaneID(1)) { $0.damagedRequests = [2] }
    #expect(rig.outcomes.damaged == [SetAside(kind: .request, lane: LaneID(1), number: 2)])
    try expectOnlySecondLost(rig)
  }

  @Test func `the sound chunks of a damaged body are served until its request is done with`() throws {
    var random = SeededGenerator(state: 6)
    let body = random.bytes(300_000)
    let rig = try damaged(index: [1], body: body, pattern: Array(body.suffix(10)))
    for _ in 0..<2 {
      #expect(try rig.body(LaneID(1), 2, count: 200_000) == Array(body.prefix(200_000)))
      #expect(throws: SpoolError.self) { try rig.body(LaneID(1), 2, count: 300_000) }
    }
    rig.commit(LaneID(1)) { $0.damagedRequests = [2] }
    try expectOnlySecondLost(rig)
  }

  @Test(arguments: [20, 3000, 500_000])
  func `a damaged index is set aside when requests are listed`(_ count: Int) throws {
    var random = SeededGenerator(state: 7)
    let index = random.bytes(count)
    let rig = try damaged(index: index, body: [2, 2, 2], pattern: Array(index.suffix(10)))
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [1, 3])
    try expectOnlySecondLost(rig)
  }

  @Test func `a damaged header is set aside when requests are listed`() throws {
    var random = SeededGenerator(state: 8)
    let index = random.bytes(40)
    let rig = try Rig()
    _ = try rig.append([1, 1, 1])
    _ = try rig.append([2, 2, 2], index: index)
    _ = try rig.append([3, 3, 3])
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      let key = StoreKey(lane: LaneID(1), number: 2)
      var value = try unsafe transaction.value(.requests, key).map { unsafe [UInt8]($0) } ?? []
      value[17] ^= 1
      try transaction.put(.requests, key, value.span)
    }
    try rig.restart()
    #expect(throws: SpoolError.self) { try rig.body(LaneID(1), 2, count: 3) }
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [1, 3])
    try expectOnlySecondLost(rig)
  }

  @Test func `a value under the wrong key does not pass`() throws {
    let rig = try Rig()
    for byte in UInt8(1)...3 { _ = try rig.append([byte, byte, byte]) }
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      let other = StoreKey(lane: LaneID(1), number: 1)
      let value = try unsafe transaction.value(.requests, other).map { unsafe [UInt8]($0) } ?? []
      try transaction.put(.requests, StoreKey(lane: LaneID(1), number: 2), value.span)
    }
    try rig.restart()
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [1, 3])
    try expectOnlySecondLost(rig)
  }

  @Test func `a damaged decision block or dead letter is left out and counted`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    let blocks = ["first block of decisions", "second block of decisions"].map { [UInt8]($0.utf8) }
    for (number, block) in blocks.enumerated() { rig.commit(lane) { $0.decisions = (UInt64(number) + 1, block) } }
    let letters = ["first dead letter", "second dead letter"].map {
      DeadLetter(time: 1, status: 400, reason: "", event: [UInt8]($0.utf8))
    }
    rig.commit(lane) { $0.deadLetters = letters }
    rig.spool.close()
    try flip(blocks[0], in: rig.directory)
    try flip(letters[1].event, in: rig.directory)
    try rig.restart()
    #expect(try rig.spool.decisions(lane: lane, from: 0, limit: .max).map(\.bytes) == [blocks[1]])
    #expect(try rig.spool.deadLetters(lane: lane, limit: 9).map(\.letter) == [letters[0]])
    _ = try rig.append([2])
    #expect(rig.spool.status.quarantined == 2)
    #expect(rig.spool.status.deadLetters == 1)
    #expect(try rig.spool.decisions(lane: lane, from: 0, limit: .max).map(\.block) == [2])
    rig.spool.close()
    let inspection = try SpoolInspection(path: rig.directory.spool)
    for (damage, count) in try inspection.damaged() { #expect(try inspection.bytes(of: damage)?.count == count) }
  }

  @Test func `a damaged project key costs its lane, not the start`() throws {
    let rig = try Rig()
    _ = try rig.append([1], key: "phc_damaged_key")
    _ = try rig.append([1], key: "phc_sound_key")
    rig.spool.close()
    try flip([UInt8]("phc_damaged_key".utf8), in: rig.directory)
    try rig.restart()
    #expect(rig.spool.status.quarantined == 1)
    #expect(try rig.spool.lanes().map(\.key) == ["phc_sound_key"])
    #expect(try rig.append([1], key: "phc_damaged_key") == (LaneID(3), 1))
  }

  @Test func `lost numbers are replaced by numbers nobody had`() throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    _ = try rig.append([2])
    rig.commit(lane) { $0.finishedRequests = [2] }
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      try transaction.put(.meta, StoreKey(lane: lane), [UInt8](repeating: 9, count: 28).span)
      try transaction.put(.meta, StoreKey(lane: LaneID(0)), [UInt8](repeating: 9, count: 12).span)
    }
    try rig.restart()
    #expect(rig.spool.status.quarantined == 2)
    let next = try rig.append([3]).sequence
    #expect(next > 2)
    #expect(try rig.append([3], key: "phc_new").lane > lane)
    try rig.restart()
    #expect(rig.spool.status.quarantined == 0)
    #expect(try rig.append([4]).sequence == next + 1)
  }

  /// After a damaged file was rebuilt numbers may be those of an earlier commit, or not there at all.
  @Test(arguments: [true, false])
  func `numbers from before the last commit are not given out again after a repair`(isGone: Bool) throws {
    let rig = try Rig()
    let lane = try rig.append([1]).lane
    _ = try rig.append([2])
    let other = try rig.append([9], key: "phc_other").lane
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      for key in [StoreKey(lane: lane), StoreKey(lane: LaneID(0))] where isGone { try transaction.delete(.meta, key) }
      if !isGone {
        // As sealed by the first commit: two is the next.
        var numbers = ByteBuffer(capacity: 32)
        for number in [2, 1, 1, 0] as [UInt64] { numbers.appendLittleEndian(number) }
        try numbers.withSpan { span throws(StoreFailure) in
          try SealedValue.put(span, in: .meta, StoreKey(lane: lane), transaction)
        }
      }
      var lanes = try LaneTable(transaction, lanesMax: 9)
      try lanes.mend(transaction)
      try lanes.store(transaction)
    }
    try rig.restart()
    #expect(try rig.append([3]).sequence > 2)
    #expect(try rig.append([3], key: "phc_new").lane > other)
    #expect(try rig.body(lane, 2, count: 1) == [2])
  }

  /// A spool of which the first requests are then damaged in their headers, listed and so set aside.
  private func manyDamaged(_ count: Int, bodyCount: Int, _ settings: SpoolSettings = .small) throws -> Rig {
    let rig = try Rig(settings)
    for _ in 0..<count { _ = try rig.append([UInt8](repeating: 1, count: bodyCount)) }
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      let damaged: [UInt8] = [0]
      for number in 1...UInt64(count) {
        try transaction.put(.requests, StoreKey(lane: LaneID(1), number: number), damaged.span)
      }
    }
    try rig.restart()
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: .max).isEmpty)
    _ = try rig.append([1])
    #expect(rig.spool.status.quarantined == count)
    return rig
  }

  @Test(arguments: [(Damage.keptMax, UInt64(1)), (Damage.keptMax + 1, UInt64(2))])
  func `no more than so many damaged values are kept, the last ones`(_ count: Int, _ first: UInt64) throws {
    let rig = try manyDamaged(count, bodyCount: 1)
    let kept = try SpoolInspection(path: rig.directory.spool).damaged()
    #expect(kept.map(\.value.number) == Array(first...UInt64(count)))
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      #expect(try transaction.count(.bodies) == kept.count + 1)
    }
  }

  /// A body of 50,000 bytes takes 13 pages, its damaged header 25 bytes.
  @Test(arguments: [(10 * (13 * 4096 + 25), 10), (10 * (13 * 4096 + 25) - 1, 9), (1, 1)])
  func `what is damaged takes no more than its share, the last of it excepted`(_ bytesMax: Int, _ kept: Int) throws {
    var settings = SpoolSettings.small
    settings.quarantineShare = Double(bytesMax) / Double(settings.bytesMax)
    let rig = try manyDamaged(10, bodyCount: 50_000, settings)
    #expect(try SpoolInspection(path: rig.directory.spool).damaged().count == kept)
  }

  @Test func `of a request whose index is damaged the body is still there, and can be put back`() throws {
    var random = SeededGenerator(state: 9)
    let (index, body) = (random.bytes(3000), random.bytes(300_000))
    let rig = try damaged(index: index, body: body, pattern: Array(index.suffix(10)))
    #expect(try rig.spool.requests(lane: LaneID(1), after: 0, limit: 9).map(\.sequence) == [1, 3])
    _ = try rig.append([4, 4, 4])
    let inspection = try SpoolInspection(path: rig.directory.spool)
    let entry = try #require(try inspection.damaged().first)
    #expect(entry.value == SetAside(kind: .request, lane: LaneID(1), number: 2))
    #expect(entry.bytes > body.count + index.count)
    let remains = try #require(try inspection.remains(of: entry.value))
    #expect(remains.body == body)
    #expect(remains.isSound)
    #expect(remains.signal == .traces)

    let retry = Append(token: 0, key: "phc_one", signal: .traces, arrival: 9, index: [7], body: remains.body)
    rig.commit(LaneID(1)) { change in
      change.retried = [retry]
      change.finishedDamage = [entry.value]
    }
    #expect(try inspection.damaged().isEmpty)
    #expect(try rig.spool.requests(lane: LaneID(1), after: 4, limit: 9).map(\.sequence) == [5])
    #expect(try rig.body(LaneID(1), 5, count: body.count) == body)
  }

  @Test func `a body that was damaged too is not called sound`() throws {
    var random = SeededGenerator(state: 10)
    let body = random.bytes(300_000)
    let rig = try damaged(index: [1], body: body, pattern: Array(body.suffix(10)))
    rig.commit(LaneID(1)) { $0.damagedRequests = [2] }
    let inspection = try SpoolInspection(path: rig.directory.spool)
    let remains = try inspection.remains(of: SetAside(kind: .request, lane: LaneID(1), number: 2))
    #expect(remains?.isSound == false)
    #expect(remains?.body.count == body.count)
  }

  /// A map of 100 pages' addresses, of which the file has the first 1,000 bytes.
  @Test(arguments: [(4096, 1000, 1000), (4096, 1001, 0), (5095, 1, 1), (5095, 2, 0), (6000, 1, 0), (4000, 5000, 5000)])
  func `a length that passes the end of the file counts as nothing`(_ start: Int, _ count: Int, _ expected: Int) {
    let extent = FileExtent(map: 4096..<409_600, fileBytes: 1000)
    let found = unsafe extent.bytes(UnsafeMutableRawPointer(bitPattern: start), count: count).count
    #expect(found == expected)
  }
}
