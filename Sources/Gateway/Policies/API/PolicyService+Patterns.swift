import Bytes
import Sampling
import Store
import Transport

/// What is seen of patterns and services.
extension PolicyService {
  /// What one report may bring: an SDK holds ten thousand.
  static let reportedPatternsMax = 10_000
  /// Occurrences in one report; sums of many stay exact.
  static let countMax = 1e12
  static let severityNames = ["UNSPECIFIED", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
  static let severities: [Severity] = [.unspecified, .debug, .info, .warn, .error, .fatal]

  func report(_ body: JSONValue) throws(PolicyRefusal) -> Response {
    let name = try serviceName(body) ?? "default"
    guard let list = body["patterns"]?.elements else { throw PolicyRefusal(422, "patterns is a list") }
    guard list.count <= Self.reportedPatternsMax else {
      throw PolicyRefusal(422, "patterns: more than \(Self.reportedPatternsMax)")
    }
    let rates = try applying(to: name).rates
    var reports: [PatternReport] = []
    for (place, item) in list.enumerated() {
      do throws(PolicyRefusal) { reports.append(try Self.pattern(item, rates, now: now())) } catch {
        throw PolicyRefusal(422, "patterns[\(place)]: \(error.detail)")
      }
    }
    try known(name)
    let time = now()
    try reading { () throws(StoreError) in try store.report(reports, of: name, now: time) }
    return .json(200, ["status": "success", "patterns_processed": JSONValue(list.count)])
  }

  private static func pattern(
    _ item: JSONValue, _ rates: ServedRates, now: Int64
  ) throws(PolicyRefusal) -> PatternReport {
    guard item.members != nil else { throw PolicyRefusal(422, "is \(item.kindName), not an object") }
    guard let signature = item["signature"]?.text, isSignature(signature) else {
      throw PolicyRefusal(422, "signature is 1 to \(PolicyReader.signatureBytesMax) visible characters of ASCII")
    }
    guard let count = item["count"]?.number, (0...countMax).contains(count), count == count.rounded() else {
      throw PolicyRefusal(422, "count is a whole number from 0 to 10^12")
    }
    var counts = SeverityCounts()
    for (severity, number) in try severityCounts(item["severity_distribution"]) { counts.add(Int64(number), severity) }
    counts.other += max(0, Int64(count) - counts.total)
    let sample = item["message_sample"] ?? .null
    guard sample == .null || sample.text != nil else { throw PolicyRefusal(422, "message_sample is text") }
    let lastSeen = try time(item["last_seen"], "last_seen", now: now) ?? now
    let firstSeen = try time(item["first_seen"], "first_seen", now: now) ?? lastSeen
    let share = try keptShare(item, count: count)
    let kept = zip(severities, counts.all).map { severity, number in
      Double(number) * (severity >= .error ? 1 : share ?? rates.rate(signature, severity))
    }
    return PatternReport(
      signature: signature, template: template(sample.text ?? ""), model: "", counts: counts,
      kept: kept, firstSeen: min(firstSeen, lastSeen), lastSeen: lastSeen)
  }

  /// What a `severity_distribution` says; several words may name one severity.
  static func severityCounts(_ value: JSONValue?) throws(PolicyRefusal) -> [(Severity, Double)] {
    guard let value, value != .null else { return [] }
    guard let members = value.members else { throw PolicyRefusal(422, "severity_distribution is an object") }
    var counts: [(Severity, Double)] = []
    for member in members {
      guard let number = member.value.number, (0...countMax).contains(number), number == number.rounded() else {
        throw PolicyRefusal(422, "severity_distribution has whole numbers from 0 to 10^12")
      }
      counts.append((Severity(name: member.name) ?? .unspecified, number))
    }
    return counts
  }

  private static func keptShare(_ item: JSONValue, count: Double) throws(PolicyRefusal) -> Double? {
    let sampled = item["sampled_count"] ?? .null
    let rate = item["sampling_rate"] ?? .null
    if sampled != .null, !(0...countMax).contains(sampled.number ?? -1) {
      throw PolicyRefusal(422, "sampled_count is a number from 0 to 10^12")
    }
    if rate != .null, !(0...1).contains(rate.number ?? -1) {
      throw PolicyRefusal(422, "sampling_rate is a number from 0 to 1")
    }
    guard let number = sampled.number else { return rate.number }
    return count > 0 ? min(1, number / count) : 0
  }

  private static func time(_ value: JSONValue?, _ field: String, now: Int64) throws(PolicyRefusal) -> Int64? {
    guard let value, value != .null else { return nil }
    guard let seconds = PolicyTime.seconds(value) else {
      throw PolicyRefusal(422, "\(field) is ISO 8601 text or Unix seconds")
    }
    // Clocks go wrong; nothing was seen in the future.
    return min(seconds, now)
  }

  static func isSignature(_ text: String) -> Bool {
    (1...PolicyReader.signatureBytesMax).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }

  /// The constant words of a sample; the sample itself, which may hold anything, is forgotten.
  private static func template(_ sample: String) -> String {
    if sample.isEmpty { return "" }
    var miner = PatternMiner()
    let bytes = Array(sample.utf8)
    return miner.template(of: miner.pattern(of: bytes.span, Slice(0, bytes.count)).id)
  }

  /// A service's name under either of its words.
  func serviceName(_ body: JSONValue, _ words: [String] = ["service_name", "service"]) throws(PolicyRefusal) -> String?
  {
    var found: String?
    for word in words {
      guard let value = body[word], value != .null else { continue }
      guard let name = value.text, PolicyRoute.isName(name) else {
        throw PolicyRefusal(422, "\(word) is 1 to \(PolicyRoute.nameBytesMax) bytes of text without '/'")
      }
      found = found ?? name
    }
    return found
  }

  // MARK: Services

  func addService(_ body: JSONValue) throws(PolicyRefusal) -> Response {
    guard let name = try serviceName(body, ["name"]), name != Self.gateway else {
      throw PolicyRefusal(422, "name: which service?")
    }
    var team: Int64?
    if let value = body["team_id"], value != .null {
      guard let number = value.number, let whole = Int64(exactly: number), (0..<1 << 53).contains(whole) else {
        throw PolicyRefusal(422, "team_id is a whole number")
      }
      team = whole
    }
    guard let service = try known(name, team: team) else { throw PolicyRefusal(422, "name: which service?") }
    return .json(201, Self.json(service))
  }

  func services(limit: Int) throws(PolicyRefusal) -> Response {
    let found = try reading { () throws(StoreError) in try store.services(limit: limit) }
    return .json(200, .array(found.map(Self.json)))
  }

  private static func json(_ service: StoredService) -> JSONValue {
    [
      "id": JSONValue(Int(service.id)), "name": .string(service.name),
      "team_id": JSONValue(service.team.map { Int($0) }),
      "is_active": true, "created_at": .string(PolicyTime.text(service.created)),
    ]
  }

  private func existing(_ name: String) throws(PolicyRefusal) {
    guard try reading({ () throws(StoreError) in try store.service(name) }) != nil else {
      throw PolicyRefusal(404, "no such service; GET /api/v1/services lists those that are known")
    }
  }

  func patterns(_ name: String, limit: Int) throws(PolicyRefusal) -> Response {
    try existing(name)
    let hour = now() / 3_600
    let rates = try applying(to: name).rates
    let found = try reading { () throws(StoreError) in
      try store.patterns(of: name, hours: hour - PolicyStore.hoursMax...hour, limit: limit)
    }
    let items = found.map { totals -> JSONValue in
      let counts = zip(Self.severityNames, totals.counts.all).filter { $0.1 > 0 }
      return [
        "signature": .string(totals.signature), "message_sample": .string(totals.template),
        "count": .number(Double(totals.counts.total)),
        "severity_distribution": .object(counts.map { JSONValue.Member(name: $0, value: .number(Double($1))) }),
        "first_seen": .string(PolicyTime.text(totals.firstSeen)),
        "last_seen": .string(PolicyTime.text(totals.lastSeen)),
        "sampling_rate": .number(rates.rate(totals.signature, .unspecified)),
      ]
    }
    return .json(
      200,
      [
        "service_name": .string(name), "patterns": .array(items), "total_count": JSONValue(items.count),
        "limit": JSONValue(limit),
      ])
  }

  func samplingStats(_ name: String, days: Int) throws(PolicyRefusal) -> Response {
    try existing(name)
    let today = now() / 86_400
    let found = try reading { () throws(StoreError) in try store.days(of: name, from: today - Int64(days) + 1) }
    func stats(_ totals: [DayTotals]) -> [JSONValue.Member] {
      let total = totals.reduce(0) { $0 + $1.total }
      let kept = totals.reduce(0) { $0 + $1.kept }
      return [
        JSONValue.Member(name: "total", value: .number(total)), JSONValue.Member(name: "sampled", value: .number(kept)),
        JSONValue.Member(name: "sampling_rate", value: .number(total > 0 ? kept / total : 0)),
      ]
    }
    let severities = Self.severityNames.indices.map { place in
      JSONValue.Member(
        name: Self.severityNames[place], value: .object(stats(found.filter { $0.severity == place })))
    }
    let daily = (0..<Int64(days)).map { back -> JSONValue in
      let day = today - Int64(days) + 1 + back
      return .object(
        [JSONValue.Member(name: "date", value: .string(String(PolicyTime.text(day * 86_400).prefix(10))))]
          + stats(found.filter { $0.day == day }))
    }
    return .json(
      200,
      [
        "service_name": .string(name), "days": JSONValue(days), "severity_stats": .object(severities),
        "daily_stats": .array(daily), "summary": .object(stats(found)),
      ])
  }

  func costSavings(_ name: String) throws(PolicyRefusal) -> Response {
    try existing(name)
    let today = now() / 86_400
    let found = try reading { () throws(StoreError) in try store.days(of: name, from: today - 29) }
    let total = found.reduce(0) { $0 + $1.total }
    let kept = found.reduce(0) { $0 + $1.kept }
    let count = try reading { () throws(StoreError) in try store.patternCount(of: name) }
    return .json(
      200,
      [
        "service_name": .string(name), "days": 30, "total_logs": .number(total), "sampled_logs": .number(kept),
        "savings_percentage": .number(total > 0 ? (1 - kept / total) * 100 : 0), "patterns_detected": JSONValue(count),
        "policy_version": .number(Double(try applying(to: name).version)),
      ])
  }
}

extension SeverityCounts {
  mutating func add(_ number: Int64, _ severity: Severity) {
    switch severity {
    case .unspecified: other += number
    case .debug: debug += number
    case .info: info += number
    case .warn: warn += number
    case .error: error += number
    case .fatal: fatal += number
    }
  }
}
