/// Holds fixed rates below a number of events a minute without making weights wrong: what is refused beyond a limit would
/// be represented by nobody. Up to three quarters of the limit rates hold; then they are quartered each time that half of
/// what was left is used up, so that what is left lasts twice as long as before.
struct RateLimit: Sendable, Equatable {
  /// So often at most: at a thousandth of its rate a unit stands for enough others. This lasts for some twenty times what
  /// fits; beyond, units are refused, and only roll-ups tell of them.
  static let stepsMax = 5

  private var minute: UInt64 = 0
  private var spent = 0

  /// By how much the rate of a unit is multiplied; 0 where it does not fit any more.
  mutating func factor(for items: Int, of limit: Int, at now: UInt64) -> Double {
    let current = now / SamplingTime.minute
    if current != minute { (minute, spent) = (current, 0) }
    guard spent + items <= limit else { return 0 }
    var left = limit / 4
    var factor = 1.0
    for _ in 0..<Self.stepsMax where limit - spent <= left {
      factor /= 4
      left /= 2
    }
    return factor
  }

  mutating func spend(_ items: Int) { spent += items }
}

/// Spans of time, in nanoseconds.
enum SamplingTime {
  static let second: UInt64 = 1_000_000_000
  static let minute: UInt64 = 60 * second
}
