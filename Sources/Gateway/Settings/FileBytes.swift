import Glibc

/// Whole files into memory, within a limit.
package enum FileBytes {
  /// Why a file could not be read, in the system's words.
  package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
    case missing(path: String)
    case unreadable(path: String, reason: String)
    case tooLarge(path: String, bytesMax: Int)

    package var description: String {
      switch self {
      case .missing(let path): "\(path): no such file"
      case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
      case .tooLarge(let path, let bytesMax): "\(path): larger than \(WrittenUnits.text(bytesMax))"
      }
    }
  }

  /// How much is read at once: what a pipe holds.
  private static let chunkBytes = 65_536

  package static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    var bytes = [UInt8]()
    while true {
      guard bytes.count <= bytesMax else { throw .tooLarge(path: path, bytesMax: bytesMax) }
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: chunkBytes))
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(file, buffer.baseAddress?.advanced(by: start), chunkBytes)
      }
      let code = errno
      bytes.removeLast(chunkBytes - max(count, 0))
      if count == 0 { return bytes }
      if count < 0, code != EINTR { throw .unreadable(path: path, reason: reason(code)) }
    }
  }

  private static func failure(_ path: String) -> Failure {
    errno == ENOENT ? .missing(path: path) : .unreadable(path: path, reason: reason(errno))
  }

  private static func reason(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
  }
}
