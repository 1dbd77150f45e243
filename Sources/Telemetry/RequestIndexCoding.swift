package import Bytes

/// The stored form of a `RequestIndex`: little-endian, fixed-width rows after their counts, first byte the version.
extension RequestIndex {
  /// Version of the layout below; a spool written by an older version is read by its number.
  package static let version: UInt8 = 1

  package struct CodingError: Error, Equatable, CustomStringConvertible {
    package var description: String
  }

  package func encoded() -> [UInt8] {
    var out = ByteBuffer(capacity: 32 + resources.count * 8 + scopes.count * 20 + units.count * 24 + records.count * 37)
    out.append(Self.version)
    for count in [resources.count, scopes.count, units.count, records.count] { out.appendLittleEndian(UInt32(count)) }
    for resource in resources { out.append(resource) }
    for scope in scopes {
      out.appendLittleEndian(scope.resource)
      out.append(scope.scope)
      out.append(scope.schemaURL)
    }
    for unit in units {
      out.appendLittleEndian(unit.trace?.high ?? 0)
      out.appendLittleEndian(unit.trace?.low ?? 0)
      out.appendLittleEndian(unit.first)
      out.appendLittleEndian(unit.count)
    }
    for record in records {
      out.append(record.flags.rawValue)
      out.appendLittleEndian(record.scope)
      out.append(record.body)
      out.appendLittleEndian(record.span)
      out.appendLittleEndian(record.parent)
      out.appendLittleEndian(record.start)
    }
    return out.array()
  }

  /// Reads what `encoded()` wrote. Every count, index and range is checked, also against the size of the body.
  package init(_ bytes: ByteSpan, bodyCount: Int) throws(CodingError) {
    var reader = RowReader()
    guard try reader.byte(bytes) == Self.version else { throw CodingError(description: "unknown index version") }
    let counts = [
      Int(try reader.u32(bytes)), Int(try reader.u32(bytes)), Int(try reader.u32(bytes)), Int(try reader.u32(bytes)),
    ]
    let size = counts[0] * 8 + counts[1] * 20 + counts[2] * 24 + counts[3] * 37
    guard bytes.count == reader.offset + size else { throw CodingError(description: "index of the wrong size") }
    resources.reserveCapacity(counts[0])
    for _ in 0..<counts[0] { resources.append(try reader.slice(bytes, within: bodyCount)) }
    for _ in 0..<counts[1] {
      let resource = try reader.u32(bytes)
      guard resource < counts[0] else { throw CodingError(description: "scope without its resource") }
      let scope = try reader.slice(bytes, within: bodyCount)
      scopes.append(
        ScopeEntry(resource: resource, scope: scope, schemaURL: try reader.slice(bytes, within: bodyCount)))
    }
    units.reserveCapacity(counts[2])
    for _ in 0..<counts[2] {
      let trace = TraceID(high: try reader.u64(bytes), low: try reader.u64(bytes))
      let unit = Unit(trace: trace, first: try reader.u32(bytes), count: try reader.u32(bytes))
      guard Int(unit.first) + Int(unit.count) <= counts[3] else { throw CodingError(description: "unit out of range") }
      units.append(unit)
    }
    records.reserveCapacity(counts[3])
    for _ in 0..<counts[3] {
      let flags = RecordEntry.Flags(rawValue: try reader.byte(bytes))
      let scope = try reader.u32(bytes)
      guard scope < counts[1] else { throw CodingError(description: "record without its scope") }
      records.append(
        RecordEntry(
          flags: flags, scope: scope, body: try reader.slice(bytes, within: bodyCount), span: try reader.u64(bytes),
          parent: try reader.u64(bytes), start: try reader.u64(bytes)))
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func append(_ slice: Slice) {
    appendLittleEndian(slice.offset)
    appendLittleEndian(slice.count)
  }
}

private struct RowReader {
  var offset = 0

  mutating func byte(_ bytes: ByteSpan) throws(RequestIndex.CodingError) -> UInt8 {
    guard offset < bytes.count else { throw RequestIndex.CodingError(description: "index cut short") }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func u32(_ bytes: ByteSpan) throws(RequestIndex.CodingError) -> UInt32 {
    guard bytes.count - offset >= 4 else { throw RequestIndex.CodingError(description: "index cut short") }
    var value: UInt32 = 0
    for index in 0..<4 { value |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
    offset += 4
    return value
  }

  mutating func u64(_ bytes: ByteSpan) throws(RequestIndex.CodingError) -> UInt64 {
    guard bytes.count - offset >= 8 else { throw RequestIndex.CodingError(description: "index cut short") }
    offset += 8
    return bytes.word(at: offset - 8)
  }

  mutating func slice(_ bytes: ByteSpan, within bodyCount: Int) throws(RequestIndex.CodingError) -> Slice {
    let slice = Slice(offset: try u32(bytes), count: try u32(bytes))
    guard slice.end <= bodyCount else { throw RequestIndex.CodingError(description: "record out of range") }
    return slice
  }
}
