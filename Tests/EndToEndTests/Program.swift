import Glibc

/// A program that a test started: its output goes to files, its end is certain. Standard input stays open for as long as
/// this object lives, so that a program told to can end with it.
final class Program: Sendable {
  enum Exit: Equatable { case code(Int32), signal(Int32) }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let name: String
  let process: pid_t
  private let input: Int32
  private let outputPath: String
  private let errorPath: String
  /// Gives every program its own pair of output files.
  private static let count = Counter()

  /// Starts `executable` with exactly these environment variables and no others.
  init(_ executable: String, _ arguments: [String], environment: [String: String], folder: String) throws {
    name = String(executable.split(separator: "/").last ?? "program") + arguments.prefix(1).map { " \($0)" }.joined()
    let number = Self.count.next()
    outputPath = "\(folder)/\(number).out"
    errorPath = "\(folder)/\(number).err"
    // A pair of sockets and not a pipe: closed on exec from the first moment, so that no other child holds it open.
    var ends: [Int32] = [-1, -1]
    let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, streamType, 0, &ends) == 0 else {
      throw Failure(description: "no socket pair")
    }
    input = ends[1]
    defer { close(ends[0]) }

    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    for (descriptor, path) in [(Int32(1), outputPath), (2, errorPath)] {
      unsafe posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    // Test threads block most signals, and a child would inherit that: SIGTERM would never reach it.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var words = unsafe ([executable] + arguments).map { unsafe strdup($0) }
    unsafe words.append(nil)
    var settings = unsafe environment.map { unsafe strdup("\($0)=\($1)") }
    unsafe settings.append(nil)
    defer { unsafe (words + settings).forEach { unsafe free($0) } }
    var started: pid_t = 0
    let status = unsafe posix_spawn(&started, executable, &actions, &attributes, words, settings)
    guard status == 0 else {
      throw Failure(description: "\(executable) does not start: \(unsafe String(cString: strerror(status)))")
    }
    process = started
  }

  deinit {
    close(input)
    if exit() == nil { kill(process, SIGKILL) }
    waitpid(process, nil, 0)
  }

  var output: String { Files.text(outputPath) }
  var errors: String { Files.text(errorPath) }
  /// The end of what it said, for the report of a failed test.
  var lastWords: String { "\(name) said:\n\(output.suffix(2000))\n\(errors.suffix(4000))" }

  func signal(_ number: Int32) { kill(process, number) }

  /// What follows `prefix` on the first complete line of output that begins with it.
  func line(_ prefix: String, within limit: Duration = .seconds(30)) throws -> String {
    var found: String?
    try wait(within: limit, for: "a line '\(prefix)…'") {
      found = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().first { $0.hasPrefix(prefix) }
        .map { String($0.dropFirst(prefix.count)) }
      return found != nil || hasEnded
    }
    guard let found else { throw Failure(description: "no line '\(prefix)…' before the end; \(lastWords)") }
    return found
  }

  func waitForExit(within limit: Duration) throws -> Exit {
    var status: Exit?
    try wait(within: limit, for: "its end") {
      status = exit()
      return status != nil
    }
    guard let status else { throw Failure(description: "\(name) did not end") }
    return status
  }

  private func wait(within limit: Duration, for what: String, until condition: () -> Bool) throws {
    guard waitUntil(limit, condition) else {
      throw Failure(description: "\(name): waited \(limit) for \(what); \(lastWords)")
    }
  }

  /// How it ended; nil while it runs. Asks without collecting, so that one may ask twice.
  private func exit() -> Exit? {
    var information = unsafe siginfo_t()
    guard unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
      unsafe information._sifields._sigchld.si_pid == process
    else { return nil }
    let status = unsafe information._sifields._sigchld.si_status
    return unsafe information.si_code == Int32(CLD_EXITED) ? .code(status) : .signal(status)
  }

  private var hasEnded: Bool { exit() != nil }
}

/// Asks again and again, every few milliseconds, until it is so or the time is over.
func waitUntil(_ limit: Duration, _ condition: () throws -> Bool) rethrows -> Bool {
  let end = ContinuousClock.now + limit
  while true {
    if try condition() { return true }
    if ContinuousClock.now > end { return false }
    usleep(5_000)
  }
}
