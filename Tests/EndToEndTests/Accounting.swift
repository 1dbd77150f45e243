import Testing

/// The accounting of every key, as /metrics shows it.
struct Accounting {
  /// Records by key, signal and state; what is pending is the state "pending".
  private(set) var records: [String: [String: Int]] = [:]
  private let lines: [Substring]

  init(_ text: String) {
    lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    for line in lines where line.hasPrefix("hoglet_records_") {
      let key = "\(Self.label("key", line)) \(Self.label("signal", line))"
      let isPending = line.hasPrefix("hoglet_records_pending")
      records[key, default: [:]][isPending ? "pending" : Self.label("state", line), default: 0] += Self.value(line)
    }
  }

  /// The sum of a metric over all lines whose labels hold `part`.
  func sum(_ metric: String, _ part: String = "") -> Int {
    lines.filter { ($0.hasPrefix(metric + "{") || $0.hasPrefix(metric + " ")) && $0.contains(part) }
      .reduce(0) { $0 + Self.value($1) }
  }

  func total(_ state: String) -> Int { records.values.reduce(0) { $0 + ($1[state] ?? 0) } }

  /// What came in and what became of it, where the two differ.
  var differences: [String] {
    records.compactMap { key, states in
      let arrivals: Set = ["accepted", "recovered", "retried"]
      let came = states.reduce(0) { $0 + (arrivals.contains($1.key) ? $1.value : 0) }
      let became = states.reduce(0) { $0 + (arrivals.contains($1.key) ? 0 : $1.value) }
      return came == became && (states["pending"] ?? 0) >= 0 ? nil : "\(key): \(states)"
    }
  }

  private static func label(_ name: String, _ line: Substring) -> String {
    let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
    let place = parts.firstIndex { $0.hasSuffix("\(name)=") }
    return place.map { String(parts[$0 + 1]) } ?? ""
  }

  private static func value(_ line: Substring) -> Int {
    line.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0
  }
}

extension Stage {
  func accounting(_ gateway: RunningGateway) throws -> Accounting { try Accounting(get("\(gateway.admin)/metrics")) }

  /// Everything that came in is accounted for, key by key. To be asked before a gateway is stopped. Asked more than once
  /// if need be: a reading of many numbers while they change is none of one moment.
  func expectAccounted(_ gateway: RunningGateway) throws {
    var last = try accounting(gateway)
    #expect(!last.records.isEmpty)
    _ = try waitUntil(.seconds(5)) {
      last = try accounting(gateway)
      return last.differences.isEmpty
    }
    #expect(last.differences.isEmpty)
  }
}
