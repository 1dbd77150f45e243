import Bytes
import Codec

/// What the writer does to requests, blocks and dead letters within one transaction.
extension Transaction {
  /// Stores a request: its chunks, then the header with their checksums.
  func store(_ append: Append, lane: LaneID, sequence: UInt64) throws(StoreFailure) {
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

  /// Deletes a request with its chunks; nothing if it is not there (any more).
  func deleteRequest(_ key: StoreKey, chunks: borrowing Cursor) throws(StoreFailure) {
    guard try delete(.requests, key) else { return }
    try deleteChunks(key, chunks)
  }

  private func deleteChunks(
    _ key: StoreKey, _ chunks: borrowing Cursor
  ) throws(StoreFailure) {
    var entry = try unsafe chunks.seek(StoreKey(lane: key.lane, number: key.number, chunk: 0))
    while let found = unsafe entry, unsafe found.key.sameNumber(as: key) {
      try chunks.delete()
      unsafe entry = try unsafe chunks.next()
    }
  }

  /// Deletes the decision blocks of a lane numbered below `limit`.
  func deleteDecisions(lane: LaneID, below limit: UInt64) throws(StoreFailure) {
    let blocks = try cursor(.decisions)
    var entry = try unsafe blocks.seek(StoreKey(lane: lane, number: 0))
    while let found = unsafe entry, unsafe found.key.lane == lane, unsafe found.key.number < limit {
      try blocks.delete()
      unsafe entry = try unsafe blocks.next()
    }
  }

  /// Deletes the oldest dead letters of a lane as long as all of them take up more than `bytesMax`.
  func trimDeadLetters(lane: LaneID, bytesMax: Int) throws(StoreFailure) {
    let letters = try cursor(.dead)
    var entry = try unsafe letters.seek(StoreKey(lane: lane, number: 0))
    while let found = unsafe entry, unsafe found.key.lane == lane, try bytesUsed(.dead) > bytesMax {
      try letters.delete()
      unsafe entry = try unsafe letters.next()
    }
  }

  /// Moves a damaged value out of the way, as it was found; the chunks of a damaged request stay where they are, since
  /// nothing but its header refers to them. False if it is not there any more.
  func setAside(_ damage: Damage) throws(StoreFailure) -> Bool {
    let key = StoreKey(lane: damage.lane, number: damage.number)
    guard let value = try unsafe value(damage.kind.database, key) else { return false }
    // A copy, because a write may move what `value` points to.
    let bytes = unsafe [UInt8](value)
    let place = StoreKey(lane: damage.lane, number: damage.number, chunk: damage.kind.rawValue)
    try put(.quarantine, place, bytes.span)
    try delete(damage.kind.database, key)
    if try count(.quarantine) > Damage.keptMax { try forgetDamage() }
    return true
  }

  /// Deletes the first of the values set aside, with the chunks if it is a request.
  private func forgetDamage() throws(StoreFailure) {
    let kept = try cursor(.quarantine)
    guard let first = try unsafe kept.seek(StoreKey(lane: LaneID(0), number: 0)) else { return }
    let key = unsafe first.key
    try kept.delete()
    if key.chunk == Damage.Kind.request.rawValue { try deleteChunks(key, cursor(.bodies)) }
  }
}
