import Bytes
import Sampling
import Telemetry

/// What one trace, or the free logs of one request, add to roll-ups or take back: rows in the decision log, so that a
/// decision and what it leaves out are durable together.
struct LeftOutAmounts: Equatable {
  struct Row: Equatable {
    var service: Label
    var model: Label
    var isError: Bool
    /// When it began, in nanoseconds since 1970.
    var time: UInt64
    var amounts: RollUpAmounts
    /// It was left out, and is sent after all.
    var isTakenBack = false
  }

  private(set) var rows: [Row] = []

  init() {}

  /// Of events that are not sent. `units` says how many traces or records are left out whole.
  init(_ facts: some Sequence<EventFacts>, units: Int64, arrival: UInt64) {
    var time: UInt64 = .max
    for fact in facts {
      time = min(time, fact.key.start)
      add(fact)
    }
    for index in rows.indices { rows[index].time = Self.plausible(time, arrival) }
    if !rows.isEmpty { rows[0].amounts.units = units }
  }

  /// Clocks of clients are off by what they like, but a roll-up belongs to a time in which somebody looks for it.
  static func plausible(_ time: UInt64, _ arrival: UInt64) -> UInt64 {
    let day: UInt64 = 86_400_000_000_000
    return time &+ day < arrival || time > arrival &+ day ? arrival : time
  }

  private mutating func add(_ fact: EventFacts) {
    var amounts = RollUpAmounts()
    amounts.events = 1
    amounts.inputTokens = fact.inputTokens
    amounts.outputTokens = fact.outputTokens
    amounts.cost = NanoDollars(fact.nanoDollars)
    amounts.errors = fact.isError ? 1 : 0
    amounts.latency.add(nanoseconds: fact.latency)
    add(amounts, service: Label(fact.service), model: Label(fact.model), isError: fact.isError, time: 0)
  }

  /// Adds to the row of these names, a new one if there is none.
  mutating func add(_ amounts: RollUpAmounts, service: Label, model: Label, isError: Bool, time: UInt64) {
    if let known = rows.firstIndex(where: { $0.service == service && $0.model == model && $0.isError == isError }) {
      rows[known].amounts += amounts
    } else {
      rows.append(Row(service: service, model: model, isError: isError, time: time, amounts: amounts))
    }
  }

  /// Adds a log record.
  mutating func add(_ log: LogRecord, _ severity: Severity, service: Label, arrival: UInt64) {
    var amounts = RollUpAmounts()
    amounts.units = 1
    amounts.events = 1
    let time = Self.plausible(log.time > 0 ? log.time : log.observedTime, arrival)
    add(
      amounts, service: service, model: Self.severities[Int(severity.rawValue)], isError: severity >= .error, time: time
    )
  }

  /// Log records have a severity where events have a model. No model's name begins so.
  private static let severities = Severity.allCases.map { Label("\u{1}\($0)") }

  /// The severity of a cell of log records; nil for one of events.
  static func severity(of model: Label) -> String? {
    model.text.hasPrefix("\u{1}") ? String(model.text.dropFirst()) : nil
  }

  /// The same, to be taken back.
  var takenBack: LeftOutAmounts {
    var back = self
    for index in back.rows.indices { back.rows[index].isTakenBack.toggle() }
    return back
  }

  /// Applies them to a table.
  func apply(to table: inout RollUpTable, at now: UInt64) {
    for row in rows {
      let status: RollUpCell.Status = row.isError ? .error : .ok
      if row.isTakenBack {
        table.subtract(
          row.amounts, service: row.service, model: row.model, status: status, time: row.time, at: now)
      } else {
        table.add(row.amounts, service: row.service, model: row.model, status: status, time: row.time, at: now)
      }
    }
  }
}

// MARK: Stored form

extension LeftOutAmounts {
  private static let error: UInt8 = 1
  private static let takenBack: UInt8 = 2

  /// Rows in a row: two of these after each other are both.
  func encoded() -> [UInt8] {
    var out = ByteBuffer(capacity: rows.count * 64)
    for row in rows {
      out.append((row.isError ? Self.error : 0) | (row.isTakenBack ? Self.takenBack : 0))
      for label in [row.service, row.model] {
        let bytes = Array(label.text.utf8)
        out.appendVarint(UInt64(bytes.count))
        out.append(bytes)
      }
      out.appendLittleEndian(row.time)
      let amounts = row.amounts
      for value in [
        amounts.units, amounts.events, amounts.inputTokens, amounts.outputTokens, amounts.cost.value, amounts.errors,
      ] { out.appendVarint(UInt64(bitPattern: value)) }
      let filled = (0..<LatencyHistogram.bucketCount).filter { amounts.latency[$0] != 0 }
      out.appendVarint(UInt64(filled.count))
      for bucket in filled {
        out.appendVarint(UInt64(bucket))
        out.appendVarint(UInt64(bitPattern: amounts.latency[bucket]))
      }
    }
    return out.array()
  }

  init(_ bytes: [UInt8]) throws {
    let span = bytes.span
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    func word() throws -> UInt64 {
      guard cursor.end - cursor.offset >= 8 else { throw DecisionLogError() }
      cursor.offset += 8
      return span.word(at: cursor.offset - 8)
    }
    func signed() throws -> Int64 { Int64(bitPattern: try cursor.varint(in: span)) }
    func label() throws -> Label {
      let count = try cursor.varint(in: span)
      guard count <= UInt64(cursor.end - cursor.offset) else { throw DecisionLogError() }
      cursor.offset += Int(count)
      return Label(span.string(Slice(cursor.offset - Int(count), cursor.offset)))
    }
    while cursor.offset < cursor.end {
      let flags = bytes[cursor.offset]
      cursor.offset += 1
      var row = Row(
        service: try label(), model: try label(), isError: flags & Self.error != 0, time: try word(),
        amounts: RollUpAmounts(), isTakenBack: flags & Self.takenBack != 0)
      row.amounts.units = try signed()
      row.amounts.events = try signed()
      row.amounts.inputTokens = try signed()
      row.amounts.outputTokens = try signed()
      row.amounts.cost = NanoDollars(try signed())
      row.amounts.errors = try signed()
      for _ in 0..<(try cursor.varint(in: span)) {
        let bucket = try cursor.varint(in: span)
        guard bucket < UInt64(LatencyHistogram.bucketCount) else { throw DecisionLogError() }
        row.amounts.latency[Int(bucket)] = try signed()
      }
      rows.append(row)
    }
  }
}
