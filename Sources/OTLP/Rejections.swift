internal import Telemetry

/// Why single records are refused, counted, for the partial success that the client sees.
struct Rejections {
  enum Reason: Int, CaseIterable {
    case traceID, spanID, parentID, attributes

    var text: String {
      switch self {
      case .traceID: "an invalid trace id"
      case .spanID: "an invalid span id"
      case .parentID: "an invalid parent span id"
      case .attributes: "more than \(Limits.attributesMax) attributes"
      }
    }
  }

  private var counts = [Int](repeating: 0, count: Reason.allCases.count)

  mutating func count(_ reason: Reason) {
    counts[reason.rawValue] += 1
  }

  var total: Int { counts.reduce(0, +) }

  /// "2 spans with an invalid trace id, 1 span with an invalid span id"; empty if nothing was refused.
  func message(_ signal: Signal) -> String {
    Reason.allCases.filter { counts[$0.rawValue] > 0 }.map { reason in
      let count = counts[reason.rawValue]
      let noun = signal == .traces ? "span" : "log record"
      return "\(count) \(noun)\(count == 1 ? "" : "s") with \(reason.text)"
    }.joined(separator: ", ")
  }
}
