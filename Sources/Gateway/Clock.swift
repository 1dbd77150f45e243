import Glibc

/// The wall clock of the gateway; everything behind the spool lives by the times that intake read from it.
enum WallClock {
  /// Nanoseconds since 1970.
  @Sendable static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Seconds since 1970.
  @Sendable static func seconds() -> Int64 { Int64(now() / 1_000_000_000) }
}
