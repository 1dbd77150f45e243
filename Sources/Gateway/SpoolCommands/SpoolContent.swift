import Bytes
import OTLP
import Spool
import Telemetry

/// One thing in the spool with everything in it: what `hoglet spool show` and `export` hand out because a person asks.
enum SpoolContent {
  case request(SpoolEntry, StoredRequest, body: [UInt8])
  case dead(SpoolEntry, DeadLetter)
  case damaged(SpoolEntry, SpoolInspection.Remains)
  /// What is no telemetry, as it was found.
  case raw(SpoolEntry, [UInt8])

  init(_ entry: SpoolEntry, _ inspection: SpoolInspection) throws {
    switch entry.kind {
    case .request:
      guard entry.number > 0,
        let request = try inspection.requests(lane: entry.lane, after: entry.number - 1, limit: 1).first,
        request.sequence == entry.number
      else { throw Self.missing(entry) }
      let body = try inspection.body(lane: entry.lane, sequence: entry.number, count: request.bodyCount)
      self = .request(entry, request, body: body)
    case .dead:
      guard let found = try inspection.deadLetter(lane: entry.lane, from: entry.number), found.number == entry.number
      else { throw Self.missing(entry) }
      self = .dead(entry, found.letter)
    case .damaged:
      guard let damage = entry.damage, let remains = try inspection.remains(of: damage) else {
        throw Self.missing(entry)
      }
      self = .damaged(entry, remains)
    case .damagedDecisions, .damagedDead:
      guard let damage = entry.damage, let bytes = try inspection.bytes(of: damage) else { throw Self.missing(entry) }
      self = .raw(entry, bytes)
    }
  }

  private static func missing(_ entry: SpoolEntry) -> CommandError {
    CommandError("\(entry) is not in the spool (any more); 'hoglet spool ls' lists what is", .badData)
  }

  /// A request as OTLP/JSON, which `hoglet map` reads; a dead letter as an object of its own.
  func json() throws -> [UInt8] {
    switch self {
    case .request(let entry, let request, let body): return try Self.otlp(entry, body, request.signal)
    case .damaged(let entry, let remains): return try Self.otlp(entry, remains.body, Self.signal(remains))
    case .raw(let entry, _):
      throw CommandError("\(entry) holds no telemetry; 'hoglet spool export damaged' saves its bytes", .badData)
    case .dead(let entry, let letter):
      var line = JSONLine()
      line.add("entry", "\(entry)")
      line.add("time", SpoolListing.time(letter.time))
      line.add("status", Int(letter.status))
      line.add("reason", letter.reason)
      line.add("event", json: letter.event.isEmpty ? nil : letter.event)
      for (signal, body) in letter.requests {
        signal == .traces
          ? line.add("traces", json: try Self.otlp(entry, body, signal))
          : line.add("logs", json: try Self.otlp(entry, body, signal))
      }
      return line.object()
    }
  }

  private static func otlp(_ entry: SpoolEntry, _ body: [UInt8], _ signal: Signal?) throws -> [UInt8] {
    guard let signal else { throw CommandError("\(entry): what is left of it is no OTLP request", .badData) }
    do { return try JSONRendering.json(body.span, signal: signal) } catch {
      throw CommandError("\(entry): \(error)", .badData)
    }
  }

  private static func signal(_ remains: SpoolInspection.Remains) -> Signal? {
    remains.signal ?? ContentKind.identify(remains.body)?.signal
  }

  /// Under names that `hoglet map` and `replay` take for requests, and in their order.
  var files: [(name: String, bytes: [UInt8])] {
    switch self {
    case .request(let entry, let request, let body):
      return [("\(entry.lane.value)-\(entry.number).\(request.signal.label).pb", body)]
    case .damaged(let entry, let remains):
      let name = "damaged-\(entry.lane.value)-\(entry.number)"
      return [(Self.signal(remains).map { "\(name).\($0.label).pb" } ?? "\(name).bin", remains.body)]
    case .raw(let entry, let bytes):
      return [("\(entry)".split(separator: "/").joined(separator: "-") + ".bin", bytes)]
    case .dead(let entry, let letter):
      let name = "dead-\(entry.lane.value)-\(entry.number)"
      let event: [(name: String, bytes: [UInt8])] =
        letter.event.isEmpty ? [] : [("\(name).event.json", letter.event)]
      return event + letter.requests.map { ("\(name).\($0.signal.label).pb", $0.body) }
    }
  }
}

extension DeadLetter {
  /// The telemetry that it was made of; none of a letter that holds its event alone.
  var requests: [(signal: Signal, body: [UInt8])] {
    guard let source else { return [] }
    return [(Signal.traces, source.traces), (.logs, source.logs)].filter { !$0.1.isEmpty }.map { ($0.0, Array($0.1)) }
  }

  var traces: [TraceID] {
    guard let source, let index = try? RequestIndex(source.index.span, bodyCount: source.body.count) else { return [] }
    return index.units.compactMap(\.trace)
  }
}
