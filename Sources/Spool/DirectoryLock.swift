import Glibc

/// The spool's directory, made private, and held for this process alone by a lock on a file in it.
final class DirectoryLock {
  private let descriptor: Int32

  /// Creates the directory (not its parents) if it is missing, takes away what others may do in it, and locks it.
  init(_ path: String) throws(SpoolError) {
    let created = unsafe mkdir(path, 0o700) == 0
    if !created, errno != EEXIST { throw .unusable(path: path, reason: Self.reason(errno)) }
    let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw .unusable(path: path, reason: Self.reason(errno)) }
    defer { Glibc.close(directory) }
    guard fchmod(directory, 0o700) == 0 else { throw .unusable(path: path, reason: Self.reason(errno)) }
    let file = unsafe openat(directory, "spool.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .unusable(path: path, reason: Self.reason(errno)) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let error = errno
      Glibc.close(file)
      throw error == EWOULDBLOCK ? .locked(path: path) : .unusable(path: path, reason: Self.reason(error))
    }
    descriptor = file
    if created { Self.sync(path + "/..") }
  }

  deinit {
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

  static func reason(_ error: Int32) -> String { unsafe String(cString: strerror(error)) }
}
