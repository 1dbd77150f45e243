/// Remembers which chunks have passed their checksum, so that a chunk from which many traces are read one by one is not
/// checked each time. A table of fixed size; whoever is pushed out of it is checked again.
struct VerifiedChunks {
  /// 4,096 chunks are 512 MiB of bodies, more than delivery works on at a time, in 64 kB of memory.
  static let capacity = 4096

  private struct Slot: Equatable {
    var sequence: UInt64 = 0
    var lane: UInt32 = 0
    var chunk: UInt16 = 0
  }

  private var slots = [Slot](repeating: Slot(), count: capacity)

  /// Sequences start at 1 and are never given out twice, so that an empty slot and an old one match nothing.
  func contains(lane: LaneID, sequence: UInt64, chunk: UInt16) -> Bool {
    let slot = Slot(sequence: sequence, lane: lane.value, chunk: chunk)
    return slots[Self.place(slot)] == slot
  }

  mutating func insert(lane: LaneID, sequence: UInt64, chunk: UInt16) {
    let slot = Slot(sequence: sequence, lane: lane.value, chunk: chunk)
    slots[Self.place(slot)] = slot
  }

  private static func place(_ slot: Slot) -> Int {
    let mixed = (slot.sequence &* 8 &+ UInt64(slot.chunk) &+ UInt64(slot.lane) &<< 20) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed &>> 52)
  }
}
