import Glibc

/// Lets one thread sleep until another has something for it (a pipe that is written to).
final class Waker: Sendable {
  private let reader: Int32
  private let writer: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    // Without a pipe (no descriptors left) every wait ends at its timeout.
    if unsafe pipe(&ends) == 0 {
      for end in ends { _ = setFlags(end) }
    }
    reader = ends[0]
    writer = ends[1]
  }

  deinit {
    close(reader)
    close(writer)
  }

  func wake() {
    var byte: UInt8 = 1
    // A full pipe wakes just as well.
    _ = unsafe write(writer, &byte, 1)
  }

  /// Sleeps for at most `timeout` nanoseconds, or until there is something to read from `other` (-1 for none): then true.
  @discardableResult
  func wait(_ timeout: UInt64, or other: Int32 = -1) -> Bool {
    // A negative descriptor is passed over, as poll(2) says.
    var watched = [reader, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // Rounded up: a wait of less than a millisecond must not become a busy loop.
    let milliseconds = Int32(min((timeout + 999_999) / 1_000_000, 60_000))
    guard unsafe poll(&watched, 2, milliseconds) > 0 else { return false }
    if watched[0].revents != 0 {
      var taken = [UInt8](repeating: 0, count: 256)
      while unsafe read(reader, &taken, taken.count) == taken.count {}
    }
    return watched[1].revents != 0
  }
}

private func setFlags(_ descriptor: Int32) -> Int32 {
  _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  return fcntl(descriptor, F_SETFL, O_NONBLOCK)
}
