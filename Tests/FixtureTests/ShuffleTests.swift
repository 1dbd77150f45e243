import Foundation
import Gateway
import Testing

/// Exporters batch as they like and requests overtake each other: the events must not show it.
@Suite struct ShuffleTests {
  @Test(
    arguments: FixtureCase.captures + FixtureCase.all.filter { $0.name.hasSuffix("-SYNTHETIC") },
    1...3 as ClosedRange<UInt64>)
  func `the same records in any order and any batching give the same events`(
    _ fixture: FixtureCase, seed: UInt64
  ) throws {
    var random = SplitMix64(state: seed &* 0x9e37_79b9_7f4a_7c15)
    var records = fixture.jsonRequests.flatMap { Record.all(of: FixtureFolder.read($0)) }
    let sent = records
    records.shuffle(using: &random)
    var batches: [[Record]] = []
    while !records.isEmpty {
      let count = Int.random(in: 1...min(records.count, 6), using: &random)
      batches.append(Array(records.suffix(count)))
      records.removeLast(count)
    }
    #expect(try Self.events(batches) == Self.events([sent]), "seed \(seed) of \(fixture.name)")
  }

  private static func events(_ batches: [[Record]]) throws -> [String] {
    var offline = OfflineMapping(program: try FixtureCase.stock())
    for (number, batch) in batches.enumerated() {
      // One request holds either signal.
      for (name, request) in try Record.requests(batch) {
        #expect(try offline.add("batch \(number) \(name)", request) == nil)
      }
    }
    return try offline.events().map { String(decoding: try SortedJSON.text($0), as: UTF8.self) }.sorted()
  }
}

/// One span or log record of OTLP/JSON with its resource and scope.
private struct Record {
  var signal: (resources: String, scopes: String, records: String)
  var resource: [String: Any]
  var scope: [String: Any]
  var record: [String: Any]

  private static let signals = [
    (resources: "resourceSpans", scopes: "scopeSpans", records: "spans"),
    (resources: "resourceLogs", scopes: "scopeLogs", records: "logRecords"),
  ]

  static func all(of body: [UInt8]) -> [Record] {
    guard let root = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else { return [] }
    var found: [Record] = []
    for signal in signals {
      for var resource in root[signal.resources] as? [[String: Any]] ?? [] {
        let scopes = resource.removeValue(forKey: signal.scopes) as? [[String: Any]] ?? []
        for var scope in scopes {
          let records = scope.removeValue(forKey: signal.records) as? [[String: Any]] ?? []
          found += records.map { Record(signal: signal, resource: resource, scope: scope, record: $0) }
        }
      }
    }
    return found
  }

  /// The bodies of the requests that bring these records, each with a resource of its own.
  static func requests(_ records: [Record]) throws -> [(name: String, body: [UInt8])] {
    try signals.compactMap { signal in
      let own = records.filter { $0.signal.records == signal.records }
      if own.isEmpty { return nil }
      let resources = own.map { record -> [String: Any] in
        var (resource, scope) = (record.resource, record.scope)
        scope[signal.records] = [record.record]
        resource[signal.scopes] = [scope]
        return resource
      }
      return (
        signal.records,
        Array(try JSONSerialization.data(withJSONObject: [signal.resources: resources], options: .sortedKeys))
      )
    }
  }
}

/// Random numbers that a seed repeats (Steele, Lea, Flood 2014).
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
