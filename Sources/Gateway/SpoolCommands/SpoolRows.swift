import Bytes
import Codec
import Spool
import Telemetry

/// What `hoglet spool` tells of one thing in the spool: no key, no content.
struct SpoolRow {
  var entry: SpoolEntry
  /// The fingerprint of its project key.
  var key: String
  var signal: Signal?
  /// When it came, in nanoseconds since 1970.
  var time: UInt64?
  var bytes: Int
  var traces: [TraceID] = []
  /// How many records it holds, and how many of each trace.
  var records = 0
  var traceRecords: [Int] = []
  /// Of a dead letter: PostHog's status and words.
  var status: UInt16?
  var reason: String?
}

/// Walks a spool for the things that a filter asks for.
struct SpoolRows {
  private static let requestsPerRead = 64

  let inspection: SpoolInspection
  let filter: SpoolFilter
  /// The fingerprints of the project keys.
  let keys: [LaneID: String]
  private let before: UInt64

  init(_ inspection: SpoolInspection, _ lanes: [SpoolInspection.LaneOverview], _ filter: SpoolFilter, now: UInt64) {
    self.inspection = inspection
    self.filter = filter
    keys = Dictionary(lanes.map { ($0.lane, Self.fingerprint($0.key)) }) { first, _ in first }
    let age = filter.olderThan.map { UInt64(clamping: $0.components.seconds) &* 1_000_000_000 } ?? 0
    before = filter.olderThan == nil ? .max : now - min(age, now)
  }

  static func fingerprint(_ key: String?) -> String {
    guard let key else { return "(damaged)" }
    return KeyFingerprint.label(of: key) { SHA256.digest($0.span) }
  }

  /// Calls `body` for each in order, as long as it returns true.
  func each(_ kind: SpoolKind, _ body: (SpoolRow) throws -> Bool) throws {
    var left = filter.limit ?? .max
    func take(_ row: SpoolRow) throws -> Bool {
      guard isWanted(row) else { return true }
      left -= 1
      return try body(row) && left > 0
    }
    switch kind {
    case .requests, .traces: try eachRequest(take)
    case .dead: try eachDeadLetter(take)
    case .damaged: try eachDamaged(take)
    }
  }

  func all(_ kind: SpoolKind) throws -> [SpoolRow] {
    var rows: [SpoolRow] = []
    try each(kind) {
      rows.append($0)
      return true
    }
    return rows
  }

  private func isWanted(_ row: SpoolRow) -> Bool {
    if !filter.entries.isEmpty, !filter.entries.contains(row.entry) { return false }
    if let trace = filter.trace, !row.traces.contains(trace) { return false }
    if let key = filter.key, row.key != key { return false }
    return row.time.map { $0 < before } ?? (before == .max)
  }

  private var lanes: [LaneID] {
    keys.keys.sorted().filter { lane in
      (filter.key == nil || keys[lane] == filter.key)
        && (filter.entries.isEmpty || filter.entries.contains { $0.lane == lane })
    }
  }

  private func eachRequest(_ body: (SpoolRow) throws -> Bool) throws {
    for lane in lanes {
      var last: UInt64 = 0
      while true {
        let requests = try inspection.requests(lane: lane, after: last, limit: Self.requestsPerRead)
        guard let final = requests.last else { break }
        last = final.sequence
        for request in requests where try !body(row(request, lane)) { return }
      }
    }
  }

  private func row(_ request: StoredRequest, _ lane: LaneID) -> SpoolRow {
    var row = SpoolRow(
      entry: SpoolEntry(.request, lane, request.sequence), key: keys[lane] ?? "", signal: request.signal,
      time: request.arrival, bytes: request.bodyCount)
    if let index = try? RequestIndex(request.index.span, bodyCount: request.bodyCount) {
      let units = index.units.filter { $0.trace != nil }
      row.traces = units.compactMap(\.trace)
      row.traceRecords = units.map { Int($0.count) }
      row.records = index.records.count
    }
    return row
  }

  private func eachDeadLetter(_ body: (SpoolRow) throws -> Bool) throws {
    for lane in lanes {
      var next: UInt64 = 0
      while let (number, letter) = try inspection.deadLetter(lane: lane, from: next) {
        next = number + 1
        var row = SpoolRow(
          entry: SpoolEntry(.dead, lane, number), key: keys[lane] ?? "", time: letter.time,
          bytes: letter.event.count + (letter.source?.body.count ?? 0))
        row.status = letter.status
        row.reason = letter.reason
        row.traces = letter.traces
        guard try body(row) else { return }
      }
    }
  }

  private func eachDamaged(_ body: (SpoolRow) throws -> Bool) throws {
    for (damage, bytes) in try inspection.damaged() {
      var row = SpoolRow(entry: SpoolEntry(damage), key: keys[damage.lane] ?? "", bytes: bytes)
      if let remains = try inspection.remains(of: damage) {
        row.signal = remains.signal
        row.time = remains.arrival
        row.reason =
          remains.isSound ? "its content is sound: 'hoglet spool retry damaged' puts it back" : "content damaged"
      }
      guard try body(row) else { return }
    }
  }
}
