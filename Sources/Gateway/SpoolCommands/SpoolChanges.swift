import OTLP
import Spool
import Synchronization
import Telemetry

/// `hoglet spool retry` and `purge`: changes to a spool that no gateway has open.
struct SpoolChanges {
  /// Deletions in one transaction, which LMDB holds in memory.
  private static let changesPerCommit = 256
  /// Enough to see whether the filter meant the right ones.
  private static let rowsTold = 20

  private let command: SpoolCommand
  private let rows: SpoolRows
  private let keys: [LaneID: String]

  init(_ command: SpoolCommand) throws(SpoolError) {
    self.command = command
    let inspection = try SpoolInspection(path: command.settings.spool.path)
    let lanes = try inspection.overview().lanes
    rows = SpoolRows(inspection, lanes, command.filter, now: WallClock.now())
    keys = Dictionary(lanes.compactMap { lane in lane.key.map { (lane.lane, $0) } }) { first, _ in first }
  }

  /// Puts dead letters, or damaged requests whose content is sound, back among the requests.
  func retry(_ kind: SpoolKind) throws -> CommandStatus {
    let spool = try OpenSpool(command.settings)
    defer { spool.close() }
    var count = 0
    var refusals: [String] = []
    for row in try rows.all(kind) {
      do {
        let content = try SpoolContent(row.entry, rows.inspection)
        var change = LaneChange(lane: row.entry.lane)
        if let damage = row.entry.damage {
          change.retried = [try append(content, row)]
          change.finishedDamage = [damage]
        } else {
          guard case .dead(_, let letter) = content, letter.source != nil else { throw Self.holdsEventAlone(row.entry) }
          change.retriedLetters = ([row.entry.number], WallClock.now())
        }
        try spool.commit([change])
        count += 1
      } catch let error as CommandError where error.status == .badData {
        refusals.append(error.description)
      }
    }
    for refusal in refusals { LogOutput.standardError(Array("hoglet: \(refusal)\n".utf8)) }
    StandardOutput.write(
      count == 0
        ? "nothing was put back\n"
        : "\(Readable.count(count, "request")) put back; the gateway takes up what is there when it starts\n")
    return refusals.isEmpty ? .success : .badData
  }

  private static func holdsEventAlone(_ entry: SpoolEntry) -> CommandError {
    CommandError(
      "\(entry) holds the event as it was sent, not the telemetry it was made of; 'hoglet spool export' saves it",
      .badData)
  }

  private func append(_ content: SpoolContent, _ row: SpoolRow) throws(CommandError) -> Append {
    guard let key = keys[row.entry.lane] else {
      throw CommandError("\(row.entry): the project key of its lane is damaged", .badData)
    }
    guard case .damaged(_, let remains) = content, remains.isSound, let signal = remains.signal else {
      throw CommandError(
        "\(row.entry): its content is damaged; 'hoglet spool export damaged' saves what is left", .badData)
    }
    var body = remains.body
    do {
      let scan = try RequestScanner.scan(&body, signal: signal)
      return Append(
        token: 0, key: key, signal: signal, arrival: WallClock.now(), index: scan.index.encoded(), body: body)
    } catch {
      throw CommandError("\(row.entry): \(error)", .badData)
    }
  }

  /// Deletes, once it was said twice.
  func purge(_ kind: SpoolKind, isConfirmed: Bool) throws -> CommandStatus {
    let found = try rows.all(kind)
    let bytes = found.reduce(0) { $0 + $1.bytes }
    let records = kind == .requests ? " with \(Readable.count(found.reduce(0) { $0 + $1.records }, "record"))" : ""
    let what = "\(found.count) \(kind.noun(found.count))\(records), \(Readable.bytes(bytes))"
    guard isConfirmed else {
      let first = Array(found.prefix(Self.rowsTold))
      if !first.isEmpty { StandardOutput.write(SpoolListing.text(kind, first, now: WallClock.now())) }
      if found.count > first.count { StandardOutput.write("and \(found.count - first.count) more\n") }
      StandardOutput.write("would delete \(what) for good; nothing was deleted, say --yes to do it\n")
      return .failure
    }
    let spool = try OpenSpool(command.settings)
    defer { spool.close() }
    var start = 0
    while start < found.count {
      let end = min(start + Self.changesPerCommit, found.count)
      do throws(CommandError) {
        try spool.commit(Self.deletions(found[start..<end]))
      } catch {
        throw CommandError("\(error.description); \(start) of \(found.count) were deleted before", error.status)
      }
      start = end
    }
    StandardOutput.write("deleted \(what)\n")
    return .success
  }

  private static func deletions(_ rows: ArraySlice<SpoolRow>) -> [LaneChange] {
    var changes: [LaneID: LaneChange] = [:]
    for entry in rows.map(\.entry) {
      var change = changes[entry.lane] ?? LaneChange(lane: entry.lane)
      switch entry.kind {
      case .request: change.finishedRequests.append(entry.number)
      case .dead: change.purgedLetters.append(entry.number)
      case .damaged, .damagedDecisions, .damagedDead: entry.damage.map { change.finishedDamage.append($0) }
      }
      changes[entry.lane] = change
    }
    return Array(changes.values)
  }
}

extension SpoolKind {
  func noun(_ count: Int) -> String {
    switch self {
    case .requests, .traces: count == 1 ? "request" : "requests"
    case .dead: count == 1 ? "dead letter" : "dead letters"
    case .damaged: count == 1 ? "damaged entry" : "damaged entries"
    }
  }
}

/// A spool that this process has for itself, and commits to one change at a time.
private final class OpenSpool {
  private final class Listener: CommitListener {
    let outcome = Mutex<CommitOutcome?>(nil)
    let waker = Waker()

    func committed(
      appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)]
    ) {
      guard let change = changes.last else { return }
      outcome.withLock { $0 = change.outcome }
      waker.wake()
    }
  }

  private let listener = Listener()
  private let spool: LMDBSpool

  init(_ settings: GatewaySettings) throws(SpoolError) {
    spool = try LMDBSpool.open(path: settings.spool.path, settings: SpoolSettings(settings), listener: listener)
  }

  func commit(_ lanes: [LaneChange]) throws(CommandError) {
    spool.commit(Change(token: 0, lanes: lanes))
    while true {
      if let outcome = listener.outcome.withLock({ $0.take() }) {
        guard case .refused(let refusal) = outcome else { return }
        throw CommandError("the disk failed, and this was not changed: \(refusal)", .unavailable)
      }
      listener.waker.wait(1_000_000_000)
    }
  }

  func close() { spool.close() }
}
