/// How consistent probability sampling tells what is kept: a trace whose 56 random bits are below the threshold is dropped
/// (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/). Two samplers with thresholds of their
/// own agree: what the stricter one keeps, the other keeps too.
package struct SamplingThreshold: Hashable, Sendable, Comparable {
  /// The number of random values: 2^56.
  package static let end: UInt64 = 1 << 56
  /// Everything is kept.
  package static let keepAll = SamplingThreshold(rejected: 0)

  /// How many of the 2^56 random values are dropped; below `end`.
  package let rejected: UInt64

  private init(rejected: UInt64) { self.rejected = rejected }

  /// The threshold that keeps with a probability in (0, 1]; one too small to be written keeps the highest random value only.
  package init(probability: Double) {
    let dropped = ((1 - probability) * Double(Self.end)).rounded()
    self.init(rejected: min(Self.end - 1, UInt64(max(0, dropped))))
  }

  /// Reads the value of `th`: one to fourteen lower-case hexadecimal digits, trailing zeros left out; nil for anything else.
  package init?(th: some Sequence<UInt8>) {
    guard let value = Self.hex(th, digits: 1...14) else { return nil }
    self.init(rejected: value)
  }

  /// In (0, 1].
  package var probability: Double { Double(Self.end - rejected) / Double(Self.end) }

  /// `random` is the trace's randomness, below `end`.
  package func keeps(_ random: UInt64) -> Bool { random >= rejected }

  /// As written to `ot=th:`.
  package var th: String {
    if rejected == 0 { return "0" }
    let digits = String(rejected, radix: 16)
    let padded = String(repeating: "0", count: 14 - digits.count) + digits
    return String(padded[...(padded.lastIndex { $0 != "0" } ?? padded.startIndex)])
  }

  package static func < (left: Self, right: Self) -> Bool { left.rejected < right.rejected }

  /// Hexadecimal digits as the first of fourteen; nil for another count of them or anything else.
  static func hex(_ text: some Sequence<UInt8>, digits: ClosedRange<Int>) -> UInt64? {
    var value: UInt64 = 0
    var count = 0
    for byte in text {
      switch byte {
      case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
      case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
      default: return nil
      }
      count += 1
      if count > 14 { return nil }
    }
    return digits.contains(count) ? value << UInt64(4 * (14 - count)) : nil
  }
}
