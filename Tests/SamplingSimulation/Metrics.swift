/// How well an outcome tells of the workload, and what it cost; shares of one unless said otherwise.
struct Metrics {
  /// Mean relative error over the models of weighted count, tokens and cost.
  var count = 0.0
  var tokens = 0.0
  var cost = 0.0
  /// Of the sums over all models.
  var tokensInAll = 0.0
  var costInAll = 0.0
  /// Of tokens by service, which weights are not calibrated on.
  var serviceTokens = 0.0
  /// Of the count by model and minute, where there are twenty or more.
  var minuteCount = 0.0
  /// Of the 95th percentile of the latency by model.
  var latency = 0.0
  /// Patterns of which something was kept: in the hour, and of each quarter of an hour.
  var patterns = 0.0
  var patternsPerQuarter = 0.0
  var errorsKept = 0.0
  var lateErrorsKept = 0.0
  /// Error traces that are whole, and kept traces that are.
  var errorTracesWhole = 0.0
  var keptTracesWhole = 0.0
  /// Kept items and roll-ups, of all items.
  var kept = 0.0
  /// Sent a minute, of the budget: without and within the burst and the cluster of errors.
  var baseline = 0.0
  var worstMinute = 0.0
  var burstMean = 0.0
  var burstMax = 0.0
  var clusterMax = 0.0
  var isExact: Bool?

  init() {}

  init(_ workload: Workload, _ outcome: Outcome, budget: Double) {
    isExact = outcome.isExact
    estimates(workload, outcome)
    spread(workload, outcome)
    coverage(workload, outcome)
    let sent = outcome.sent
    kept = sent.reduce(0, +) / Double(workload.items.count)
    let steady = (1..<Workload.minutes).filter { !Workload.burst.contains($0) && !Workload.cluster.contains($0) }
    baseline = mean(steady.map { sent[$0] }) / budget
    worstMinute = (steady.map { sent[$0] }.max() ?? 0) / budget
    burstMean = mean(Workload.burst.map { sent[$0] }) / budget
    burstMax = (Workload.burst.map { sent[$0] }.max() ?? 0) / budget
    clusterMax = (Workload.cluster.map { sent[$0] }.max() ?? 0) / budget
  }

  private mutating func estimates(_ workload: Workload, _ outcome: Outcome) {
    func errors(_ groups: Int, _ group: (Workload.Trace) -> Int, _ value: (Workload.Trace) -> Double) -> [(
      Double, Double
    )] {
      var truth = Array(repeating: 0.0, count: groups)
      var estimate = truth
      for (trace, weight) in zip(workload.traces, outcome.weights) {
        truth[group(trace)] += value(trace)
        estimate[group(trace)] += value(trace) * weight
      }
      return Array(zip(truth, estimate))
    }
    func relative(_ pairs: [(Double, Double)]) -> Double {
      mean(pairs.filter { $0.0 > 0 }.map { abs($0.1 - $0.0) / $0.0 })
    }
    func inAll(_ pairs: [(Double, Double)]) -> Double {
      let truth = pairs.reduce(0) { $0 + $1.0 }
      return abs(pairs.reduce(0) { $0 + $1.1 } - truth) / truth
    }
    count = relative(errors(Workload.models, \.model) { _ in 1 })
    let byTokens = errors(Workload.models, \.model) { Double($0.tokens) }
    let byCost = errors(Workload.models, \.model) { Double($0.cost) }
    (tokens, cost) = (relative(byTokens), relative(byCost))
    (tokensInAll, costInAll) = (inAll(byTokens), inAll(byCost))
    serviceTokens = relative(errors(Workload.services, \.service) { Double($0.tokens) })
    let byMinute = errors(Workload.minutes * Workload.models, { $0.minute * Workload.models + $0.model }) { _ in 1 }
    minuteCount = relative(byMinute.filter { $0.0 >= 20 })
  }

  private mutating func spread(_ workload: Workload, _ outcome: Outcome) {
    latency = mean(
      (0..<Workload.models).map { model in
        let all = workload.traces.filter { $0.model == model }.map(\.latency).sorted()
        guard !all.isEmpty else { return 0 }
        let truth = all[min(all.count - 1, Int(0.95 * Double(all.count)))]
        let sample = zip(workload.traces, outcome.weights).filter { $0.0.model == model && $0.1 > 0 }
          .map { ($0.0.latency, $0.1) }.sorted { $0.0 < $1.0 }
        guard sample.count >= 5 else { return 1 }
        let goal = 0.95 * sample.reduce(0) { $0 + $1.1 }
        var sum = 0.0
        let found = sample.first { value in
          sum += value.1
          return sum >= goal
        }
        return abs((found ?? sample[sample.count - 1]).0 - truth) / truth
      })
  }

  private mutating func coverage(_ workload: Workload, _ outcome: Outcome) {
    var seen = Set<Int64>()
    var shown = Set<Int64>()
    var errors = (all: 0.0, kept: 0.0)
    var late = errors
    var errorTraces = errors
    var touched = errors
    for trace in workload.traces {
      var keptItems = 0
      for index in trace.items {
        let item = workload.items[index]
        let isKept = outcome.isKept[index]
        keptItems += isKept ? 1 : 0
        let quarter = Int64(trace.minute / 15) << 32 | Int64(item.pattern)
        seen.insert(quarter)
        if isKept { shown.insert(quarter) }
        guard item.isError else { continue }
        errors.all += 1
        errors.kept += isKept ? 1 : 0
        guard trace.isLate else { continue }
        late.all += 1
        late.kept += isKept ? 1 : 0
      }
      let isWhole = keptItems == trace.items.count
      if trace.isError { errorTraces = (errorTraces.all + 1, errorTraces.kept + (isWhole ? 1 : 0)) }
      if keptItems > 0 { touched = (touched.all + 1, touched.kept + (isWhole ? 1 : 0)) }
    }
    let pattern: (Int64) -> Int64 = { $0 & 0xffff_ffff }
    patterns = Double(Set(shown.map(pattern)).count) / Double(Set(seen.map(pattern)).count)
    patternsPerQuarter = Double(shown.count) / Double(seen.count)
    errorsKept = errors.kept / errors.all
    lateErrorsKept = late.all > 0 ? late.kept / late.all : 1
    errorTracesWhole = errorTraces.kept / errorTraces.all
    keptTracesWhole = touched.kept / touched.all
  }
}

func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
