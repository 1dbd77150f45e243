internal import Glibc
internal import Logging

/// Where log lines go.
package enum LogOutput {
  /// Has everything that logs in this process write lines to standard error. Once a process; before the first logger.
  package static func bootstrap(_ settings: GatewaySettings.Log) {
    LoggingSystem.bootstrap { label in
      LineLogHandler(label: label, settings: settings, now: { .now }, write: standardError)
    }
  }

  /// Writes a line with one call, so that lines of several threads do not mix.
  package static func standardError(_ line: [UInt8]) {
    var rest = line[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }
}
