/// Sums of what one project did not send, until they are sent themselves.
///
/// A cell that was closed never opens again: what comes for it later, and what a late error takes back, goes into a new
/// part. Sums over all parts are exact.
package struct RollUpTable: Sendable, Equatable {
  /// Open cells; each takes some 350 bytes. What finds no room is summed without service and model.
  package static let cellsMax = 4_096
  /// Lengths of an interval in minutes. Each divides the hour.
  package static let widths: [UInt8] = [5, 10, 15, 30, 60]
  /// Roll-ups may be this part of what is sent; intervals get longer when they would be more.
  package static let eventShareMax = 0.02

  var cells: [RollUpCell: RollUpAmounts] = [:]
  /// In minutes.
  var width = widths[0]
  /// How many cells were closed.
  var parts: UInt64 = 0
  /// When the open cells close, in nanoseconds; nil while there is none.
  package internal(set) var nextDue: UInt64?
  /// Cells that were changed or closed since the rows were taken.
  var changed: Set<RollUpCell> = []

  package init() {}

  /// Adds what is not sent of a unit that began at `time`, all in nanoseconds since 1970.
  package mutating func add(
    _ amounts: RollUpAmounts, service: Label, model: Label, status: RollUpCell.Status, time: UInt64, at now: UInt64
  ) {
    change(cell(service, model, status, time), at: now) { $0 += amounts }
  }

  /// Takes back what was added with the same arguments for a unit that is sent after all.
  package mutating func subtract(
    _ amounts: RollUpAmounts, service: Label, model: Label, status: RollUpCell.Status, time: UInt64, at now: UInt64
  ) {
    change(cell(service, model, status, time), at: now) { $0 -= amounts }
  }

  /// Closes what is due, where `eventsPerMinute` are sent beside it.
  package mutating func close(at now: UInt64, eventsPerMinute: Double) -> [RollUp] {
    while let due = nextDue, due <= now {
      let allowed = Self.eventShareMax * eventsPerMinute
      guard Double(cells.count) > allowed * Double(width), let wider = Self.widths.first(where: { $0 > width }) else {
        return closeAll(allowed)
      }
      widen(to: wider)
      nextDue = Self.end(of: wider, after: due - 1)
    }
    return []
  }

  private mutating func closeAll(_ allowed: Double) -> [RollUp] {
    var closed: [RollUp] = []
    // In an order that does not depend on the process: the numbers are part of what is sent.
    let ordered = cells.map { (name: $0.key.encoded, cell: $0.key, amounts: $0.value) }
      .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    for (_, cell, amounts) in ordered where amounts != RollUpAmounts() {
      parts += 1
      closed.append(RollUp(cell: cell, part: parts, amounts: amounts))
    }
    changed.formUnion(cells.keys)
    if let narrower = Self.widths.last(where: { $0 < width }), Double(cells.count) <= allowed * Double(narrower) / 2 {
      width = narrower
    }
    cells = [:]
    nextDue = nil
    return closed
  }

  private mutating func widen(to wider: UInt8) {
    changed.formUnion(cells.keys)
    width = wider
    let before = cells
    cells = [:]
    for (cell, amounts) in before { cells[cell.widened(to: wider), default: RollUpAmounts()] += amounts }
    changed.formUnion(cells.keys)
  }

  private func cell(_ service: Label, _ model: Label, _ status: RollUpCell.Status, _ time: UInt64) -> RollUpCell {
    let minute = UInt32(truncatingIfNeeded: time / SamplingTime.minute)
    return RollUpCell(startMinute: minute, minutes: 1, service: service, model: model, status: status)
      .widened(to: width)
  }

  private mutating func change(_ cell: RollUpCell, at now: UInt64, _ change: (inout RollUpAmounts) -> Void) {
    var cell = cell
    // The last four are for what finds no room: both states, before and after an hour is full.
    if cells[cell] == nil, cells.count >= Self.cellsMax - 4 {
      let minute = UInt32(truncatingIfNeeded: now / SamplingTime.minute)
      cell = RollUpCell(startMinute: minute, minutes: 1, service: .other, model: .other, status: cell.status)
        .widened(to: Self.widths[Self.widths.count - 1])
    }
    change(&cells[cell, default: RollUpAmounts()])
    changed.insert(cell)
    if nextDue == nil { nextDue = Self.end(of: width, after: now) }
  }

  private static func end(of width: UInt8, after time: UInt64) -> UInt64 {
    let length = UInt64(width) * SamplingTime.minute
    return (time / length + 1) * length
  }
}
