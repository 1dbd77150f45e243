import Bytes
import Codec
import Glibc
package import Telemetry

/// Reads a spool for people, beside the gateway that has it open or without one. Changes nothing, and holds no page of the
/// store for longer than one call.
package final class SpoolInspection {
  private let path: String
  private let environment: Environment
  private var reading: Reading

  /// Opens the spool in the directory `path`, which must exist.
  package init(path: String) throws(SpoolError) {
    self.path = path
    guard unsafe access(path + "/data.mdb", F_OK) == 0 else { throw .missing(path: path) }
    // LMDB trusts its pages. Beside a gateway, which has checked them, they change while one looks.
    if DirectoryLock.process(path) == nil, let check = StoreCheck(path + "/data.mdb"), check.damage > 0 {
      throw .unusable(path: path, reason: "its file is damaged; 'hoglet spool compact' makes a new one of what is left")
    }
    do throws(StoreFailure) {
      environment = try Environment(reading: path)
    } catch {
      throw .unusable(path: path, reason: error.description)
    }
    reading = Reading(environment)
  }

  /// What there is in all, and lane by lane.
  package struct Overview: Sendable, Equatable {
    /// Bytes of the store that are in use, and the size that its file has grown to.
    package var bytesUsed = 0
    package var fileBytes = 0
    /// Bytes that this user may still write to the disk; nil when the system cannot say.
    package var freeBytes: Int?
    /// The process that has the spool open; 0 if one does and did not say which, nil if none does.
    package var process: Int32?
    package var requests = 0
    package var deadLetters = 0
    package var damaged = 0
    package var lanes: [LaneOverview] = []
  }

  package struct LaneOverview: Sendable, Equatable {
    package var lane: LaneID
    /// Secret. Nil if it is damaged.
    package var key: String?
    package var requests = 0
    /// Bytes of OTLP that they hold.
    package var bytes = 0
    /// Arrival of the first of them.
    package var oldestArrival: UInt64?
    package var deadLetters = 0
    package var damaged = 0
  }

  package func overview() throws(SpoolError) -> Overview {
    try read { () throws(StoreFailure) in
      var overview = Overview()
      overview.lanes = try laneOverviews()
      let transaction = try environment.begin(reading: true)
      overview.bytesUsed = try transaction.bytesUsed()
      overview.requests = try transaction.count(.requests)
      overview.deadLetters = try transaction.count(.dead)
      overview.damaged = try transaction.count(.quarantine)
      overview.fileBytes = environment.fileBytes()
      overview.freeBytes = FreeSpace.bytes(path)
      overview.process = DirectoryLock.process(path)
      return overview
    }
  }

  private func laneOverviews() throws(StoreFailure) -> [LaneOverview] {
    let transaction = try environment.begin(reading: true)
    var lanes: [LaneID: LaneOverview] = [:]
    try unsafe each(.keys, transaction) { key, value in
      let name = unsafe SealedValue.open(value, key).map { String(decoding: $0, as: UTF8.self) }
      lanes[key.lane] = LaneOverview(lane: key.lane, key: name)
    }
    try unsafe each(.requests, transaction) { key, value in
      let header = unsafe RequestHeader(ByteSpan(_unsafeBytes: value), key)
      lanes[key.lane]?.requests += 1
      lanes[key.lane]?.bytes += header?.bodyCount ?? 0
      if lanes[key.lane]?.oldestArrival == nil { lanes[key.lane]?.oldestArrival = header?.arrival }
    }
    try unsafe each(.dead, transaction) { key, _ in lanes[key.lane]?.deadLetters += 1 }
    try unsafe each(.quarantine, transaction) { key, _ in lanes[key.lane]?.damaged += 1 }
    return lanes.values.sorted { $0.lane < $1.lane }
  }

  private func each(
    _ database: Database, _ transaction: borrowing Transaction, _ body: (StoreKey, UnsafeRawBufferPointer) -> Void
  ) throws(StoreFailure) {
    let cursor = try transaction.cursor(database)
    var entry = try unsafe cursor.seek(StoreKey(lane: LaneID(0)))
    while let found = unsafe entry {
      unsafe body(found.key, found.value)
      environment.pages.trim()
      unsafe entry = try unsafe cursor.next()
    }
  }

  private func read<Result>(_ body: () throws(StoreFailure) -> Result) throws(SpoolError) -> Result {
    do throws(StoreFailure) {
      return try body()
    } catch {
      throw .unusable(path: path, reason: error.description)
    }
  }
}

