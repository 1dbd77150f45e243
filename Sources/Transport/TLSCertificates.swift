import Glibc
import Synchronization

/// The certificates of a server's listeners, which may be renewed while it runs: connections that are open keep what they
/// began with.
package final class TLSCertificates: Sendable {
  private let settings: TLSSettings
  private let current: Mutex<TLSContexts>
  private let seen: Mutex<[FileState]>

  /// What tells that a file was written anew.
  private struct FileState: Equatable {
    var device: UInt
    var inode: UInt
    var bytes: Int
    var seconds: Int
    var nanoseconds: Int

    /// Nil fields become zero for a file that is not there.
    init(_ path: String) {
      var status = stat()
      _ = unsafe stat(path, &status)
      device = status.st_dev
      inode = status.st_ino
      bytes = status.st_size
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  /// Reads the files. Throws what is wrong with them.
  package init(_ settings: TLSSettings) throws(TLSError) {
    self.settings = settings
    seen = Mutex(settings.files.map { FileState($0) })
    current = Mutex(try TLSContexts(settings))
  }

  /// Taken once by each connection.
  var contexts: TLSContexts { current.withLock { $0 } }

  /// Reads the files again; with an error in them everything stays as it is.
  package func reload() throws(TLSError) {
    seen.withLock { $0 = settings.files.map { FileState($0) } }
    let fresh = try TLSContexts(settings)
    current.withLock { $0 = fresh }
  }

  /// Whether a file is another one than when it was read last.
  package var areChanged: Bool {
    let now = settings.files.map { FileState($0) }
    return seen.withLock { $0 != now }
  }
}
