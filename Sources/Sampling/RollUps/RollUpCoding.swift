import Bytes

/// The stored form of a table: a header and a row for each open cell, so that a commit writes only what it changed.
extension RollUpTable {
  static let version: UInt8 = 1

  /// One row of the stored form. The header's key is empty.
  package struct Row: Sendable, Equatable {
    package var key: [UInt8]
    /// Nil where the cell is closed and its row goes.
    package var value: [UInt8]?

    package init(key: [UInt8], value: [UInt8]?) {
      self.key = key
      self.value = value
    }
  }

  /// The rows that changed since this was called last, and the header if any did.
  package mutating func takeChangedRows() -> [Row] {
    if changed.isEmpty { return [] }
    let cellRows = changed.map { Row(key: $0.encoded, value: cells[$0].map(Self.encode)) }
    changed.removeAll(keepingCapacity: true)
    return [header] + cellRows
  }

  /// All rows.
  package var rows: [Row] { [header] + cells.map { Row(key: $0.key.encoded, value: Self.encode($0.value)) } }

  /// Reads rows in any order; no row at all is a table that never was used.
  package init(rows: [Row]) throws(SamplingStateError) {
    for row in rows {
      guard let value = row.value else { continue }
      if row.key.isEmpty {
        try readHeader(value)
      } else {
        try readCell(row.key, value)
      }
    }
    guard cells.isEmpty || nextDue != nil else { throw .bad("roll-ups without their header") }
  }

  private var header: Row {
    var out = ByteBuffer()
    out.append(Self.version)
    out.append(width)
    out.appendLittleEndian(parts)
    out.appendLittleEndian(nextDue ?? .max)
    return Row(key: [], value: out.array())
  }

  private mutating func readHeader(_ bytes: [UInt8]) throws(SamplingStateError) {
    let bytes = bytes.span
    var reader = StateReader()
    let version = try reader.integer(bytes, UInt8.self)
    guard version == Self.version else { throw .version(version) }
    width = try reader.integer(bytes, UInt8.self)
    guard Self.widths.contains(width) else { throw .bad("an interval of \(width) minutes") }
    parts = try reader.integer(bytes, UInt64.self)
    let due = try reader.integer(bytes, UInt64.self)
    nextDue = due == .max ? nil : due
    try reader.end(bytes)
  }

  private mutating func readCell(_ key: [UInt8], _ value: [UInt8]) throws(SamplingStateError) {
    guard cells.count < Self.cellsMax else { throw .bad("too many roll-ups") }
    let key = key.span
    var reader = StateReader()
    let cell = try RollUpCell(key, &reader)
    try reader.end(key)
    cells[cell] = try Self.decode(value.span)
  }

  private static func encode(_ amounts: RollUpAmounts) -> [UInt8] {
    var out = ByteBuffer()
    for value in [
      amounts.units, amounts.events, amounts.inputTokens, amounts.outputTokens, amounts.cost.value, amounts.errors,
    ] { out.appendLittleEndian(value) }
    var filled: UInt32 = 0
    for bucket in 0..<LatencyHistogram.bucketCount where amounts.latency[bucket] != 0 { filled |= 1 << UInt32(bucket) }
    out.appendLittleEndian(filled)
    for bucket in 0..<LatencyHistogram.bucketCount where amounts.latency[bucket] != 0 {
      out.appendLittleEndian(amounts.latency[bucket])
    }
    return out.array()
  }

  private static func decode(_ bytes: ByteSpan) throws(SamplingStateError) -> RollUpAmounts {
    var reader = StateReader()
    var amounts = RollUpAmounts()
    amounts.units = try reader.integer(bytes, Int64.self)
    amounts.events = try reader.integer(bytes, Int64.self)
    amounts.inputTokens = try reader.integer(bytes, Int64.self)
    amounts.outputTokens = try reader.integer(bytes, Int64.self)
    amounts.cost = NanoDollars(try reader.integer(bytes, Int64.self))
    amounts.errors = try reader.integer(bytes, Int64.self)
    let filled = try reader.integer(bytes, UInt32.self)
    for bucket in 0..<LatencyHistogram.bucketCount where filled >> UInt32(bucket) & 1 == 1 {
      amounts.latency[bucket] = try reader.integer(bytes, Int64.self)
    }
    try reader.end(bytes)
    return amounts
  }
}
