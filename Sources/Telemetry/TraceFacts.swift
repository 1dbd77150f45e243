package import Bytes

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

/// What sampling must know of one event that a trace would become.
package struct EventFacts: Sendable, Equatable {
  package var key: SpanKey
  /// Index of the span in the batch it was read from.
  package var span: Int
  /// The event's name, by its number in `MappedEvent`'s vocabulary of names.
  package var name: UInt8
  /// `service.name` of the resource; empty if it does not say.
  package var service: String
  /// Empty for steps that call no model.
  package var model: String
  package var isError = false
  /// Whether it must go out for an error to be understood: it failed, something below it did, or it is the trace itself.
  package var isEssential = false
  /// The application asks that it be kept (attribute `sampling.keep`), or a guardrail stepped in.
  package var isKeepAsked = false
  package var inputTokens: Int64 = 0
  package var outputTokens: Int64 = 0
  /// Reported cost in billionths of a dollar, so that sums are exact.
  package var nanoDollars: Int64 = 0
  /// From start to end, in nanoseconds; 0 if the span never ended.
  package var latency: UInt64 = 0
  package var texts = Texts()

  /// What tells kinds of events apart, in the arena of the batch.
  package struct Texts: Sendable, Equatable {
    package var service = Slice.empty
    package var model = Slice.empty
    package var provider = Slice.empty
    package var tool = Slice.empty
    package var errorType = Slice.empty

    package init() {}
  }

  package init(key: SpanKey, span: Int, name: UInt8, service: String, model: String) {
    self.key = key
    self.span = span
    self.name = name
    self.service = service
    self.model = model
  }
}

/// Why a unit was kept, or by what it was dropped, in the words of `$sample_reason`. The number is what is stored.
package enum SampleReason: UInt8, Sendable, CaseIterable {
  /// Nothing is sampled.
  case unsampled = 0
  /// It failed, or is at least of severity ERROR.
  case error = 1
  /// It was dropped, and an error of it came afterwards.
  case lateError = 2
  /// An attribute asked for it.
  case keep = 3
  case guardrail = 4
  /// Nothing like it was seen of late.
  case newPattern = 5
  /// Its pattern is unusually frequent or silent.
  case boost = 6
  /// A rate of the policy.
  case policy = 7
  /// The budget.
  case probability = 8

  package var text: StaticString {
    switch self {
    case .unsampled: "unsampled"
    case .error: "error"
    case .lateError: "late_error"
    case .keep: "keep"
    case .guardrail: "guardrail"
    case .newPattern: "new_pattern"
    case .boost: "boost"
    case .policy: "policy"
    case .probability: "probability"
    }
  }
}

/// What was decided about a trace, once and for all of its spans.
package struct Decision: Sendable, Equatable {
  package var isKept: Bool
  /// Only what an error needs to be understood goes out (`EventFacts.isEssential`).
  package var isEssential = false
  /// The probability with which it was kept, in (0, 1].
  package var probability: Double
  /// How many like it each of its events stands for, at least 1: an estimate whose sum over all that is kept is right.
  package var weight: Double
  package var reason: SampleReason
  /// The version of the policy that decided; 0 for none.
  package var policyVersion: UInt32

  package init(
    isKept: Bool, probability: Double, weight: Double? = nil, reason: SampleReason = .probability,
    policyVersion: UInt32
  ) {
    self.isKept = isKept
    self.probability = probability
    self.weight = weight ?? 1 / probability
    self.reason = reason
    self.policyVersion = policyVersion
  }

  /// Kept without sampling.
  package static let keepAll = Decision(isKept: true, probability: 1, reason: .unsampled, policyVersion: 0)
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
