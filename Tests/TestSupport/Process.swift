package import Glibc

/// A child process of a test. It is killed and reaped when this object goes, so that no test leaves one behind.
///
/// A test uses it from one task. To start a program elsewhere, start `env` with `-C DIRECTORY PROGRAM`.
package final class Process {
  package enum Exit: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)
  }

  /// Where the child's standard error goes.
  package enum ErrorOutput: Sendable {
    /// To ours, so that it shows in the test's log.
    case inherited
    /// Into the same pipe as its standard output.
    case merged
    case discarded
  }

  package struct Failure: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
  }

  package let identifier: pid_t
  private var input: Int32
  private let output: Int32
  private var pending: [UInt8] = []
  private var outputEnded = false
  private var exit: Exit?

  /// Starts `executable` (found in PATH if it has no slash). `environment` nil: ours; otherwise exactly that.
  package init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil,
    errorOutput: ErrorOutput = .inherited
  ) throws(Failure) {
    let toChild = try Self.connection()
    let fromChild = try Self.connection()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, toChild.theirs, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, fromChild.theirs, STDOUT_FILENO)
    switch errorOutput {
    case .inherited: break
    case .merged: unsafe posix_spawn_file_actions_adddup2(&actions, fromChild.theirs, STDERR_FILENO)
    case .discarded: unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // Signals as a shell would leave them: a test process may ignore SIGPIPE or block others.
    var defaults = sigset_t()
    unsafe sigfillset(&defaults)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    var child: pid_t = 0
    let code = unsafe Self.withStrings([executable] + arguments) { arguments in
      guard let environment else {
        return unsafe posix_spawnp(&child, executable, &actions, &attributes, arguments, environ)
      }
      return unsafe Self.withStrings(environment.map { "\($0)=\($1)" }) { environment in
        unsafe posix_spawnp(&child, executable, &actions, &attributes, arguments, environment)
      }
    }
    close(toChild.theirs)
    close(fromChild.theirs)
    guard code == 0 else {
      close(toChild.ours)
      close(fromChild.ours)
      throw Failure(description: "\(executable) could not be started: error \(code)")
    }
    identifier = child
    input = toChild.ours
    output = fromChild.ours
  }

  deinit {
    closeInput()
    if exit == nil {
      send(SIGKILL)
      _ = reap(options: 0)
    }
    close(output)
  }

  /// The next line of standard output without its end; nil when the output has ended. Throws after `limit`.
  package func readLine(within limit: Duration) throws(Failure) -> String? {
    let end = ContinuousClock.now + limit
    while true {
      if let newline = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeSubrange(...newline) }
        return String(decoding: pending[..<newline], as: UTF8.self)
      }
      if outputEnded {
        defer { pending = [] }
        return pending.isEmpty ? nil : String(decoding: pending, as: UTF8.self)
      }
      try readMore(until: end)
    }
  }

  /// All of standard output that has not been read, up to its end. Throws after `limit`.
  package func readToEnd(within limit: Duration) throws(Failure) -> [UInt8] {
    let end = ContinuousClock.now + limit
    while !outputEnded { try readMore(until: end) }
    defer { pending = [] }
    return pending
  }

  /// Writes to standard input, waiting for the child to read.
  package func write(_ bytes: [UInt8]) throws(Failure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw Failure(description: "the child does not read its input: errno \(errno)") }
      rest = rest.dropFirst(written)
    }
  }

  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Sends a signal, unless the child is already reaped (its number may be another's by then).
  package func send(_ signal: Int32) {
    if exit == nil { kill(identifier, signal) }
  }

  /// How the child ended; nil if it has not within `limit`.
  package func wait(within limit: Duration) -> Exit? {
    let end = ContinuousClock.now + limit
    while exit == nil, !reap(options: WNOHANG), ContinuousClock.now < end {
      // Linux has no wait with a time limit; two milliseconds are below what any test measures.
      usleep(2_000)
    }
    return exit
  }

  private func reap(options: Int32) -> Bool {
    var status: Int32 = 0
    var result = unsafe waitpid(identifier, &status, options)
    while result < 0, errno == EINTR { result = unsafe waitpid(identifier, &status, options) }
    guard result == identifier else { return false }
    exit = status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    return true
  }

  private func readMore(until end: ContinuousClock.Instant) throws(Failure) {
    let left = end - ContinuousClock.now
    var request = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    let milliseconds = max(0, left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000)
    let ready = unsafe poll(&request, 1, Int32(clamping: milliseconds))
    if ready < 0, errno == EINTR { return }
    guard ready > 0 else { throw Failure(description: "the child wrote nothing in time; so far: \(pendingText)") }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(output, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { return }
    if count <= 0 { outputEnded = true } else { pending.append(contentsOf: buffer[..<count]) }
  }

  private var pendingText: String { String(decoding: pending.suffix(500), as: UTF8.self) }

  /// A socket pair, not a pipe: it can be made close-on-exec in one step, so no other child that is started at the same
  /// moment keeps an end open; and writing to it when the child is gone is an error, not a signal.
  private static func connection() throws(Failure) -> (ours: Int32, theirs: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw Failure(description: "no socket pair: errno \(errno)")
    }
    return (ends[0], ends[1])
  }

  /// Gives `body` a list of C strings that ends with nil.
  private static func withStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { list in
      // The list is never empty, so it has an address.
      unsafe body(list.baseAddress.unsafelyUnwrapped)
    }
  }
}
