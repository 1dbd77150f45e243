import Glibc

/// The chunks that were read and checked last, in memory of our own: a chunk from which many traces are read one by one
/// is fetched and checked once. Traces that arrived together ripen together, so few chunks are enough.
///
/// Read from the file and not through LMDB's map, because a page touched there has to be mapped, counts as this process's
/// memory and has to be given back: that costs more than copying it.
@safe
final class ChunkCache {
  /// Two MiB: the chunks of two requests of the largest size that SDKs send.
  static let capacity = 16

  private struct Slot {
    var place: StoreKey?
    var count = 0
    var usedAt: UInt64 = 0
  }

  private var slots = [Slot](repeating: Slot(), count: capacity)
  private let memory: UnsafeMutableRawPointer
  private var clock: UInt64 = 0

  init() {
    // Not touched before it is used.
    unsafe memory = .allocate(byteCount: Self.capacity * RequestHeader.chunkBytes, alignment: 16)
  }

  deinit { unsafe memory.deallocate() }

  /// The bytes of a chunk if it is here. Good until the next `take`.
  func bytes(_ place: StoreKey) -> UnsafeRawBufferPointer? {
    guard let slot = slots.firstIndex(where: { $0.place == place }) else { return nil }
    clock += 1
    slots[slot].usedAt = clock
    return unsafe UnsafeRawBufferPointer(rebasing: room(slot)[..<slots[slot].count])
  }

  /// Takes in a stored chunk that `isSound` accepts, in place of the one that was not used for longest; nil if it does
  /// not, or if the file cannot be read.
  func take(
    _ place: StoreKey, _ stored: UnsafeRawBufferPointer, _ transaction: borrowing Transaction,
    isSound: (UnsafeRawBufferPointer) -> Bool
  ) -> UnsafeRawBufferPointer? {
    guard stored.count <= RequestHeader.chunkBytes,
      let slot = slots.indices.min(by: { slots[$0].usedAt < slots[$1].usedAt })
    else { return nil }
    slots[slot].place = nil
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room(slot)[..<stored.count])
    unsafe transaction.copy(stored, to: target)
    guard unsafe isSound(UnsafeRawBufferPointer(target)) else { return nil }
    slots[slot].place = place
    slots[slot].count = stored.count
    return unsafe bytes(place)
  }

  private func room(_ slot: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(
      start: memory + slot * RequestHeader.chunkBytes, count: RequestHeader.chunkBytes)
  }
}
