internal import Telemetry

/// Groups the records of a request into units by trace id, both in the order in which they first came.
struct UnitTable {
  private var units: [Unit] = []
  private var records: [RecordEntry] = []
  /// The unit of each record.
  private var owners: [UInt32] = []
  private var unitOf: [TraceID: UInt32] = [:]
  /// Whether the records of some unit are not next to each other.
  private var isMixed = false

  mutating func append(_ record: RecordEntry, trace: TraceID?) {
    let owner = unit(of: trace)
    if Int(owner) != units.count - 1 { isMixed = true }
    units[Int(owner)].count += 1
    records.append(record)
    owners.append(owner)
  }

  /// Runs of one trace id, the common case, cost one comparison; a record without a trace is a unit of its own.
  private mutating func unit(of trace: TraceID?) -> UInt32 {
    if let trace {
      if let last = units.last, last.trace == trace { return UInt32(units.count - 1) }
      if let known = unitOf[trace] { return known }
      unitOf[trace] = UInt32(units.count)
    }
    units.append(Unit(trace: trace, first: UInt32(records.count), count: 0))
    return UInt32(units.count - 1)
  }

  /// Moves units and records, sorted by unit, into `index`.
  consuming func finish(into index: inout RequestIndex) {
    if isMixed {
      var next: UInt32 = 0
      for unit in units.indices {
        units[unit].first = next
        next += units[unit].count
      }
      var places = units.map(\.first)
      var sorted = records
      for (record, owner) in zip(records, owners) {
        sorted[Int(places[Int(owner)])] = record
        places[Int(owner)] += 1
      }
      records = sorted
    }
    index.units = units
    index.records = records
  }
}
