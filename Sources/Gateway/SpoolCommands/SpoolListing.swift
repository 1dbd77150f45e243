import Spool
import Telemetry

/// `hoglet spool status` and `ls`: for terminals, or a JSON object a line.
enum SpoolListing {
  // MARK: Status

  static func status(_ overview: SpoolInspection.Overview, _ settings: GatewaySettings.Spool, now: UInt64) -> String {
    let oldest = overview.lanes.compactMap(\.oldestArrival).min()
    var facts = TextTable()
    facts.add("spool", settings.path)
    facts.add("gateway", overview.process.map { $0 > 0 ? "process \($0)" : "running" } ?? "not running")
    facts.add(
      "in use",
      "\(Readable.bytes(overview.bytesUsed)) of \(Readable.bytes(settings.bytesMax)), "
        + Readable.share(overview.bytesUsed, of: settings.bytesMax))
    let free = overview.freeBytes.map { ", \(Readable.bytes($0)) free on its disk" } ?? ""
    facts.add("file", Readable.bytes(overview.fileBytes) + free)
    facts.add("requests", "\(overview.requests)" + (oldest.map { ", the oldest \(age(of: $0, now)) old" } ?? ""))
    facts.add("dead letters", "\(overview.deadLetters)")
    facts.add("damaged", "\(overview.damaged)")
    if overview.lanes.isEmpty { return facts.text(indent: "") }
    var lanes = TextTable()
    lanes.add("LANE", "KEY", "REQUESTS", "BYTES", "OLDEST", "DEAD", "DAMAGED")
    for lane in overview.lanes {
      lanes.add(
        "\(lane.lane.value)", SpoolRows.fingerprint(lane.key), "\(lane.requests)", Readable.bytes(lane.bytes),
        lane.oldestArrival.map { age(of: $0, now) } ?? "–", "\(lane.deadLetters)", "\(lane.damaged)")
    }
    return facts.text(indent: "") + "\n" + lanes.text(indent: "")
  }

  static func statusJSON(_ overview: SpoolInspection.Overview, _ settings: GatewaySettings.Spool) -> [UInt8] {
    var line = JSONLine()
    line.add("path", settings.path)
    line.add("process", overview.process.map { Int($0) })
    line.add("bytes_used", overview.bytesUsed)
    line.add("bytes_max", settings.bytesMax)
    line.add("file_bytes", overview.fileBytes)
    line.add("disk_free_bytes", overview.freeBytes)
    line.add("requests", overview.requests)
    line.add("oldest", overview.lanes.compactMap(\.oldestArrival).min().map(time))
    line.add("dead_letters", overview.deadLetters)
    line.add("damaged", overview.damaged)
    var lanes: [UInt8] = [UInt8(ascii: "[")]
    for lane in overview.lanes {
      if lanes.count > 1 { lanes.append(UInt8(ascii: ",")) }
      var object = JSONLine()
      object.add("lane", Int(lane.lane.value))
      object.add("key", SpoolRows.fingerprint(lane.key))
      object.add("requests", lane.requests)
      object.add("bytes", lane.bytes)
      object.add("oldest", lane.oldestArrival.map(time))
      object.add("dead_letters", lane.deadLetters)
      object.add("damaged", lane.damaged)
      lanes += object.object()
    }
    line.add("lanes", json: lanes + [UInt8(ascii: "]")])
    return line.object()
  }

  // MARK: Rows

  static func text(_ kind: SpoolKind, _ rows: [SpoolRow], now: UInt64) -> String {
    var table = TextTable()
    switch kind {
    case .requests:
      table.add("ENTRY", "KEY", "SIGNAL", "AGE", "BYTES", "RECORDS", "TRACES")
      for row in rows {
        table.add(
          "\(row.entry)", row.key, row.signal?.label ?? "?", age(row, now), Readable.bytes(row.bytes),
          "\(row.records)", "\(row.traces.count)")
      }
    case .traces: return text(SpooledTrace.all(rows), now: now)
    case .dead:
      table.add("ENTRY", "KEY", "AGE", "BYTES", "STATUS", "REASON")
      for row in rows {
        table.add(
          "\(row.entry)", row.key, age(row, now), Readable.bytes(row.bytes), row.status.map { "\($0)" } ?? "–",
          TextTable.short(row.reason ?? "", reasonCharactersMax))
      }
    case .damaged:
      table.add("ENTRY", "KEY", "SIGNAL", "AGE", "BYTES", "NOTE")
      for row in rows {
        table.add(
          "\(row.entry)", row.key, row.signal?.label ?? "?", age(row, now), Readable.bytes(row.bytes), row.reason ?? "")
      }
    }
    return table.text(indent: "")
  }

  /// Leaves an ordinary terminal's line room for it.
  private static let reasonCharactersMax = 80

  private static func text(_ traces: [SpooledTrace], now: UInt64) -> String {
    var table = TextTable()
    table.add("TRACE", "KEY", "AGE", "RECORDS", "REQUESTS")
    for trace in traces {
      table.add(
        "\(trace.id)", trace.key, trace.time.map { age(of: $0, now) } ?? "–", "\(trace.records)",
        trace.entries.map { "\($0)" }.joined(separator: " "))
    }
    return table.text(indent: "")
  }

  static func json(_ kind: SpoolKind, _ rows: [SpoolRow]) -> [[UInt8]] {
    if kind == .traces { return SpooledTrace.all(rows).map(\.json) }
    return rows.map { row in
      var line = JSONLine()
      line.add("entry", "\(row.entry)")
      line.add("key", row.key)
      line.add("signal", row.signal?.label)
      line.add("time", row.time.map(time))
      line.add("bytes", row.bytes)
      if kind == .requests { line.add("records", row.records) }
      line.add("status", row.status.map { Int($0) })
      line.add("reason", row.reason)
      if kind != .damaged { line.add("traces", row.traces.map { "\($0)" }) }
      return line.object()
    }
  }

  private static func age(_ row: SpoolRow, _ now: UInt64) -> String { row.time.map { age(of: $0, now) } ?? "–" }

  private static func age(of time: UInt64, _ now: UInt64) -> String {
    Readable.age(nanoseconds: now - min(time, now))
  }

  /// RFC 3339.
  static func time(_ nanoseconds: UInt64) -> String { LogTime(milliseconds: Int(nanoseconds / 1_000_000)).text }
}

/// A trace as far as it is in the spool.
struct SpooledTrace {
  var id: TraceID
  var key: String
  /// When its first request came.
  var time: UInt64?
  var records = 0
  var entries: [SpoolEntry] = []

  private struct Name: Hashable {
    var id: TraceID
    var lane: LaneID
  }

  /// The traces of requests, in the order in which they came.
  static func all(_ rows: [SpoolRow]) -> [SpooledTrace] {
    var traces: [SpooledTrace] = []
    var places: [Name: Int] = [:]
    for row in rows {
      for (id, records) in zip(row.traces, row.traceRecords) {
        let name = Name(id: id, lane: row.entry.lane)
        let place = places[name] ?? traces.count
        if place == traces.count {
          places[name] = place
          traces.append(SpooledTrace(id: id, key: row.key, time: row.time))
        }
        traces[place].records += records
        traces[place].entries.append(row.entry)
      }
    }
    return traces
  }

  var json: [UInt8] {
    var line = JSONLine()
    line.add("trace", "\(id)")
    line.add("key", key)
    line.add("time", time.map(SpoolListing.time))
    line.add("records", records)
    line.add("requests", entries.map { "\($0)" })
    return line.object()
  }
}
