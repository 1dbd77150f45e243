internal import Synchronization

/// The gateway's numbers about itself. Declared in `Metric`; read by the console, which renders them.
package final class Metrics: Sendable {
  private struct State {
    var series: [[[String]: Series]] = Array(repeating: [:], count: Metric.allCases.count)
    var lanes: [String: LaneMetrics] = [:]
    var collectors: [@Sendable (Metrics) -> Void] = []
  }

  private let state = Mutex(State())
  private let digest: @Sendable ([UInt8]) -> [UInt8]

  /// - Parameter digest: SHA-256, for the fingerprints that stand for keys.
  package init(digest: @escaping @Sendable ([UInt8]) -> [UInt8]) {
    self.digest = digest
  }

  /// The number that belongs to these label values, in the order of the definition. Takes a lock: ask once, hold on to
  /// the answer on hot paths.
  package func series(_ metric: Metric, _ labels: String...) -> Series {
    state.withLock { Self.series(metric, labels, &$0) }
  }

  /// The accounting of a project key. Takes a lock: ask once a request at most.
  package func lane(key: String) -> LaneMetrics {
    if let lane = state.withLock({ $0.lanes[key] }) { return lane }
    let label = KeyFingerprint.label(of: key, digest: digest)
    return state.withLock { state in
      if let lane = state.lanes[key] { return lane }
      // Keys beyond the limit come from whoever likes to invent some: they share a lane and are not remembered.
      let isOther = state.lanes.count >= Metric.lanesMax
      let lane = LaneMetrics(label: isOther ? Self.otherLabel : label) { Self.series($0, $1, &state) }
      if !isOther { state.lanes[key] = lane }
      return lane
    }
  }

  /// Has `collect` set gauges just before the numbers are read.
  package func onCollect(_ collect: @escaping @Sendable (Metrics) -> Void) {
    state.withLock { $0.collectors.append(collect) }
  }

  /// The numbers as they are now. A metric nobody has touched yet is left out, unless it has no labels: then it is 0.
  package func families() -> [MetricFamily] {
    for collect in state.withLock({ $0.collectors }) { collect(self) }
    let series = state.withLock { $0.series }
    return Metric.allCases.compactMap { metric in
      let definition = metric.definition
      var samples = series[metric.rawValue].sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { values, series in
        MetricFamily.Sample(
          labels: zip(definition.labels, values).map { MetricFamily.Label(name: $0, value: $1) },
          value: Double(series.current) / Double(definition.scale))
      }
      if samples.isEmpty, definition.labels.isEmpty { samples = [MetricFamily.Sample(labels: [], value: 0)] }
      if samples.isEmpty { return nil }
      return MetricFamily(
        name: definition.name, help: definition.help, type: definition.kind, samples: samples)
    }
  }

  private static let otherLabel = "other"

  private static func series(_ metric: Metric, _ labels: [String], _ state: inout State) -> Series {
    let definition = metric.definition
    precondition(labels.count == definition.labels.count, "\(definition.name) has labels \(definition.labels)")
    let known = state.series[metric.rawValue]
    if let series = known[labels] { return series }
    let isOther = known.count >= definition.seriesMax - 1
    let labels = isOther ? labels.map { _ in otherLabel } : labels
    if let series = known[labels] { return series }
    let series = Series()
    state.series[metric.rawValue][labels] = series
    return series
  }
}
