import Bytes
import Codec

/// What the writer does to requests, blocks and dead letters within one transaction.
extension Transaction {
  /// Stores a request: its chunks, then the header with their checksums. Returns the bytes it takes up.
  func store(_ append: Append, lane: LaneID, sequence: UInt64) throws(StoreFailure) -> Int {
    let header = RequestHeader(append)
    let checksums = try storeChunks(append.body.span, lane, sequence, from: 0)
    if !header.indexIsInline {
      _ = try storeChunks(append.index.span, lane, sequence, from: RequestHeader.indexChunk)
    }
    let key = StoreKey(lane: lane, number: sequence)
    let encoded = header.encoded(key, chunkChecksums: checksums)
    let size = encoded.count + (header.indexIsInline ? append.index.count : 0)
    try unsafe put(.requests, key, count: size) { target in
      encoded.withSpan { span in
        unsafe span.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
      }
      if header.indexIsInline {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[encoded.count...])
        unsafe append.index.withUnsafeBytes { unsafe rest.copyMemory(from: $0) }
      }
    }
    let chunks =
      Self.chunkBytesUsed(append.body.count) + (header.indexIsInline ? 0 : Self.chunkBytesUsed(append.index.count))
    return Self.bytesUsed(value: size) + chunks
  }

  /// What a value takes up: room in a page that it shares, or pages of its own if two of its size do not fit in one.
  private static func bytesUsed(value count: Int) -> Int {
    let page = Environment.pageBytes
    // 16 bytes are the page's header; a value's node has 8 bytes, its key and a place of 2 bytes.
    let header = 16
    let node = 10 + StoreKey.chunkCount
    return count + node > (page - header) / 2 ? (count + header + page - 1) / page * page : count + node
  }

  /// What bytes take up in chunks.
  private static func chunkBytesUsed(_ count: Int) -> Int {
    let whole = count / RequestHeader.chunkBytes
    let rest = count % RequestHeader.chunkBytes
    return whole * bytesUsed(value: RequestHeader.chunkBytes) + (rest > 0 ? bytesUsed(value: rest) : 0)
  }

  /// What the requests of a lane take up.
  func requestBytes(lane: LaneID) throws(StoreFailure) -> Int {
    var sum = 0
    for database in [Database.requests, .bodies] {
      let values = try cursor(database)
      var entry = try unsafe values.seek(StoreKey(lane: lane, number: 0))
      while let found = unsafe entry, unsafe found.key.lane == lane {
        unsafe sum += Self.bytesUsed(value: found.value.count)
        unsafe entry = try unsafe values.next()
      }
    }
    return sum
  }

  /// Stores bytes in chunks numbered from `first` and returns the checksum of each.
  private func storeChunks(
    _ bytes: ByteSpan, _ lane: LaneID, _ sequence: UInt64, from first: UInt16
  ) throws(StoreFailure) -> [UInt32] {
    var checksums = [UInt32]()
    var offset = 0
    while offset < bytes.count {
      let chunk = bytes.extracting(offset..<min(offset + RequestHeader.chunkBytes, bytes.count))
      let number = first + UInt16(checksums.count)
      checksums.append(CRC32C.checksum(chunk))
      try put(.bodies, StoreKey(lane: lane, number: sequence, chunk: number), chunk)
      offset += chunk.count
    }
    return checksums
  }

  /// Deletes a request with its chunks; nothing if it is not there (any more). Returns the bytes it took up.
  func deleteRequest(_ key: StoreKey, chunks: borrowing Cursor) throws(StoreFailure) -> Int {
    defer { trimPages() }
    guard let value = try unsafe value(.requests, key) else { return 0 }
    let bytes = Self.bytesUsed(value: value.count)
    try delete(.requests, key)
    return try bytes + deleteChunks(key, chunks)
  }

  private func deleteChunks(_ key: StoreKey, _ chunks: borrowing Cursor) throws(StoreFailure) -> Int {
    var bytes = 0
    var entry = try unsafe chunks.seek(StoreKey(lane: key.lane, number: key.number, chunk: 0))
    while let found = unsafe entry, unsafe found.key.sameNumber(as: key) {
      unsafe bytes += Self.bytesUsed(value: found.value.count)
      try chunks.delete()
      unsafe entry = try unsafe chunks.next()
    }
    return bytes
  }

  private func chunkBytes(_ key: StoreKey) throws(StoreFailure) -> Int {
    let chunks = try cursor(.bodies)
    var bytes = 0
    var entry = try unsafe chunks.seek(StoreKey(lane: key.lane, number: key.number, chunk: 0))
    while let found = unsafe entry, unsafe found.key.sameNumber(as: key) {
      unsafe bytes += Self.bytesUsed(value: found.value.count)
      unsafe entry = try unsafe chunks.next()
    }
    return bytes
  }

  /// Deletes the decision blocks of a lane numbered below `limit`.
  func deleteDecisions(lane: LaneID, below limit: UInt64) throws(StoreFailure) {
    let blocks = try cursor(.decisions)
    var entry = try unsafe blocks.seek(StoreKey(lane: lane, number: 0))
    while let found = unsafe entry, unsafe found.key.lane == lane, unsafe found.key.number < limit {
      try blocks.delete()
      trimPages()
      unsafe entry = try unsafe blocks.next()
    }
  }

  /// As long as all dead letters take up more than `bytesMax`, deletes the oldest one of the lane that has most: a project
  /// whose events all die costs others none of theirs.
  func trimDeadLetters(bytesMax: Int) throws(StoreFailure) {
    while try bytesUsed(.dead) > bytesMax, let oldest = try oldestLetterOfFullestLane() {
      try delete(.dead, oldest)
    }
  }

  /// By the numbers of its first and its last letter: close enough, and two steps a lane.
  private func oldestLetterOfFullestLane() throws(StoreFailure) -> StoreKey? {
    let letters = try cursor(.dead)
    var fullest: (key: StoreKey, count: UInt64)?
    var entry = try unsafe letters.seek(StoreKey(lane: LaneID(0), number: 0))
    while let first = unsafe entry.map({ unsafe $0.key }) {
      let after = try unsafe letters.seek(StoreKey(lane: LaneID(first.lane.value + 1), number: 0))
      let last = try unsafe after == nil ? letters.last() : letters.previous()
      let count = unsafe (last.map { unsafe $0.key.number } ?? first.number) - first.number
      if fullest.map({ count > $0.count }) ?? true { fullest = (first, count) }
      unsafe entry = try unsafe letters.seek(StoreKey(lane: LaneID(first.lane.value + 1), number: 0))
    }
    return fullest?.key
  }
}

