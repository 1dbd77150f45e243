import Glibc

/// An hour of LLM traces, their spans and logs: twenty services, eight models, heavy tails, patterns from very frequent to
/// seen once; errors, some of them late, a cluster of errors, and on demand a retry storm of ten times the traffic.
struct Workload {
  static let minutes = 60
  static let services = 20
  static let models = 8
  static let routesPerService = 10
  static let logPatternsPerService = 40
  static let burst = 30..<35
  static let cluster = 20..<25

  struct Item {
    var pattern: Int32
    var severity: UInt8
    var isError = false
    var isRoot = false
  }

  struct Trace {
    /// Seconds since the beginning.
    var time: Double
    var service: Int
    var model: Int
    var tokens: Int
    /// In nano-dollars.
    var cost: Int64
    /// In seconds.
    var latency: Double
    var isError = false
    /// Its errors come after it was decided.
    var isLate = false
    var items: Range<Int> = 0..<0

    var minute: Int { Int(time / 60) }
  }

  var traces: [Trace] = []
  var items: [Item] = []

  func items(of trace: Trace) -> ArraySlice<Item> { items[trace.items] }

  /// `tracesPerMinute` is 1,500 in the study.
  init(seed: UInt64, tracesPerMinute: Double = 1_500, hasBurst: Bool) {
    var random = SeededRandom(seed: seed)
    let names = Names(&random)
    for minute in 0..<Self.minutes {
      let isBurst = hasBurst && Self.burst.contains(minute)
      let times = (0..<random.poisson(tracesPerMinute * (isBurst ? 10 : 1))).map { _ in
        (Double(minute) + random.uniform()) * 60
      }
      for time in times.sorted() {
        traces.append(appendTrace(time, isBurst && random.chance(0.9), names, tracesPerMinute, &random))
      }
    }
    // Very rare patterns: 150 of them, seen one to six times in the whole hour.
    let logs = items.indices.filter { items[$0].pattern < Names.firstSpan }
    for _ in 0..<min(500, logs.count) {
      items[logs[random.below(logs.count)]].pattern = Names.firstRare + Int32(random.below(150))
    }
  }

  private mutating func appendTrace(
    _ time: Double, _ isStorm: Bool, _ names: Names, _ rate: Double, _ random: inout SeededRandom
  ) -> Trace {
    let minute = Int(time / 60)
    let service = isStorm ? 1 : names.services.draw(&random)
    let route = service * Self.routesPerService + (isStorm ? 2 : names.routes.draw(&random))
    let model = isStorm && random.chance(0.97) ? 0 : names.models.draw(&random)
    var trace = Trace(time: time, service: service, model: model, tokens: 0, cost: 0, latency: 0)
    let generations = 1 + min(random.poisson(0.7), 5)
    for _ in 0..<generations {
      var tokens = exp(6 + 2 * Double(model) / Double(Self.models - 1) + 1.3 * random.normal())
      if random.chance(0.01) { tokens *= 1 + random.pareto(1.2) * 5 }
      trace.tokens += Int(min(tokens, 400_000).rounded())
    }
    let output = random.beta(2, 5)
    trace.cost = Int64((Double(trace.tokens) * Names.nanoDollars[model] * (1 - output + 4 * output)).rounded())
    trace.latency = exp(0.6 * random.normal()) * (0.3 + Double(trace.tokens) / 900)
    let errorRate = service == 4 && Self.cluster.contains(minute) ? 0.4 : (service == 7 ? 0.03 : 0.008)
    trace.isError = random.chance(errorRate)
    trace.isLate = trace.isError && random.chance(0.05)
    let first = items.count
    appendItems(of: trace, route, names, isNewTime: minute >= 45, 60 / (rate * 7), &random)
    trace.items = first..<items.count
    return trace
  }

  private mutating func appendItems(
    of trace: Trace, _ route: Int, _ names: Names, isNewTime: Bool, _ newRate: Double, _ random: inout SeededRandom
  ) {
    let base = Int32(Names.firstSpan)
    items.append(Item(pattern: base + Int32(route), severity: 1, isRoot: true))
    let child = base + Int32(Self.services * Self.routesPerService + trace.service * 6)
    for _ in 0..<(1 + random.poisson(3)) {
      items.append(Item(pattern: child + Int32(random.below(6)), severity: 1))
    }
    for _ in 0..<random.poisson(7) {
      let pattern = trace.service * Self.logPatternsPerService + names.logs.draw(&random)
      var severity = names.severities[pattern]
      if severity == 3, !trace.isError { severity = 2 }
      let isNew = isNewTime && random.chance(newRate)
      items.append(
        Item(pattern: isNew ? Names.firstNew + Int32(random.below(20)) : Int32(pattern), severity: severity))
    }
    if trace.isError {
      let errors = base + Int32(Self.services * (Self.routesPerService + 6))
      let pattern = errors + Int32(trace.service * 5 + names.errors.draw(&random))
      items.append(Item(pattern: pattern, severity: 3, isError: true))
      items.append(Item(pattern: errors + Int32(Self.services * 5 + trace.service), severity: 3, isError: true))
    }
  }
}

/// What stays the same over the hour.
private struct Names {
  static let firstNew = Int32(Workload.services * Workload.logPatternsPerService)
  static let firstRare = firstNew + 20
  static let firstSpan = firstNew + 200
  /// Of a token.
  static let nanoDollars = [0.4, 0.6, 2, 3, 5, 10, 15, 60].map { $0 * 1_000 }

  let services = Zipf(Workload.services, 1.1)
  let routes = Zipf(Workload.routesPerService, 1.5)
  let models = Zipf(Workload.models, 1.4)
  let logs = Zipf(Workload.logPatternsPerService, 1.3)
  let errors = Zipf(5, 1.5)
  /// Of each log pattern: 0 DEBUG, 1 INFO, 2 WARN, 3 ERROR.
  let severities: [UInt8]

  init(_ random: inout SeededRandom) {
    severities = (0..<Workload.services * Workload.logPatternsPerService).map { pattern in
      if pattern % Workload.logPatternsPerService == 0 { return 1 }
      let point = random.uniform()
      return point < 0.35 ? 0 : (point < 0.85 ? 1 : (point < 0.97 ? 2 : 3))
    }
  }
}
