package import Telemetry

/// The accounting of one project key: every span and log record that came in, and what became of it. Ask `Metrics.lane`
/// once and hold on to it; counting takes no lock.
package final class LaneMetrics: Sendable {
  private let states: [[Series]]
  private let pendings: [Series]
  /// How metrics and logs name the key: recognisable, not reversible.
  package let label: String

  init(label: String, series: (Metric, [String]) -> Series) {
    self.label = label
    states = Signal.allCases.map { signal in
      RecordState.allCases.map { series(.records, [$0.rawValue, signal.label, label]) }
    }
    pendings = Signal.allCases.map { series(.recordsPending, [$0.label, label]) }
  }

  /// Counts records that came or are done; pending follows, so the accounting identity holds at all times.
  package func count(_ state: RecordState, _ signal: Signal, _ records: Int) {
    let lane = Self.index(signal)
    states[lane][Self.index(state)].add(records)
    pendings[lane].add(state.isArrival ? records : -records)
  }

  package func total(_ state: RecordState, _ signal: Signal) -> Int {
    states[Self.index(signal)][Self.index(state)].current
  }

  package func pending(_ signal: Signal) -> Int {
    pendings[Self.index(signal)].current
  }

  private static func index(_ signal: Signal) -> Int {
    switch signal {
    case .traces: 0
    case .logs: 1
    }
  }

  private static let stateIndex = Dictionary(
    uniqueKeysWithValues: RecordState.allCases.enumerated().map { ($0.element, $0.offset) })

  private static func index(_ state: RecordState) -> Int { stateIndex[state] ?? 0 }
}

extension Signal {
  /// As labels and paths spell it.
  package var label: String {
    switch self {
    case .traces: "traces"
    case .logs: "logs"
    }
  }
}
