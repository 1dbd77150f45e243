/// The little that sampling must know of a trace before anything is mapped (architecture.md, section 1).
package struct TraceFacts: Sendable, Equatable {
  /// How many spans are AI calls or steps; 0 means that the trace becomes no event.
  package var aiSpans = 0
  /// How many events the trace becomes if it is kept.
  package var events = 0
  /// Whether a span ended with status ERROR.
  package var hasError = false

  package init() {}
  package var isAI: Bool { aiSpans > 0 }
}

/// What was decided about a trace, once and for all of its spans.
package struct Decision: Sendable, Equatable {
  package var isKept: Bool
  /// The probability with which it was kept, in (0, 1].
  package var probability: Double
  /// The version of the policy that decided; 0 for none.
  package var policyVersion: UInt32

  package init(isKept: Bool, probability: Double, policyVersion: UInt32) {
    self.isKept = isKept
    self.probability = probability
    self.policyVersion = policyVersion
  }

  /// Kept without sampling.
  package static let keepAll = Decision(isKept: true, probability: 1, policyVersion: 0)
}

/// Names a span within its trace. The start is part of it because some SDKs use span ids twice.
package struct SpanKey: Hashable, Sendable {
  package var span: UInt64
  /// Nanoseconds since 1970.
  package var start: UInt64

  package init(span: UInt64, start: UInt64) {
    self.span = span
    self.start = start
  }
}

/// What PostHog de-duplicates by, beside the uuid that follows from it: fixed before the first attempt, the same for ever
/// (posthog.md, section 1).
package struct FrozenEvent: Sendable, Equatable {
  package var key: SpanKey
  /// The event's name, by its number in `MappedEvent`'s vocabulary of names.
  package var name: UInt8
  /// Nanoseconds since 1970.
  package var timestamp: UInt64
  package var distinctID: [UInt8]

  package init(key: SpanKey, name: UInt8, timestamp: UInt64, distinctID: [UInt8]) {
    self.key = key
    self.name = name
    self.timestamp = timestamp
    self.distinctID = distinctID
  }
}
