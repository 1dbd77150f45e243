import Bytes

/// The stored form of a dead letter, little-endian: version, time, status, length of the reason, reason, event.
extension DeadLetter {
  private static let version: UInt8 = 1

  func encoded() -> ByteBuffer {
    var out = ByteBuffer(capacity: 16 + reason.utf8.count + event.count)
    out.append(Self.version)
    out.appendLittleEndian(time)
    out.appendLittleEndian(UInt64(status) | UInt64(reason.utf8.count) &<< 16)
    out.append(reason)
    out.append(event)
    return out
  }

  init?(_ bytes: [UInt8]) {
    let span = bytes.span
    guard bytes.count >= 17, bytes[0] == Self.version else { return nil }
    let word = span.word(at: 9)
    let end = 17 + Int(word &>> 16)
    guard end <= bytes.count else { return nil }
    self.init(
      time: span.word(at: 1), status: UInt16(truncatingIfNeeded: word), reason: span.string(Slice(17, end)),
      event: Array(bytes[end...]))
  }
}
