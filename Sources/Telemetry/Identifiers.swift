public import Bytes

/// A W3C trace id: sixteen bytes, not all zero (https://www.w3.org/TR/trace-context/#trace-id).
@frozen @usableFromInline
package struct TraceID: Hashable, Sendable {
  @usableFromInline package let high: UInt64
  @usableFromInline package let low: UInt64

  /// Refuses all zero, which W3C and OTLP call invalid.
  @inlinable package init?(high: UInt64, low: UInt64) {
    guard high | low != 0 else { return nil }
    self.high = high
    self.low = low
  }

  /// The smallest id, where any will do.
  package static let one = TraceID(unchecked: 1)

  private init(unchecked low: UInt64) {
    high = 0
    self.low = low
  }

  /// Reads sixteen bytes in network order; nil for any other length and for all zero.
  @inlinable package init?(_ bytes: ByteSpan, _ slice: Slice) {
    guard slice.count == 16 else { return nil }
    self.init(high: bytes.word(at: slice.start).byteSwapped, low: bytes.word(at: slice.start &+ 8).byteSwapped)
  }

  /// Reads 32 hexadecimal digits of either case.
  package init?(hex text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 32, let high = Hex.parse64(bytes.span, Slice(0, 16)),
      let low = Hex.parse64(bytes.span, Slice(16, 32))
    else { return nil }
    self.init(high: high, low: low)
  }

  /// The 56 random bits that W3C Trace Context Level 2 promises: what consistent sampling compares.
  @inlinable package var randomness: UInt64 { low & 0x00ff_ffff_ffff_ffff }
}

extension TraceID: CustomStringConvertible {
  @usableFromInline package var description: String { Hex.string(high) + Hex.string(low) }
}

/// A W3C span id: eight bytes, not all zero (https://www.w3.org/TR/trace-context/#parent-id).
@frozen @usableFromInline
package struct SpanID: Hashable, Sendable {
  @usableFromInline package let value: UInt64

  /// Refuses zero, which W3C and OTLP call invalid.
  @inlinable package init?(value: UInt64) {
    guard value != 0 else { return nil }
    self.value = value
  }

  /// The smallest id, where any will do.
  package static let one = SpanID(unchecked: 1)

  private init(unchecked value: UInt64) { self.value = value }

  /// Reads eight bytes in network order; nil for any other length and for all zero.
  @inlinable package init?(_ bytes: ByteSpan, _ slice: Slice) {
    guard slice.count == 8 else { return nil }
    self.init(value: bytes.word(at: slice.start).byteSwapped)
  }
}

extension SpanID: CustomStringConvertible {
  @usableFromInline package var description: String { Hex.string(value) }
}

/// Which of the OTLP signals a request carries.
package enum Signal: UInt8, Sendable, CaseIterable {
  case traces = 1
  case logs = 2
}
