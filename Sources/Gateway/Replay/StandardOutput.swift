import Glibc

/// What a command was asked for, as opposed to what it has to say about itself.
package enum StandardOutput {
  package static func write(_ text: String) {
    write(Array(text.utf8))
  }

  /// Stops silently when nobody reads any more, as `hoglet events | head` does, and returns false.
  @discardableResult
  package static func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return false }
      rest = rest.dropFirst(max(count, 0))
    }
    return true
  }
}
