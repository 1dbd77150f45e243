import Bytes

/// What a roll-up sums over.
package struct RollUpCell: Hashable, Sendable {
  /// Beginning of the interval, in minutes since 1970, by the time of the units themselves.
  package var startMinute: UInt32
  /// Length of the interval in minutes.
  package var minutes: UInt8
  package var service: Label
  package var model: Label
  package var status: Status

  package enum Status: UInt8, Sendable {
    case ok
    case error
  }

  init(startMinute: UInt32, minutes: UInt8, service: Label, model: Label, status: Status) {
    self.startMinute = startMinute
    self.minutes = minutes
    self.service = service
    self.model = model
    self.status = status
  }

  /// Its stored form, which is also what its events are named by.
  package var encoded: [UInt8] {
    var out = ByteBuffer()
    out.appendLittleEndian(startMinute)
    out.append(minutes)
    out.append(status.rawValue)
    out.append(service)
    out.append(model)
    return out.array()
  }

  init(_ bytes: ByteSpan, _ reader: inout StateReader) throws(SamplingStateError) {
    startMinute = try reader.integer(bytes, UInt32.self)
    minutes = try reader.integer(bytes, UInt8.self)
    guard RollUpTable.widths.contains(minutes) else { throw .bad("an interval of \(minutes) minutes") }
    guard let status = Status(rawValue: try reader.integer(bytes, UInt8.self)) else { throw .bad("a status") }
    self.status = status
    service = try reader.label(bytes)
    model = try reader.label(bytes)
  }

  /// The same cell where intervals are longer.
  func widened(to minutes: UInt8) -> RollUpCell {
    var cell = self
    cell.startMinute = startMinute / UInt32(minutes) * UInt32(minutes)
    cell.minutes = minutes
    return cell
  }
}

/// A closed cell: what one `hoglet_rollup` event says. It never changes again.
package struct RollUp: Sendable, Equatable {
  package var cell: RollUpCell
  /// Counts the closed cells of a table, so that what comes later for the same cell is a part of its own.
  package var part: UInt64
  package var amounts: RollUpAmounts

  /// What the event's uuid is made from: the same bytes for the same roll-up, whenever it is sent.
  package func identity(spool: [UInt8], key: [UInt8]) -> [UInt8] {
    var out = ByteBuffer()
    for part in [Array("hoglet_rollup".utf8), spool, key, cell.encoded] {
      out.appendLittleEndian(UInt32(part.count))
      out.append(part)
    }
    out.appendLittleEndian(part)
    return out.array()
  }
}