// MARK: Entries

extension SpoolInspection {
  /// The requests of a lane above `sequence`, in order, at most `limit`; those that are damaged are left out.
  package func requests(lane: LaneID, after sequence: UInt64, limit: Int) throws(SpoolError) -> [StoredRequest] {
    try read { () throws(StoreFailure) in try reading.requests(lane: lane, after: sequence, limit: limit) }
  }

  /// The body of a request.
  package func body(lane: LaneID, sequence: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
    var body: [UInt8] = []
    let problem = try read { () throws(StoreFailure) in
      try reading.read(lane: lane, sequence: sequence, slices: [Slice(0, count)], into: &body)
    }
    if let problem { throw .corrupt(lane: lane, sequence: sequence, reason: problem) }
    return body
  }

  /// The first sound dead letter of a lane from `number` on; one at a time, for each may have megabytes.
  package func deadLetter(lane: LaneID, from number: UInt64) throws(SpoolError) -> (number: UInt64, letter: DeadLetter)?
  {
    try read { () throws(StoreFailure) in
      var next = number
      while let (number, bytes) = try reading.sealed(.deadLetter, lane: lane, from: next, limit: 1).first {
        if let letter = DeadLetter(bytes) { return (number, letter) }
        next = number + 1
      }
      return nil
    }
  }

  /// What was set aside because it was damaged, and how many bytes of it there are.
  package func damaged() throws(SpoolError) -> [(value: SetAside, bytes: Int)] {
    try read { () throws(StoreFailure) in
      let transaction = try environment.begin(reading: true)
      var found: [(value: SetAside, bytes: Int)] = []
      try unsafe each(.quarantine, transaction) { key, value in
        if let damage = SetAside(key) { found.append((damage, value.count)) }
      }
      for place in found.indices where found[place].value.kind == .request {
        found[place].bytes += try chunks(found[place].value, transaction).reduce(0) { $0 + $1.count }
      }
      return found
    }
  }

  /// What is left of a request that was set aside.
  package struct Remains: Sendable {
    /// Nil if its header is damaged.
    package var signal: Signal?
    package var arrival: UInt64?
    /// The chunks of the body that are there, in order.
    package var body: [UInt8]
    /// Whether every byte of it passes its checksum; then only its index was damaged, and it may be put back.
    package var isSound: Bool
  }

  package func remains(of damage: SetAside) throws(SpoolError) -> Remains? {
    try read { () throws(StoreFailure) -> Remains? in
      let transaction = try environment.begin(reading: true)
      guard damage.kind == .request, let value = try unsafe transaction.value(.quarantine, damage.place) else {
        return nil
      }
      let stored = unsafe [UInt8](value)
      let parts = try chunks(damage, transaction)
      // The header tells its own length; an index behind it may be as long as it says, or not.
      let header = RequestHeader(damaged: stored.span, damage.source)
      var remains = Remains(
        signal: header?.signal, arrival: header?.arrival, body: Array(parts.joined()), isSound: false)
      if let header, header.bodyCount == remains.body.count {
        remains.isSound = parts.enumerated().allSatisfy { number, bytes in
          CRC32C.checksum(bytes.span) == header.checksum(stored.span, chunk: number)
        }
      }
      return remains
    }
  }

  /// What was set aside, as it was found.
  package func bytes(of damage: SetAside) throws(SpoolError) -> [UInt8]? {
    try read { () throws(StoreFailure) in
      let transaction = try environment.begin(reading: true)
      return try unsafe transaction.value(.quarantine, damage.place).map { unsafe [UInt8]($0) }
    }
  }

  /// The chunks of a damaged request's body.
  private func chunks(_ damage: SetAside, _ transaction: borrowing Transaction) throws(StoreFailure) -> [[UInt8]] {
    let cursor = try transaction.cursor(.bodies)
    var chunks: [[UInt8]] = []
    var entry = try unsafe cursor.seek(StoreKey(lane: damage.lane, number: damage.number, chunk: 0))
    while let found = unsafe entry, unsafe found.key.sameNumber(as: damage.source),
      unsafe found.key.chunk < RequestHeader.indexChunk
    {
      unsafe chunks.append([UInt8](found.value))
      unsafe entry = try unsafe cursor.next()
    }
    return chunks
  }
}
