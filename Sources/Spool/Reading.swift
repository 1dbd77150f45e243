import Bytes
import Codec

/// Reads the store in short transactions. Behind a lock of its own, which the writer takes only to grow the map or to open
/// the environment anew.
struct Reading {
  var environment: Environment?
  private let chunks = ChunkCache()
  private var readsUntrimmed = 0
  /// What was found damaged since the last look; the caller hands it to the writer.
  var damage: [SetAside] = []

  init(_ environment: Environment) {
    self.environment = environment
  }

  private func begin() throws(StoreFailure) -> Transaction {
    guard let environment else { throw .notOpen }
    return try environment.begin(reading: true)
  }

  func lanes() throws(StoreFailure) -> [(lane: LaneID, key: String)] {
    let transaction = try begin()
    let keys = try transaction.cursor(.keys)
    var lanes: [(lane: LaneID, key: String)] = []
    var entry = try unsafe keys.seek(StoreKey(lane: LaneID(0)))
    while let found = unsafe entry {
      // A lane whose key is damaged cannot be delivered; opening counted it.
      if let payload = unsafe SealedValue.open(found.value, found.key) {
        unsafe lanes.append((found.key.lane, String(decoding: payload, as: UTF8.self)))
      }
      unsafe entry = try unsafe keys.next()
    }
    return lanes
  }

  /// The sealed values of a lane from `number` on, at most `limit`; those that are damaged are left out.
  mutating func sealed(
    _ kind: SetAside.Kind, lane: LaneID, from number: UInt64, limit: Int
  ) throws(StoreFailure) -> [(UInt64, [UInt8])] {
    let transaction = try begin()
    let cursor = try transaction.cursor(kind.database)
    var values: [(UInt64, [UInt8])] = []
    var entry = try unsafe cursor.seek(StoreKey(lane: lane, number: number))
    while values.count < limit, let found = unsafe entry, unsafe found.key.lane == lane {
      defer { environment?.pages.trim() }
      if let payload = unsafe SealedValue.open(found.value, found.key) {
        unsafe values.append((found.key.number, payload))
      } else {
        unsafe damage.append(SetAside(kind: kind, lane: lane, number: found.key.number))
      }
      unsafe entry = try unsafe cursor.next()
    }
    return values
  }

  mutating func deadLetters(lane: LaneID, limit: Int) throws(StoreFailure) -> [StoredDeadLetter] {
    let transaction = try begin()
    let cursor = try transaction.cursor(.dead)
    var letters: [StoredDeadLetter] = []
    let after = try unsafe cursor.seek(StoreKey(lane: lane, number: .max))
    var entry = try unsafe after == nil ? cursor.last() : cursor.previous()
    while letters.count < limit, let found = unsafe entry, unsafe found.key.lane == lane {
      defer { environment?.pages.trim() }
      if let letter = unsafe SealedValue.open(found.value, found.key).flatMap(DeadLetter.init(_:)) {
        unsafe letters.append(StoredDeadLetter(number: found.key.number, letter: letter))
      } else {
        unsafe damage.append(SetAside(kind: .deadLetter, lane: lane, number: found.key.number))
      }
      unsafe entry = try unsafe cursor.previous()
    }
    return letters
  }
}

// MARK: Requests

extension Reading {
  /// Bytes of indexes with which a list of requests ends before its limit: one of a large request has megabytes.
  static let indexBytesMax = 1 << 20
  /// The map's pages are looked after once in so many reads: each touches one or two.
  private static let readsUntrimmedMax = 8

  mutating func requests(lane: LaneID, after sequence: UInt64, limit: Int) throws(StoreFailure) -> [StoredRequest] {
    guard sequence < .max else { return [] }
    let transaction = try begin()
    let cursor = try transaction.cursor(.requests)
    var requests: [StoredRequest] = []
    var bytes = 0
    var entry = try unsafe cursor.seek(StoreKey(lane: lane, number: sequence + 1))
    while requests.count < limit, bytes < Self.indexBytesMax, let found = unsafe entry, unsafe found.key.lane == lane {
      defer { environment?.pages.trim() }
      if let request = try unsafe stored(found, transaction) {
        requests.append(request)
        bytes += request.index.count
      } else {
        unsafe damage.append(SetAside(kind: .request, lane: lane, number: found.key.number))
      }
      unsafe entry = try unsafe cursor.next()
    }
    return requests
  }

