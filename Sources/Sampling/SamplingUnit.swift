/// What the sampler decides about, whole: a ripe trace with its logs, or a log record that belongs to no trace. It holds
/// the little that a decision needs, none of the content.
package struct SamplingUnit: Sendable {
  /// 56 bits: the trace's, or a hash of the log record. Decisions compare nothing else, so that replicas agree.
  package var randomness: UInt64
  /// With which it was sampled before it came here; then each event stands for more than itself already.
  package var upstream: SamplingThreshold = .keepAll
  /// The service that its root, or the record, names.
  package var service: Label
  /// Totals are estimated for each stratum: the model, where there is none the service.
  package var stratum: Label
  /// How many events it becomes; what a budget is spent on.
  package var items: Int
  /// Input and output tokens of its events.
  package var tokens = 0
  package var cost = NanoDollars.zero
  package var hasError = false
  /// How many events are left where only error items, their ancestors and the root are sent, and what these account for.
  package var essentials: Essentials
  /// Its distinct signatures, each with the severity of the items that have it.
  package var patterns: [SeenPattern] = []
  package var forced: ForcedKeep?

  package struct Essentials: Sendable, Equatable {
    package var items: Int
    package var tokens: Int
    package var cost: NanoDollars

    package init(items: Int, tokens: Int, cost: NanoDollars) {
      self.items = items
      self.tokens = tokens
      self.cost = cost
    }
  }

  /// Until `essentials` is set, all of the unit is essential.
  package init(
    randomness: UInt64, service: Label, stratum: Label, items: Int, tokens: Int = 0, cost: NanoDollars = .zero
  ) {
    self.randomness = randomness
    self.service = service
    self.stratum = stratum
    self.items = items
    self.tokens = tokens
    self.cost = cost
    essentials = Essentials(items: items, tokens: tokens, cost: cost)
  }

  /// Whether it must be kept whatever the policy says: a status ERROR or a record of ERROR and above.
  package var isError: Bool { hasError || patterns.contains { $0.severity >= .error } }
  /// How many units it stands for by the sampling before it came here.
  var upstreamWeight: Double { upstream == .keepAll ? 1 : 1 / upstream.probability }
}

/// A signature that occurs in a unit.
package struct SeenPattern: Sendable, Equatable {
  package var id: UInt64
  /// The highest of its items; `unspecified` for spans.
  package var severity: Severity

  package init(id: UInt64, severity: Severity = .unspecified) {
    self.id = id
    self.severity = severity
  }
}

/// Why somebody wants a unit kept whatever the budget.
package enum ForcedKeep: Sendable {
  /// The attribute `sampling.keep`.
  case attribute
  case guardrail
}

/// Money as a whole number, so that sums are exact in whatever order they are made.
package struct NanoDollars: Hashable, Sendable, Comparable, AdditiveArithmetic {
  package var value: Int64

  package init(_ value: Int64) { self.value = value }

  /// Rounds to the next nano-dollar; what is no number or beyond ±9 billion dollars counts as none.
  package init(dollars: Double) {
    value = Int64(exactly: (dollars * 1e9).rounded()) ?? 0
  }

  package var dollars: Double { Double(value) / 1e9 }

  package static let zero = NanoDollars(0)
  package static func + (left: Self, right: Self) -> Self { NanoDollars(left.value &+ right.value) }
  package static func - (left: Self, right: Self) -> Self { NanoDollars(left.value &- right.value) }
  package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
