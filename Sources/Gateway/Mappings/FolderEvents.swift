import Glibc

/// The kernel's word that something changed in some folders (inotify(7)), and a way to be woken by others.
final class FolderEvents: Sendable {
  /// -1 where the system gives none: then only `wake` and the timeout end a wait.
  private let inotify: Int32
  private let waker = Waker()

  init() { inotify = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }

  deinit {
    if inotify >= 0 { close(inotify) }
  }

  var isWatching: Bool { inotify >= 0 }

  /// What editors and ConfigMaps do: write in place, write beside and rename, swap a link, put another folder there.
  private static let changes = UInt32(
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB)

  /// Watches what these paths lead to now; returns the numbers of the watches.
  func watch(_ folders: [String]) -> Set<Int32> {
    guard inotify >= 0 else { return [] }
    return Set(folders.map { unsafe inotify_add_watch(inotify, $0, Self.changes) }.filter { $0 >= 0 })
  }

  func forget(_ watches: Set<Int32>) {
    for watch in watches { inotify_rm_watch(inotify, watch) }
  }

  func wake() { waker.wake() }

  /// Waits until a folder changes, somebody calls `wake`, or the time is over. True if a folder changed.
  func wait(milliseconds: UInt64) -> Bool {
    guard waker.wait(milliseconds * 1_000_000, or: inotify) else { return false }
    var taken = [UInt8](repeating: 0, count: 4096)
    while unsafe read(inotify, &taken, taken.count) > 0 {}
    return true
  }
}