  /// A request with its index; nil if either is damaged.
  private func stored(_ entry: Cursor.Entry, _ transaction: borrowing Transaction) throws(StoreFailure)
    -> StoredRequest?
  {
    let key = unsafe entry.key
    let value = unsafe ByteSpan(_unsafeBytes: entry.value)
    guard let header = RequestHeader(value, key) else { return nil }
    var index = [UInt8]()
    if header.indexIsInline || header.indexCount == 0 {
      unsafe index.append(contentsOf: UnsafeRawBufferPointer(rebasing: entry.value[header.count...]))
    } else {
      for chunk in 0..<RequestHeader.chunks(header.indexCount, of: header.chunkBytes) {
        let place = StoreKey(lane: key.lane, number: key.number, chunk: RequestHeader.indexChunk + UInt16(chunk))
        guard let bytes = try unsafe Self.chunk(place, transaction) else { return nil }
        unsafe index.append(contentsOf: bytes)
      }
    }
    guard CRC32C.checksum(index.span) == header.indexChecksum else { return nil }
    return StoredRequest(
      sequence: key.number, signal: header.signal, arrival: header.arrival, index: index, bodyCount: header.bodyCount,
      frozen: header.frozen)
  }

  /// Appends the slices of a body to `arena`. Returns what is wrong with the request if anything is; the arena is then as
  /// it was.
  mutating func read(
    lane: LaneID, sequence: UInt64, slices: [Slice], into arena: inout [UInt8]
  ) throws(StoreFailure) -> String? {
    let transaction = try begin()
    let key = StoreKey(lane: lane, number: sequence)
    guard let value = try unsafe transaction.value(.requests, key) else { return "it is not there" }
    readsUntrimmed += 1
    if readsUntrimmed == Self.readsUntrimmedMax {
      readsUntrimmed = 0
      environment?.pages.trim()
    }
    let start = arena.count
    let problem = try copy(slices, of: key, unsafe ByteSpan(_unsafeBytes: value), &arena, transaction)
    if problem != nil { arena.removeLast(arena.count - start) }
    return problem
  }

  private func copy(
    _ slices: [Slice], of key: StoreKey, _ value: ByteSpan, _ arena: inout [UInt8], _ transaction: borrowing Transaction
  ) throws(StoreFailure) -> String? {
    guard let header = RequestHeader(value, key) else { return "its header fails its checksum" }
    var number = -1
    var chunk = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    for slice in slices {
      guard slice.end <= header.bodyCount else { return "its index names bytes that its body does not have" }
      var offset = slice.start
      while offset < slice.end {
        if number != offset / header.chunkBytes {
          number = offset / header.chunkBytes
          let expected = header.checksum(value, chunk: number)
          guard let found = try unsafe self.chunk(number, of: key, header, expected, transaction) else {
            return "chunk \(number) of its body fails its checksum"
          }
          unsafe chunk = found
        }
        let range = header.range(chunk: number)
        let end = min(slice.end, range.upperBound)
        let part = offset - range.lowerBound..<end - range.lowerBound
        unsafe arena.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[part]))
        offset = end
      }
    }
    return nil
  }

  /// The bytes of a chunk; nil if it is missing, or if the way to it is damaged.
  private static func chunk(
    _ place: StoreKey, _ transaction: borrowing Transaction
  ) throws(StoreFailure) -> UnsafeRawBufferPointer? {
    do throws(StoreFailure) {
      return try unsafe transaction.value(.bodies, place)
    } catch {
      if error.isDamage { return nil }
      throw error
    }
  }

  /// A chunk of a body, checked; nil if it is damaged or missing. Good until the next one is asked for.
  private func chunk(
    _ number: Int, of key: StoreKey, _ header: RequestHeader, _ expected: UInt32, _ transaction: borrowing Transaction
  ) throws(StoreFailure) -> UnsafeRawBufferPointer? {
    let place = StoreKey(lane: key.lane, number: key.number, chunk: UInt16(truncatingIfNeeded: number))
    if let known = unsafe chunks.bytes(place) { return unsafe known }
    guard let stored = try unsafe Self.chunk(place, transaction), stored.count == header.range(chunk: number).count
    else {
      return nil
    }
    return unsafe chunks.take(place, stored, transaction) { bytes in
      unsafe CRC32C.checksum(ByteSpan(_unsafeBytes: bytes)) == expected
    }
  }
}
