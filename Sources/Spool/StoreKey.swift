/// A key of the store: lane ‖ number ‖ chunk, big-endian so that LMDB's byte order is the numbers' order.
struct StoreKey: Equatable {
  /// Sixteen bytes in memory order; the last two are never part of a key.
  private var high: UInt64
  private var low: UInt64
  /// How many of the bytes count: 4, 12 or 14.
  let count: Int

  static let laneCount = 4
  static let numberCount = 12
  static let chunkCount = 14

  init(lane: LaneID) {
    self.init(lane: lane.value, number: 0, chunk: 0, count: Self.laneCount)
  }

  init(lane: LaneID, number: UInt64) {
    self.init(lane: lane.value, number: number, chunk: 0, count: Self.numberCount)
  }

  init(lane: LaneID, number: UInt64, chunk: UInt16) {
    self.init(lane: lane.value, number: number, chunk: chunk, count: Self.chunkCount)
  }

  private init(lane: UInt32, number: UInt64, chunk: UInt16, count: Int) {
    high = (UInt64(lane) &<< 32 | number &>> 32).bigEndian
    low = (number &<< 32 | UInt64(chunk) &<< 16).bigEndian
    self.count = count
  }

  /// Reads a key back; nil for a length that no key has.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard [Self.laneCount, Self.numberCount, Self.chunkCount].contains(bytes.count) else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyMemory(from: bytes) }
    (high, low) = words
    count = bytes.count
  }

  var lane: LaneID { LaneID(UInt32(truncatingIfNeeded: UInt64(bigEndian: high) &>> 32)) }
  var number: UInt64 { UInt64(bigEndian: high) &<< 32 | UInt64(bigEndian: low) &>> 32 }

  var chunk: UInt16 { UInt16(truncatingIfNeeded: UInt64(bigEndian: low) &>> 16) }

  /// Whether both name the same request, whatever the chunk.
  func sameNumber(as other: StoreKey) -> Bool {
    lane == other.lane && number == other.number
  }

  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var words = (high, low)
    return try unsafe withUnsafeMutableBytes(of: &words) { pointer throws(Failure) -> Result in
      unsafe try body(UnsafeRawBufferPointer(rebasing: pointer[..<count]))
    }
  }
}
