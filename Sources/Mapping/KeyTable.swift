import Bytes

/// From byte strings to small numbers: open addressing over one arena, no allocation on look-up.
struct KeyTable: Sendable {
  private var arena: [UInt8] = []
  private var keys: [Slice] = []
  /// Index into `keys` plus one; 0 is free. Always a power of two, at most half full.
  private var buckets: [Int32] = Array(repeating: 0, count: 64)

  var count: Int { keys.count }

  /// The number of a key, or nil.
  func find(_ bytes: ByteSpan, _ slice: Slice) -> Int? {
    let mask = buckets.count &- 1
    let own = arena.span
    var bucket = Int(truncatingIfNeeded: Hash.bytes(bytes, slice)) & mask
    while buckets[bucket] != 0 {
      let index = Int(buckets[bucket]) &- 1
      if own.equals(keys[index], bytes, slice) { return index }
      bucket = (bucket &+ 1) & mask
    }
    return nil
  }

  /// Whether a key has that number.
  func `is`(_ index: Int, _ bytes: ByteSpan, _ slice: Slice) -> Bool {
    arena.span.equals(keys[index], bytes, slice)
  }

  /// The number of a key, given out if it is new.
  mutating func intern(_ bytes: ByteSpan, _ slice: Slice) -> Int {
    if let known = find(bytes, slice) { return known }
    let start = arena.count
    arena.append(bytes, slice)
    keys.append(Slice(start, arena.count))
    if keys.count * 2 > buckets.count { buckets = Array(repeating: 0, count: buckets.count * 2) }
    if keys.count == 1 || keys.count * 4 > buckets.count { rehash() } else { place(keys.count - 1) }
    return keys.count - 1
  }

  mutating func intern(_ text: String) -> Int {
    let bytes = Array(text.utf8)
    return intern(bytes.span, Slice(0, bytes.count))
  }

  /// The bytes of a key.
  func name(_ index: Int) -> [UInt8] { Array(arena[keys[index].range]) }

  private mutating func rehash() {
    for bucket in buckets.indices { buckets[bucket] = 0 }
    for index in keys.indices { place(index) }
  }

  private mutating func place(_ index: Int) {
    let mask = buckets.count - 1
    var bucket = Int(truncatingIfNeeded: Hash.bytes(arena.span, keys[index])) & mask
    while buckets[bucket] != 0 { bucket = (bucket + 1) & mask }
    buckets[bucket] = Int32(index + 1)
  }
}
