/// The bands of OpenTelemetry's severity numbers
/// (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber), as policies speak of them.
package enum Severity: UInt8, Sendable, Comparable, CaseIterable {
  /// Of spans, and of logs that do not say.
  case unspecified
  /// TRACE and DEBUG.
  case debug
  case info
  case warn
  case error
  case fatal

  /// From a severity number, 0 to 24.
  package init(number: UInt8) {
    switch number {
    case 1...8: self = .debug
    case 9...12: self = .info
    case 13...16: self = .warn
    case 17...20: self = .error
    case 21...24: self = .fatal
    default: self = .unspecified
    }
  }

  /// From the word of a policy, in either case: `DEBUG`, `INFO`, `WARN` or `WARNING`, `ERROR`, `FATAL`; `TRACE` is
  /// `DEBUG`, `CRITICAL` is `FATAL`.
  package init?(name: String) {
    switch name.uppercased() {
    case "TRACE", "DEBUG": self = .debug
    case "INFO": self = .info
    case "WARN", "WARNING": self = .warn
    case "ERROR": self = .error
    case "FATAL", "CRITICAL": self = .fatal
    default: return nil
    }
  }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
