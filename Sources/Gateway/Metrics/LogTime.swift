internal import Glibc

/// A moment, for log lines.
package struct LogTime: Sendable, Equatable {
  /// Since 1970.
  package let milliseconds: Int

  package init(milliseconds: Int) {
    self.milliseconds = milliseconds
  }

  package static var now: LogTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return LogTime(milliseconds: time.tv_sec * 1_000 + time.tv_nsec / 1_000_000)
  }

  /// RFC 3339 in UTC with milliseconds: `2026-11-21T07:33:04.123Z`.
  package var text: String {
    var seconds = time_t(milliseconds / 1_000)
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    let date = unsafe "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return
      unsafe "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(three(milliseconds % 1_000))Z"
  }

  private func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private func three(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: 3 - digits.count) + digits
  }
}
