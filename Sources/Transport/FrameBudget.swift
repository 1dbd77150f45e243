import NIOCore

/// How many frames that carry nothing of a request a client may send: a token bucket. Floods of PING, SETTINGS, PRIORITY or
/// empty DATA cost us time and the client nearly none (CVE-2019-9511 to 9518).
struct FrameBudget {
  private let burst: Int
  private let perSecond: Int
  private var left: Int
  private var since: NIODeadline

  init(burst: Int, perSecond: Int, now: NIODeadline) {
    self.burst = burst
    self.perSecond = perSecond
    left = burst
    since = now
  }

  /// Gives some back, for something useful.
  mutating func earn(_ count: Int) { left = min(burst, left + count) }

  /// Takes one; false when there is none.
  mutating func take(_ now: NIODeadline) -> Bool {
    let gained = Int((now - since).nanoseconds / 1_000_000) * perSecond / 1_000
    if gained > 0 {
      left = min(burst, left + gained)
      since = now
    }
    left -= 1
    return left >= 0
  }
}
