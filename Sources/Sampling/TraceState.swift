package import Bytes

/// What a W3C `tracestate` says of sampling: its OpenTelemetry member, `ot=th:…;rv:…`
/// (https://opentelemetry.io/docs/specs/otel/trace/tracestate-handling/).
package struct TraceState: Sendable, Equatable {
  /// With which the trace was sampled before it came here.
  package var threshold: SamplingThreshold?
  /// The trace's randomness where it is not that of its trace id.
  package var randomness: UInt64?

  /// Reads the member; what is malformed counts as absent.
  package init(_ bytes: ByteSpan, _ slice: Slice) {
    guard let member = Self.members(bytes, slice).first(where: { $0.starts(with: Self.ot) }) else {
      return
    }
    for part in member.dropFirst(Self.ot.count).split(separator: UInt8(ascii: ";")) {
      if part.starts(with: Self.th) { threshold = SamplingThreshold(th: part.dropFirst(Self.th.count)) }
      if part.starts(with: Self.rv) {
        randomness = SamplingThreshold.hex(part.dropFirst(Self.rv.count), digits: 14...14)
      }
    }
  }

  private static let ot = Array("ot=".utf8)
  private static let th = Array("th:".utf8)
  private static let rv = Array("rv:".utf8)

  private static func members(_ bytes: ByteSpan, _ slice: Slice) -> [ArraySlice<UInt8>] {
    var text: [UInt8] = []
    text.append(bytes, slice)
    return text.split(separator: UInt8(ascii: ",")).map {
      $0.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }
  }
}
