/// A small seeded generator (SplitMix64), so that a failure can be run again.
struct Random {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  /// A number from 0 up to, not including, `bound`.
  mutating func below(_ bound: Int) -> Int {
    Int(next() % UInt64(max(bound, 1)))
  }

  /// `body` with one to four bits flipped, runs cut, bytes put in, or pieces of `other` spliced in.
  mutating func damaged(_ body: [UInt8], with other: [UInt8]) -> [UInt8] {
    var body = body
    for _ in 0...below(4) {
      let place = below(body.count)
      switch below(6) {
      case 0 where !body.isEmpty: body[place] ^= 1 << UInt8(below(8))
      case 1 where !body.isEmpty: body[place] = [0, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x22, 0x5c][below(8)]
      case 2: body.removeSubrange(place..<min(body.count, place + 1 + below(8)))
      case 3: body.insert(contentsOf: (0...below(4)).map { _ in UInt8(truncatingIfNeeded: next()) }, at: place)
      case 4:
        let start = below(other.count)
        body.insert(contentsOf: other[start..<min(other.count, start + below(64))], at: place)
      default: if below(8) == 0 { body.removeSubrange(place...) }
      }
    }
    return body
  }
}
