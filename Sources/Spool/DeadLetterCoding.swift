import Bytes

/// The stored form of a dead letter, little-endian.
///
/// Version 1: version, time, status and length of the reason, reason, event. Version 2: version, time, status and length
/// of the reason, lengths of event, frozen, index and body (0, 0, 0 without a source), where in the body the logs begin,
/// then those five runs of bytes. Both are read; the newer one is written.
extension DeadLetter {
  private static let version: UInt8 = 2
  private static let firstCount = 17
  private static let headCount = 17 + 5 * 8

  func encoded() -> ByteBuffer {
    let parts = [event, source?.frozen ?? [], source?.index ?? [], source?.body ?? []]
    var out = ByteBuffer(capacity: Self.headCount + reason.utf8.count + parts.reduce(0) { $0 + $1.count })
    out.append(Self.version)
    out.appendLittleEndian(time)
    out.appendLittleEndian(UInt64(status) | UInt64(reason.utf8.count) &<< 16)
    for part in parts { out.appendLittleEndian(UInt64(part.count)) }
    out.appendLittleEndian(UInt64(source?.tracesCount ?? 0))
    out.append(reason)
    for part in parts { out.append(part) }
    return out
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.firstCount else { return nil }
    switch bytes[0] {
    case 1: self.init(first: bytes)
    case Self.version: self.init(second: bytes)
    default: return nil
    }
  }

  private init?(first bytes: [UInt8]) {
    let span = bytes.span
    let word = span.word(at: 9)
    guard let end = Self.end(Self.firstCount, word &>> 16, bytes) else { return nil }
    self.init(
      time: span.word(at: 1), status: UInt16(truncatingIfNeeded: word),
      reason: span.string(Slice(Self.firstCount, end)), event: Array(bytes[end...]))
  }

  private init?(second bytes: [UInt8]) {
    guard bytes.count >= Self.headCount else { return nil }
    let span = bytes.span
    let word = span.word(at: 9)
    var place = Self.headCount
    var parts: [Range<Int>] = []
    for count in [word &>> 16] + (0..<4).map({ span.word(at: Self.firstCount + 8 * $0) }) {
      guard let end = Self.end(place, count, bytes) else { return nil }
      parts.append(place..<end)
      place = end
    }
    let tracesCount = span.word(at: Self.headCount - 8)
    guard place == bytes.count, tracesCount <= UInt64(parts[4].count) else { return nil }
    self.init(
      time: span.word(at: 1), status: UInt16(truncatingIfNeeded: word),
      reason: String(decoding: bytes[parts[0]], as: UTF8.self), event: Array(bytes[parts[1]]))
    if !parts[2].isEmpty {
      source = DeadLetterSource(
        frozen: Array(bytes[parts[2]]), index: Array(bytes[parts[3]]), body: Array(bytes[parts[4]]),
        tracesCount: Int(tracesCount))
    }
  }

  /// Where a run of `count` bytes ends; nil past the end.
  private static func end(_ start: Int, _ count: UInt64, _ bytes: [UInt8]) -> Int? {
    count <= UInt64(bytes.count - start) ? start + Int(count) : nil
  }
}
