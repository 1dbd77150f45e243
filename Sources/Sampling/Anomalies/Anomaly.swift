/// Something unusual in how often things happen: what one `hoglet_anomaly` event says.
package struct Anomaly: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// A pattern that was not seen before.
    case newPattern = "new_pattern"
    case surge
    case silence
    case errorSurge = "error_surge"
  }

  package enum Subject: Sendable, Hashable {
    case pattern(UInt64)
    /// Its errors.
    case service(Label)
  }

  package var kind: Kind
  package var subject: Subject
  /// The minute in which it was seen, in minutes since 1970.
  package var minute: UInt64
  /// How many came in that minute.
  package var count: UInt32
  /// How many were expected.
  package var expected: Double

  /// So long a pattern is kept more often afterwards, in nanoseconds.
  package static let boostLength: UInt64 = 10 * 60 * 1_000_000_000
}
