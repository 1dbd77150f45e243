/// What was not sent, in whole numbers, so that it and what was sent add up exactly to what came.
package struct RollUpAmounts: Sendable, Equatable {
  /// Traces, or log records of no trace.
  package var units: Int64 = 0
  /// Events that they would have become.
  package var events: Int64 = 0
  package var inputTokens: Int64 = 0
  package var outputTokens: Int64 = 0
  package var cost = NanoDollars.zero
  /// Events that tell of an error.
  package var errors: Int64 = 0
  /// How long the units took.
  package var latency = LatencyHistogram()

  package init() {}

  package static func += (left: inout Self, right: Self) { left.add(right, times: 1) }
  package static func -= (left: inout Self, right: Self) { left.add(right, times: -1) }

  private mutating func add(_ other: Self, times sign: Int64) {
    units &+= sign &* other.units
    events &+= sign &* other.events
    inputTokens &+= sign &* other.inputTokens
    outputTokens &+= sign &* other.outputTokens
    cost.value &+= sign &* other.cost.value
    errors &+= sign &* other.errors
    latency.add(other.latency, times: sign)
  }
}

/// Counts durations in buckets that double: below 1 ms, below 2 ms, … below 524 s, and what is longer.
package struct LatencyHistogram: Sendable, Equatable {
  package static let bucketCount = 21

  private var counts: [21 of Int64] = .init(repeating: 0)

  package init() {}

  /// How many are in a bucket; fewer than none where more was taken back than is in this part.
  package subscript(bucket: Int) -> Int64 {
    get { counts[bucket] }
    set { counts[bucket] = newValue }
  }

  package mutating func add(nanoseconds: UInt64) {
    counts[Self.bucket(nanoseconds)] &+= 1
  }

  /// The bucket's upper bound in milliseconds; nil for the last, which has none.
  package static func upperMilliseconds(_ bucket: Int) -> Int? { bucket < bucketCount - 1 ? 1 << bucket : nil }

  static func bucket(_ nanoseconds: UInt64) -> Int {
    let milliseconds = nanoseconds / 1_000_000
    return min(UInt64.bitWidth - milliseconds.leadingZeroBitCount, bucketCount - 1)
  }

  mutating func add(_ other: Self, times sign: Int64) {
    for bucket in 0..<Self.bucketCount { counts[bucket] &+= sign &* other.counts[bucket] }
  }

  package static func == (left: Self, right: Self) -> Bool {
    (0..<bucketCount).allSatisfy { left.counts[$0] == right.counts[$0] }
  }
}
