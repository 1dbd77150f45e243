import Glibc

/// A point on a steady clock, in nanoseconds from a start that means nothing.
package struct Instant: Sendable, Hashable, Comparable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static func < (one: Instant, other: Instant) -> Bool { one.nanoseconds < other.nanoseconds }
  package static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + duration.wholeNanoseconds)
  }
  package static func - (end: Instant, start: Instant) -> Duration {
    .nanoseconds(end.nanoseconds - start.nanoseconds)
  }
}

extension Duration {
  /// In nanoseconds, held within a hundred years so that sums cannot overflow.
  var wholeNanoseconds: Int64 {
    let limit: Int64 = 100 * 366 * 86_400
    let seconds = min(max(components.seconds, -limit), limit)
    return seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}

/// Where delivery takes the time from; a test puts its own in.
package protocol TimeSource: Sendable {
  /// A clock that only goes forward.
  var now: Instant { get }
  /// The wall clock, in seconds since 1970: an HTTP-date is measured against it.
  var unixSeconds: Int64 { get }
}

/// The machine's clocks.
package struct SystemTime: TimeSource {
  package init() {}

  package var now: Instant {
    let time = read(CLOCK_MONOTONIC)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  package var unixSeconds: Int64 { Int64(read(CLOCK_REALTIME).tv_sec) }

  private func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return time
  }
}
