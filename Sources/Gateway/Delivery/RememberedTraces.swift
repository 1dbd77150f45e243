import Telemetry

/// Traces that were decided a while ago, so that late spans follow the decision and repeated ones are known.
///
/// Bounded: past `tracesMax` or `spansMax` the oldest are forgotten, and a late span of a forgotten trace is treated as a
/// trace of its own (its uuid is the same, so nothing is counted twice).
struct RememberedTraces {
  /// Ten minutes of 200 traces a second; 64 bytes each.
  static let tracesMax = 131_072
  /// Eight bytes each.
  static let spansMax = 1_048_576

  struct Trace {
    /// Requests up to this number were part of it.
    var through: UInt64
    var decision: Decision
    var identity: [UInt8]
    /// Fingerprints of the spans that were seen.
    fileprivate(set) var spans: [UInt64]

    func contains(_ key: SpanKey) -> Bool { spans.contains(RememberedTraces.fingerprint(key)) }
  }

  private var traces: [TraceID: Trace] = [:]
  private var order: [TraceID] = []
  private var oldest = 0
  private var spanCount = 0

  var count: Int { traces.count }

  subscript(_ trace: TraceID) -> Trace? { traces[trace] }

  mutating func remember(_ frozen: FrozenTrace, spans: [SpanKey]) {
    let new = spans.map(Self.fingerprint)
    spanCount += new.count
    if traces[frozen.trace] != nil {
      traces[frozen.trace]?.through = frozen.through
      traces[frozen.trace]?.spans += new
    } else {
      traces[frozen.trace] = Trace(
        through: frozen.through, decision: frozen.decision, identity: frozen.identity, spans: new)
      order.append(frozen.trace)
    }
    while traces.count > Self.tracesMax || spanCount > Self.spansMax, oldest < order.count { forgetOldest() }
    if oldest > 4096, oldest * 2 > order.count {
      order.removeFirst(oldest)
      oldest = 0
    }
  }

  private mutating func forgetOldest() {
    if let gone = traces.removeValue(forKey: order[oldest]) { spanCount -= gone.spans.count }
    oldest += 1
  }

  private static func fingerprint(_ key: SpanKey) -> UInt64 {
    let product = (key.span ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: key.start | 1)
    return product.high ^ product.low
  }
}
