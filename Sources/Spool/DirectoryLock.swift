import Glibc

/// The spool's directory, made private, and held for this process alone by a lock on a file in it.
final class DirectoryLock {
  private let descriptor: Int32

  /// Creates the directory (not its parents) if it is missing, takes away what others may do in it, and locks it.
  init(_ path: String) throws(SpoolError) {
    let created = unsafe mkdir(path, 0o700) == 0
    if !created, errno != EEXIST { throw .unusable(path: path, reason: Self.reason(errno) + Self.advice) }
    let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw .unusable(path: path, reason: Self.reason(errno) + Self.advice) }
    defer { Glibc.close(directory) }
    guard fchmod(directory, 0o700) == 0 else { throw .unusable(path: path, reason: Self.reason(errno) + Self.advice) }
    let file = unsafe openat(directory, "spool.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .unusable(path: path, reason: Self.reason(errno) + Self.advice) }
    var error: Int32 = 0
    for attempt in 1...Self.attempts {
      error = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno
      if error != EWOULDBLOCK || attempt == Self.attempts { break }
      // Somebody who only looks holds it for a moment.
      usleep(Self.attemptMicroseconds)
    }
    guard error == 0 else {
      let process = Self.process(file)
      Glibc.close(file)
      throw error == EWOULDBLOCK
        ? .locked(path: path, process: process) : .unusable(path: path, reason: Self.reason(error) + Self.advice)
    }
    descriptor = file
    writeProcess()
    if created { Self.sync(path + "/..") }
  }

  private static let advice = "; check that the directory exists and belongs to this user"
  private static let attempts = 5
  private static let attemptMicroseconds: UInt32 = 20_000

  deinit {
    ftruncate(descriptor, 0)
    // Unlocked by hand: a child that is being started holds a copy of the descriptor for a moment, and with it the lock.
    flock(descriptor, LOCK_UN)
    Glibc.close(descriptor)
  }

  /// Makes the names in a directory durable, which syncing the files alone does not.
  static func sync(_ path: String) {
    let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    Glibc.close(directory)
  }

  /// Tells others who holds the lock. That it is held is the lock's business, so nothing depends on this being written.
  private func writeProcess() {
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0 else { return }
    unsafe pwrite(descriptor, text, text.count, 0)
  }

  /// The process that holds the lock of a directory, 0 if it did not say which it is; nil if none does. The number in the
  /// file alone tells nothing: one that was killed could not take it back, and in a container it is anybody's.
  static func process(_ path: String) -> Int32? {
    let file = unsafe Glibc.open(path + "/spool.lock", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { Glibc.close(file) }
    if flock(file, LOCK_SH | LOCK_NB) == 0 {
      flock(file, LOCK_UN)
      return nil
    }
    return process(file) ?? 0
  }

  /// The process that holds the lock of an open file; nil if it did not say.
  private static func process(_ file: Int32) -> Int32? {
    var text = [UInt8](repeating: 0, count: 16)
    let count = unsafe pread(file, &text, text.count, 0)
    return Int32(String(decoding: text.prefix(max(count, 0)).prefix { $0 != 10 }, as: UTF8.self))
  }

  static func reason(_ error: Int32) -> String { unsafe String(cString: strerror(error)) }
}
