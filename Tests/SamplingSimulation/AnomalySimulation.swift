import Glibc
import Sampling

/// Counts per minute of many patterns over five days, gamma-Poisson with a daily season, each with one incident in the last
/// day; and what a detector says of them.
struct AnomalySimulation {
  static let days = 5
  static let minutesOfDay = 1_440

  enum Incident: CaseIterable {
    case surge3
    case surge10
    case silence

    var factor: Double { [3, 10, 0][Self.allCases.firstIndex(of: self) ?? 0] }
    var minutes: Int { self == .silence ? 120 : 30 }
  }

  struct Found {
    /// Of 1,000 pattern-days without an incident, the first day left out.
    var falseSurges = 0.0
    var falseSilences = 0.0
    /// Of the incidents.
    var found = 0.0
    /// In minutes; nil when nothing was found.
    var delayMedian: Int?
    var delayP90: Int?
  }

  /// What is told of one minute: for each pattern, surge or silence.
  protocol Detector {
    mutating func end(minute: Int, counts: [Int]) -> [(pattern: Int, isSurge: Bool)]
  }

  /// Rates a minute, evenly spread over the logarithms of the band.
  static func run(
    _ detector: some Detector, band: (low: Double, high: Double), dispersion: Double, incident: Incident,
    patterns: Int, seed: UInt64
  ) -> Found {
    var detector = detector
    var random = SeededRandom(seed: seed)
    let total = days * minutesOfDay
    let rates = (0..<patterns).map { _ in exp(random.uniform(log(band.low), log(band.high))) }
    let phases = (0..<patterns).map { _ in random.uniform(0, 2 * .pi) }
    let starts = (0..<patterns).map { _ in total - 600 + random.below(400) }
    var falseAlarms = (surges: 0, silences: 0)
    var delays = [Int?](repeating: nil, count: patterns)
    for minute in 0..<total {
      let counts = (0..<patterns).map { pattern -> Int in
        let season = 1 + 0.6 * sin(2 * .pi * Double(minute) / Double(minutesOfDay) + phases[pattern])
        let isIncident = (starts[pattern]..<starts[pattern] + incident.minutes).contains(minute)
        let mean = rates[pattern] * season * (isIncident ? incident.factor : 1)
        return random.poisson(random.gamma(dispersion) / dispersion * mean)
      }
      for alarm in detector.end(minute: minute, counts: counts) {
        let start = starts[alarm.pattern]
        if (minutesOfDay..<start).contains(minute) {
          if alarm.isSurge { falseAlarms.surges += 1 } else { falseAlarms.silences += 1 }
        } else if (start..<start + incident.minutes).contains(minute), alarm.isSurge == (incident != .silence) {
          delays[alarm.pattern] = delays[alarm.pattern] ?? minute - start + 1
        }
      }
    }
    let patternDays = Double(starts.reduce(0) { $0 + $1 - minutesOfDay }) / Double(minutesOfDay)
    let found = delays.compactMap { $0 }.sorted()
    return Found(
      falseSurges: Double(falseAlarms.surges) / patternDays * 1_000,
      falseSilences: Double(falseAlarms.silences) / patternDays * 1_000,
      found: Double(found.count) / Double(patterns),
      delayMedian: found.isEmpty ? nil : found[found.count / 2],
      delayP90: found.isEmpty ? nil : found[min(found.count - 1, found.count * 9 / 10)])
  }
}

/// The real one.
struct RealDetector: AnomalySimulation.Detector {
  private var detector = AnomalyDetector()

  mutating func end(minute: Int, counts: [Int]) -> [(pattern: Int, isSurge: Bool)] {
    let now = (UInt64(minute) + 28_000_800) * 60_000_000_000
    for (pattern, count) in counts.enumerated() where count > 0 {
      detector.count(pattern: UInt64(pattern), times: count, at: now)
    }
    return detector.tick(at: now + 60_000_000_000).compactMap { anomaly in
      guard case .pattern(let pattern) = anomaly.subject, anomaly.kind != .newPattern else { return nil }
      return (Int(pattern), anomaly.kind == .surge)
    }
  }
}

/// What many products do: more than three times the mean of the last hour, at least ten; less than a ninth of it.
struct NaiveDetector: AnomalySimulation.Detector {
  private var hours: [[Double]] = []
  private var cooling: [Int] = []

  mutating func end(minute: Int, counts: [Int]) -> [(pattern: Int, isSurge: Bool)] {
    if hours.isEmpty {
      hours = counts.map { _ in [] }
      cooling = counts.map { _ in 0 }
    }
    var found: [(pattern: Int, isSurge: Bool)] = []
    for (pattern, count) in counts.enumerated() {
      let average = mean(hours[pattern])
      let isKnown = hours[pattern].count >= 60 && cooling[pattern] <= 0
      let isSurge = Double(count) > 3 * average && count >= 10
      let isSilent = Double(count) < average / 9 && average >= 5
      if isKnown, isSurge || isSilent { found.append((pattern, isSurge)) }
      cooling[pattern] = isKnown && (isSurge || isSilent) ? 30 : cooling[pattern] - 1
      if hours[pattern].count < 60 {
        hours[pattern].append(Double(count))
      } else {
        hours[pattern][minute % 60] = Double(count)
      }
    }
    return found
  }
}

struct AnomalyTable {
  static let bands: [(low: Double, high: Double)] = [(0.05, 0.5), (0.5, 5), (5, 50), (50, 500)]

  static let header = """
    | detector | dispersion | rate a minute | false surges | false silences | 3 ×: found % | median / p90 minutes | \
    10 ×: found % | median / p90 | silence: found % | median / p90 |
    |---|---|---|---|---|---|---|---|---|---|---|
    """

  static func line(
    _ name: String, _ detector: some AnomalySimulation.Detector, band: (low: Double, high: Double), dispersion: Double,
    patterns: Int, seed: UInt64
  ) -> String {
    let results = AnomalySimulation.Incident.allCases.map {
      AnomalySimulation.run(
        detector, band: band, dispersion: dispersion, incident: $0, patterns: patterns, seed: seed)
    }
    var columns = [
      name, fixed(dispersion, 0), "\(band.low)–\(band.high)", fixed(mean(results.map(\.falseSurges)), 1),
      fixed(mean(results.map(\.falseSilences)), 1),
    ]
    for result in results {
      columns.append(fixed(result.found * 100, 0))
      columns.append("\(result.delayMedian.map(String.init) ?? "–") / \(result.delayP90.map(String.init) ?? "–")")
    }
    return "| " + columns.joined(separator: " | ") + " |"
  }
}
