public import Bytes

/// The short way through an attribute: nearly all are written in one shape, and most of the time that decoding takes
/// goes into them.
extension Attribute {
  /// Reads a `KeyValue` as every encoder writes it: the key, then a value that is one scalar, and not a byte more.
  /// Nil for any other shape, valid or not; the walk over fields judges that.
  @inline(__always) @inlinable package init?(_ bytes: ByteSpan, plainKeyValue slice: Slice) {
    let end = slice.end
    var offset = slice.start
    guard end &- offset >= 4, bytes[offset] == 0x0a, bytes[offset &+ 1] < 0x80 else { return nil }
    let key = Slice(offset &+ 2, offset &+ 2 &+ Int(bytes[offset &+ 1]))
    offset = key.end
    guard end &- offset >= 4, bytes[offset] == 0x12 else { return nil }
    offset &+= 1
    // The lengths of the value and of the text in it fill what is left exactly, or this is not plain.
    guard let size = Attribute.length(bytes, &offset, end), size == end &- offset, size >= 2 else { return nil }
    let tag = bytes[offset]
    offset &+= 1
    switch tag {
    case 0x0a:
      guard let text = Attribute.length(bytes, &offset, end), text == end &- offset else { return nil }
      self.init(key: key, value: .string(Slice(offset, end)))
    case 0x10, 0x18:
      guard let number = Attribute.number(bytes, offset, end) else { return nil }
      self.init(key: key, value: tag == 0x10 ? .bool(number != 0) : .int(Int64(bitPattern: number)))
    case 0x21:
      guard end &- offset == 8 else { return nil }
      self.init(key: key, value: .double(Double(bitPattern: bytes.word(at: offset))))
    default: return nil
    }
  }

  /// A length of up to three bytes; moves `offset` behind it.
  @inline(__always) @inlinable static func length(_ bytes: ByteSpan, _ offset: inout Int, _ end: Int) -> Int? {
    guard offset < end else { return nil }
    var byte = bytes[offset]
    offset &+= 1
    if byte < 0x80 { return Int(byte) }
    var value = Int(byte & 0x7f)
    var shift = 7
    while offset < end, shift < 21 {
      byte = bytes[offset]
      offset &+= 1
      value |= Int(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    return nil
  }

  /// The varint of at most nine bytes that fills what is there exactly.
  @inline(__always) @inlinable static func number(_ bytes: ByteSpan, _ start: Int, _ end: Int) -> UInt64? {
    guard end > start, end &- start <= 9, bytes[end &- 1] < 0x80 else { return nil }
    var value: UInt64 = 0
    var index = end &- 1
    while index > start {
      index &-= 1
      guard bytes[index] >= 0x80 else { return nil }
    }
    index = end
    while index > start {
      index &-= 1
      value = value &<< 7 | UInt64(bytes[index] & 0x7f)
    }
    return value
  }
}
