/// Watches how often each pattern and the errors of each service occur, minute by minute, for one project.
package struct AnomalyDetector: Sendable {
  /// As many as the signatures that are learnt; some 100 bytes each. Beyond, a quarter is forgotten: those that occur least.
  package static let patternsMax = 20_000
  /// Those beyond share one series.
  package static let servicesMax = 1_000
  /// What is said of one minute at most: more at once is one incident.
  package static let anomaliesPerMinuteMax = 100
  /// Until then every pattern is new, and none is told.
  static let learningMinutes: UInt8 = 60
  /// Minutes that nobody ended are made up for; more of them were no silence but an outage of ours.
  static let catchUpMinutesMax: UInt64 = 10

  var series: [CountSeries] = []
  var patterns: [UInt64: Int32] = [:]
  var services: [Label: Int32] = [:]
  /// How many minutes were watched, as far as it matters.
  var watched: UInt8 = 0
  /// The one that is counted, in minutes since 1970.
  private var minute: UInt64?
  private var newcomers: [UInt64] = []

  package init() {}

  /// Counts occurrences of a pattern. Call `tick` first when `nextDue` has passed.
  package mutating func count(pattern: UInt64, times: Int = 1, at now: UInt64) {
    begin(at: now)
    if let slot = patterns[pattern] { return add(times, to: slot) }
    if patterns.count >= Self.patternsMax { forgetRarest() }
    let slot = append(CountSeries())
    patterns[pattern] = slot
    add(times, to: slot)
    if watched >= Self.learningMinutes, newcomers.count < Self.anomaliesPerMinuteMax { newcomers.append(pattern) }
  }

  /// Counts items of a service that tell of an error.
  package mutating func count(errorsOf service: Label, times: Int = 1, at now: UInt64) {
    begin(at: now)
    var service = service
    if services[service] == nil, services.count >= Self.servicesMax - 1 { service = .other }
    if let slot = services[service] { return add(times, to: slot) }
    let slot = append(CountSeries())
    services[service] = slot
    add(times, to: slot)
  }

  /// When the minute is over that is counted; nil before the first.
  package var nextDue: UInt64? { minute.map { ($0 + 1) * SamplingTime.minute } }

  /// Ends the minutes that are over.
  package mutating func tick(at now: UInt64) -> [Anomaly] {
    guard var current = minute else { return [] }
    let target = now / SamplingTime.minute
    var found: [Anomaly] = []
    if target > current + Self.catchUpMinutesMax {
      found += end(current)
      current = target
    }
    while current < target {
      found += end(current)
      current += 1
    }
    minute = current
    return found
  }

  private mutating func end(_ minute: UInt64) -> [Anomaly] {
    watched = min(watched + 1, Self.learningMinutes)
    let hour = Int(minute / 60 % 24)
    var found = newcomers.map { pattern in
      let count = patterns[pattern].map { series[Int($0)].count } ?? 0
      return Anomaly(kind: .newPattern, subject: .pattern(pattern), minute: minute, count: count, expected: 0)
    }
    newcomers.removeAll(keepingCapacity: true)
    for (pattern, slot) in patterns {
      if let anomaly = step(slot, .pattern(pattern), minute, hour) { found.append(anomaly) }
    }
    for (service, slot) in services {
      if let anomaly = step(slot, .service(service), minute, hour) { found.append(anomaly) }
    }
    if found.count > Self.anomaliesPerMinuteMax {
      // The largest are told.
      found.sort { abs(Double($0.count) - $0.expected) > abs(Double($1.count) - $1.expected) }
      found.removeLast(found.count - Self.anomaliesPerMinuteMax)
    }
    return found
  }

  private mutating func step(_ slot: Int32, _ subject: Anomaly.Subject, _ minute: UInt64, _ hour: Int) -> Anomaly? {
    let count = series[Int(slot)].count
    let expected = series[Int(slot)].expected(hour: hour)
    guard let alarm = series[Int(slot)].step(hour: hour) else { return nil }
    var kind = alarm == .surge ? Anomaly.Kind.surge : .silence
    if case .service = subject {
      if alarm == .silence { return nil }
      kind = .errorSurge
    }
    return Anomaly(kind: kind, subject: subject, minute: minute, count: count, expected: Double(expected))
  }

  private mutating func begin(at now: UInt64) {
    if minute == nil { minute = now / SamplingTime.minute }
  }

  private mutating func add(_ times: Int, to slot: Int32) {
    let sum = series[Int(slot)].count.addingReportingOverflow(UInt32(clamping: times))
    series[Int(slot)].count = sum.overflow ? .max : sum.partialValue
  }

  mutating func append(_ one: CountSeries) -> Int32 {
    series.append(one)
    return Int32(series.count - 1)
  }

  private mutating func forgetRarest() {
    let byLevel = patterns.sorted {
      let (left, right) = (series[Int($0.value)], series[Int($1.value)])
      return (left.count, left.level, $0.key) < (right.count, right.level, $1.key)
    }
    let old = series
    series = []
    patterns = [:]
    for (pattern, slot) in byLevel.dropFirst(Self.patternsMax / 4) { patterns[pattern] = append(old[Int(slot)]) }
    for (service, slot) in services { services[service] = append(old[Int(slot)]) }
  }
}