// MARK: Damage

extension Transaction {
  /// Moves a damaged value out of the way, as it was found; the chunks of a damaged request stay where they are, since
  /// nothing but its header refers to them. Returns the bytes that are no longer its lane's; nil if it is not there any
  /// more.
  func setAside(_ damage: SetAside) throws(StoreFailure) -> Int? {
    guard let value = try unsafe value(damage.kind.database, damage.source) else { return nil }
    // A copy, because a write may move what `value` points to.
    let bytes = unsafe [UInt8](value)
    try put(.quarantine, damage.place, bytes.span)
    try delete(damage.kind.database, damage.source)
    return damage.kind == .request ? try Self.bytesUsed(value: bytes.count) + chunkBytes(damage.source) : 0
  }

  /// Deletes something that was set aside, with the chunks if it is a request.
  func forget(_ damage: SetAside) throws(StoreFailure) {
    guard try delete(.quarantine, damage.place), damage.kind == .request else { return }
    _ = try deleteChunks(damage.source, cursor(.bodies))
  }

  /// Deletes what was set aside first, as long as there is too much of it. At least one stays.
  func trimDamage(bytesMax: Int) throws(StoreFailure) {
    var kept: [(damage: SetAside, bytes: Int)] = []
    let values = try cursor(.quarantine)
    var entry = try unsafe values.seek(StoreKey(lane: LaneID(0), number: 0))
    while let found = unsafe entry {
      if let damage = unsafe SetAside(found.key) {
        let chunks = damage.kind == .request ? try chunkBytes(damage.source) : 0
        unsafe kept.append((damage, Self.bytesUsed(value: found.value.count) + chunks))
      }
      unsafe entry = try unsafe values.next()
    }
    var bytes = kept.reduce(0) { $0 + $1.bytes }
    var count = kept.count
    for (damage, size) in kept where count > 1 && (count > Damage.keptMax || bytes > bytesMax) {
      try forget(damage)
      bytes -= size
      count -= 1
    }
  }
}
