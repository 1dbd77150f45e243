/// A small random generator whose seed repeats its numbers (SplitMix64, Steele et al. 2014). Not for secrets.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}

/// How long to wait before the next attempt: at least `base`, and a random time up to a ceiling that doubles ("full
/// jitter"), so that senders that failed together do not come back together.
struct Backoff: Sendable {
  var base: Duration
  var max: Duration
  var retryAfterMax: Duration

  /// The longest wait after `failures` failures in a row.
  func ceiling(failures: Int) -> Duration {
    // 2^30 times any base above a nanosecond is past every sensible maximum.
    let factor = 1 << min(Swift.max(failures - 1, 0), 30)
    return min(base * factor, max)
  }

  func delay(failures: Int, random: inout SeededRandom) -> Duration {
    min(base + jitter(ceiling(failures: failures), &random), max)
  }

  /// What the server asked for, within bounds, and a little more so that not all come at once.
  func delay(retryAfter: Duration, random: inout SeededRandom) -> Duration {
    min(Swift.max(retryAfter, .zero), retryAfterMax) + jitter(base, &random)
  }

  private func jitter(_ ceiling: Duration, _ random: inout SeededRandom) -> Duration {
    .nanoseconds(Int64.random(in: 0...Swift.max(ceiling.wholeNanoseconds, 0), using: &random))
  }
}
