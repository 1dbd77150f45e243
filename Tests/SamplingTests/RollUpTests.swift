import Telemetry
import Testing

@testable import Sampling

@Suite struct RollUpTests {
  static let one: RollUpAmounts = {
    var amounts = RollUpAmounts()
    (amounts.units, amounts.events, amounts.inputTokens, amounts.outputTokens) = (1, 5, 100, 20)
    (amounts.cost, amounts.errors) = (NanoDollars(dollars: 0.000_000_003), 2)
    amounts.latency.add(nanoseconds: 3_000_000)
    return amounts
  }()

  static func add(_ table: inout RollUpTable, _ service: String, time: UInt64, at now: UInt64) {
    table.add(one, service: Label(service), model: Label("m"), status: .ok, time: time, at: now)
  }

  @Test func `a cell closes when its five minutes are over, and holds what was added`() {
    var table = RollUpTable()
    Self.add(&table, "a", time: 310 * second, at: 320 * second)
    Self.add(&table, "a", time: 599 * second, at: 599 * second)
    #expect(table.nextDue == 600 * second)
    #expect(table.close(at: 600 * second - 1, eventsPerMinute: 1_000).isEmpty)
    let closed = table.close(at: 600 * second, eventsPerMinute: 1_000)
    var both = Self.one
    both += Self.one
    #expect(closed.map(\.amounts) == [both] && closed.map(\.part) == [1])
    #expect(closed[0].cell.startMinute == 5 && closed[0].cell.minutes == 5 && closed[0].cell.status == .ok)
    #expect(table.nextDue == nil && table.cells.isEmpty)
  }

  @Test func `what comes for a closed cell, and what a late error takes back, is a part of its own`() {
    var table = RollUpTable()
    Self.add(&table, "a", time: 0, at: 0)
    let first = table.close(at: 300 * second, eventsPerMinute: 1_000)
    table.subtract(Self.one, service: Label("a"), model: Label("m"), status: .ok, time: 0, at: 400 * second)
    let second = table.close(at: 600 * SamplingTime.second, eventsPerMinute: 1_000)
    #expect(first[0].cell == second[0].cell && first[0].part == 1 && second[0].part == 2)
    #expect(second[0].amounts.units == -1 && second[0].amounts.latency[2] == -1)
    let names = [first[0], second[0]].map { $0.identity(spool: [1, 2], key: [3]) }
    #expect(names[0] != names[1] && names[0] == first[0].identity(spool: [1, 2], key: [3]))
    #expect(names[0] != first[0].identity(spool: [1], key: [2, 3]))
  }

  @Test func `what was added and taken back again is not sent`() {
    var table = RollUpTable()
    Self.add(&table, "a", time: 0, at: 0)
    table.subtract(Self.one, service: Label("a"), model: Label("m"), status: .ok, time: 0, at: 0)
    #expect(table.close(at: 300 * second, eventsPerMinute: 1_000).isEmpty && table.nextDue == nil)
  }

  @Test func `intervals get longer while roll-ups would be more than a fiftieth, and shorter again`() {
    var table = RollUpTable()
    // A fiftieth of 100 events a minute are ten in five minutes.
    for service in 0..<11 { Self.add(&table, "\(service)", time: 0, at: 0) }
    #expect(table.close(at: 300 * second, eventsPerMinute: 100).isEmpty)
    #expect(table.nextDue == 600 * second)
    for service in 0..<9 { Self.add(&table, "\(service)", time: 400 * second, at: 400 * second) }
    let closed = table.close(at: 600 * second, eventsPerMinute: 100)
    #expect(closed.count == 11 && closed.allSatisfy { $0.cell.startMinute == 0 && $0.cell.minutes == 10 })
    for service in 0..<6 { Self.add(&table, "\(service)", time: 700 * second, at: 700 * second) }
    #expect(table.close(at: 1_200 * second, eventsPerMinute: 100).count == 6)
    #expect(table.width == 10)
    for service in 0..<5 { Self.add(&table, "\(service)", time: 1_300 * second, at: 1_300 * second) }
    #expect(table.close(at: 1_800 * second, eventsPerMinute: 100).count == 5)
    #expect(table.width == 5)
  }

  @Test func `an hour is the longest interval, whatever the budget`() {
    var table = RollUpTable()
    for service in 0..<200 { Self.add(&table, "\(service)", time: 0, at: 0) }
    #expect(table.close(at: 3_599 * second, eventsPerMinute: 1).isEmpty)
    #expect(table.close(at: 3_600 * second, eventsPerMinute: 1).count == 200)
  }

  @Test func `only what changed is stored, and what is read is what was stored`() throws {
    var table = RollUpTable()
    Self.add(&table, "a", time: 0, at: 0)
    Self.add(&table, "b", time: 0, at: 0)
    #expect(table.takeChangedRows().count == 3 && table.takeChangedRows().isEmpty)
    Self.add(&table, "b", time: 0, at: 0)
    let rows = table.takeChangedRows()
    #expect(rows.count == 2 && rows.allSatisfy { $0.value != nil })
    let read = try RollUpTable(rows: table.rows)
    #expect(read == table)
    _ = table.close(at: 300 * second, eventsPerMinute: 1_000)
    let gone = table.takeChangedRows()
    #expect(gone.count == 3 && gone.filter { $0.value == nil }.count == 2)
    #expect(try RollUpTable(rows: table.rows).parts == 2)
    #expect(try RollUpTable(rows: []) == RollUpTable())
  }

  @Test func `damaged rows are refused`() {
    var table = RollUpTable()
    Self.add(&table, "a", time: 0, at: 0)
    let rows = table.rows
    for (number, row) in rows.enumerated() {
      for end in 0..<(row.value?.count ?? 0) {
        var cut = rows
        cut[number].value = Array(row.value?.prefix(end) ?? [])
        #expect(throws: SamplingStateError.self) { try RollUpTable(rows: cut) }
      }
      for end in 1..<max(row.key.count, 2) where !row.key.isEmpty {
        var cut = rows
        cut[number].key = Array(row.key.prefix(end))
        #expect(throws: SamplingStateError.self) { try RollUpTable(rows: cut) }
      }
    }
    var future = rows
    future[0].value?[0] = 9
    #expect(throws: SamplingStateError.self) { try RollUpTable(rows: future) }
    #expect(throws: SamplingStateError.self) { try RollUpTable(rows: Array(rows.dropFirst())) }
  }

  @Test(arguments: [
    (UInt64(0), 0), (999_999, 0), (1_000_000, 1), (1_999_999, 1), (2_000_000, 2), (1 << 60, 20), (.max, 20),
  ])
  func `durations fall into buckets that double`(nanoseconds: UInt64, bucket: Int) {
    #expect(LatencyHistogram.bucket(nanoseconds) == bucket)
    if let upper = LatencyHistogram.upperMilliseconds(bucket) { #expect(nanoseconds < UInt64(upper) * 1_000_000) }
  }

  @Test(arguments: [
    (0.0, Int64(0)), (1e-9, 1), (0.4e-9, 0), (1.5, 1_500_000_000), (-2, -2_000_000_000), (.nan, 0), (.infinity, 0),
    (1e30, 0),
  ])
  func `dollars are counted in whole billionths`(dollars: Double, nano: Int64) {
    #expect(NanoDollars(dollars: dollars).value == nano)
  }
}
