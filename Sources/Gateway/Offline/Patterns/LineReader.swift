import Bytes
import Glibc

/// The lines of a file or pipe, in bounded memory whatever is in them.
struct LineReader {
  /// Longer lines are cut: they are data, not text for people, and a pattern reads the first 2 KiB.
  static let lineBytesMax = 1_048_576
  /// Read at once: fewer calls, and little beside the longest line.
  private static let chunkBytes = 262_144

  private let file: Int32
  private let name: String
  /// Where the lines lie that `line` returns, until `fill` is called.
  private(set) var buffer = [UInt8](repeating: 0, count: lineBytesMax + chunkBytes)
  private(set) var cutLines = 0
  private var start = 0
  private var end = 0
  private var isSkipping = false
  private var ended = false

  init(file: Int32, name: String) {
    self.file = file
    self.name = name
  }

  /// The next line of what has been read, without its end (LF or CR LF); nil if more must be read first.
  mutating func line() -> Slice? {
    if isSkipping {
      guard let newline = newline() else {
        start = end
        return nil
      }
      start = newline + 1
      isSkipping = false
    }
    let first = start
    let last: Int
    if let newline = newline() {
      last = newline
      start = newline + 1
    } else if ended || end - start > Self.lineBytesMax {
      guard start < end else { return nil }
      last = end
      start = end
      isSkipping = !ended
    } else {
      return nil
    }
    if last - first > Self.lineBytesMax {
      cutLines += 1
      return Slice(first, first + Self.lineBytesMax)
    }
    return Slice(first, last > first && buffer[last - 1] == UInt8(ascii: "\r") ? last - 1 : last)
  }

  /// Reads more, waiting for it; false when there is nothing more.
  mutating func fill() throws(CommandError) -> Bool {
    if ended { return false }
    moveToFront()
    while true {
      let place = end
      let room = buffer.count - end
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe read(file, bytes.baseAddress?.advanced(by: place), min(room, Self.chunkBytes))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw CommandError("\(name): cannot be read: \(Self.reason(errno))", .badData)
      }
      if count == 0 { ended = true }
      end += count
      return true
    }
  }

  /// Reads from the beginning again, or from where standard input began.
  mutating func rewind(to offset: off_t) {
    _ = lseek(file, offset, SEEK_SET)
    start = 0
    end = 0
    isSkipping = false
    ended = false
    cutLines = 0
  }

  static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

  private func newline() -> Int? {
    unsafe buffer.withUnsafeBytes { bytes in
      guard start < end, let base = bytes.baseAddress,
        let found = unsafe memchr(base + start, 0x0a, end - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }

  private mutating func moveToFront() {
    if start == 0 { return }
    let (first, count) = (start, end - start)
    unsafe buffer.withUnsafeMutableBytes { bytes in
      if let base = bytes.baseAddress { unsafe memmove(base, base + first, count) }
    }
    start = 0
    end = count
  }
}
