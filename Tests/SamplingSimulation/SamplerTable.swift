import Sampling

/// The table of docs/sampling.md: each way to sample, the mean over some seeds.
struct SamplerTable {
  struct Row {
    var name: String
    /// Of a workload and its budget.
    var run: @Sendable (Workload, Double, UInt64) -> Outcome
    /// Budget, as a part of the traffic without the burst.
    var part = 0.1
  }

  static let rows: [Row] = [
    Row(name: "fixed 5/20/50/100 % per item") { workload, _, seed in
      Baseline.fixed(workload, rates: [0.05, 0.2, 0.5, 1], seed: seed)
    },
    Row(name: "the same scaled to about 10 %") { workload, _, seed in
      Baseline.fixed(workload, rates: [0.02, 0.09, 0.25, 1], seed: seed)
    },
    Row(name: "uniform head 10 %") { workload, _, seed in Baseline.uniform(workload, rate: 0.1, seed: seed) },
    row("budget, weights 1/p, all errors whole") {
      $0.isCalibrated = false
      $0.guards.wholeErrorsPerMinute = nil
    },
    row("budget, calibrated, all errors whole") { $0.guards.wholeErrorsPerMinute = nil },
    row("**budget, as by default**") { _ in },
    row("budget of 5 %", part: 0.05) { _ in },
  ]

  static func row(
    _ name: String, part: Double = 0.1, _ change: @escaping @Sendable (inout SamplingBudget) -> Void
  ) -> Row {
    Row(
      name: name,
      run: { workload, eventsPerMinute, seed in
        var budget = SamplingBudget(eventsPerMinute: eventsPerMinute)
        change(&budget)
        return SamplerRun.run(workload, policy: SamplingPolicy(target: .budget(budget)), seed: seed)
      }, part: part)
  }

  static func measure(_ row: Row, _ workload: Workload, seeds: Range<UInt64>) -> [Metrics] {
    let budget = workload.itemsPerMinute * row.part
    return seeds.map { Metrics(workload, row.run(workload, budget, 100 + $0), budget: budget) }
  }

  static let header = """
    | method | kept % | err/model %: count | tokens | cost | err in all %: tokens | cost | with roll-ups | tokens err/service % | \
    count err/model and minute % | p95 latency err % | patterns % | patterns per 15 min % | errors kept % | late errors % | \
    error traces whole % | kept traces whole % | hour/budget | worst minute | burst mean | burst max | error cluster max |
    |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
    """

  static func line(_ row: Row, _ all: [Metrics]) -> String {
    func percent(_ path: KeyPath<Metrics, Double>, _ digits: Int = 1) -> String {
      fixed(mean(all.map { $0[keyPath: path] }) * 100, digits)
    }
    func ratio(_ path: KeyPath<Metrics, Double>) -> String { fixed(mean(all.map { $0[keyPath: path] }), 2) }
    let exact = all[0].isExact == nil ? "–" : (all.allSatisfy { $0.isExact == true } ? "0" : "WRONG")
    let columns = [
      row.name, percent(\.kept), percent(\.count, 2), percent(\.tokens, 2), percent(\.cost, 2),
      percent(\.tokensInAll, 2), percent(\.costInAll, 2), exact, percent(\.serviceTokens), percent(\.minuteCount, 0),
      percent(\.latency), percent(\.patterns), percent(\.patternsPerQuarter), percent(\.errorsKept),
      percent(\.lateErrorsKept), percent(\.errorTracesWhole), percent(\.keptTracesWhole, 2), ratio(\.baseline),
      ratio(\.worstMinute), ratio(\.burstMean), ratio(\.burstMax), ratio(\.clusterMax),
    ]
    return "| " + columns.joined(separator: " | ") + " |"
  }
}

extension Workload {
  /// Without the burst.
  var itemsPerMinute: Double {
    var counts = Array(repeating: 0.0, count: Self.minutes)
    for trace in traces { counts[trace.minute] += Double(trace.items.count) }
    return mean((0..<Self.minutes).filter { !Self.burst.contains($0) }.map { counts[$0] })
  }
}

/// A number with so many digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  let scale = (0..<digits).reduce(1.0) { factor, _ in factor * 10 }
  let rounded = Int((abs(value) * scale).rounded())
  let whole = rounded / Int(scale)
  let text = digits == 0 ? "\(whole)" : "\(whole).\(String(String(rounded % Int(scale) + Int(scale)).dropFirst()))"
  return value < 0 && rounded > 0 ? "-" + text : text
}
