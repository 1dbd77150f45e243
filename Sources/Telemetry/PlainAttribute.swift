public import Bytes

/// A `KeyValue` as every encoder writes it: the key, then a value that is one scalar, and not a byte more.
///
/// The short way through an attribute: nearly all have this shape, and most of the time that reading a request takes
/// goes into them. Anything else, valid or not, is for the walk over fields to judge.
@frozen @usableFromInline
package struct PlainAttribute {
  @usableFromInline package var key: Slice
  /// The tag of the field in the value, one of 0x0a (string), 0x10 (bool), 0x18 (int), 0x21 (double).
  @usableFromInline var tag: UInt8
  /// What follows the tag and, for a string, its length: up to the end of the attribute.
  @usableFromInline var content: Slice

  /// Nil if the attribute has another shape. Every byte read here stands before `slice.end`, which is checked once
  /// against the bytes there are: checking each read again took a third of the time.
  @inline(__always) @inlinable package init?(_ bytes: ByteSpan, _ slice: Slice) {
    let end = slice.end
    let start = slice.start
    guard end <= bytes.count, end &- start >= 6 else { return nil }
    let keySize = unsafe bytes[unchecked: start &+ 1]
    key = Slice(start &+ 2, start &+ 2 &+ Int(keySize))
    var offset = start &+ 2 &+ Int(keySize)
    guard unsafe bytes[unchecked: start] == 0x0a, keySize < 0x80, end &- offset >= 4,
      unsafe bytes[unchecked: offset] == 0x12
    else { return nil }
    offset &+= 1
    // The lengths of the value and of the text in it fill what is left exactly, or this is not plain.
    guard PlainAttribute.length(bytes, &offset, end) == end &- offset, end &- offset >= 2 else { return nil }
    tag = unsafe bytes[unchecked: offset]
    offset &+= 1
    switch tag {
    case 0x0a:
      guard PlainAttribute.length(bytes, &offset, end) == end &- offset else { return nil }
    case 0x10, 0x18:
      // One varint, of at most ten bytes.
      guard end &- offset <= 10, unsafe bytes[unchecked: end &- 1] < 0x80 else { return nil }
      var index = offset
      while index < end &- 1 {
        guard unsafe bytes[unchecked: index] >= 0x80 else { return nil }
        index &+= 1
      }
    case 0x21:
      guard end &- offset == 8 else { return nil }
    default: return nil
    }
    content = Slice(offset, end)
  }

  /// The attribute in the field that begins at `offset` with the tag `tag`, if it is plain and all its lengths take one
  /// byte; moves `offset` behind it. Two words hold nearly all that has to be checked. `end` is at most `bytes.count`: that
  /// is not checked.
  @inline(__always) @inlinable package static func short(
    _ bytes: ByteSpan, _ offset: inout Int, _ end: Int, tag: UInt8
  ) -> Attribute? {
    guard end &- offset >= 8 else { return nil }
    // Tag, length, 0x0a, length of the key.
    let head = unsafe bytes.uncheckedHalf(offset)
    let fieldEnd = offset &+ 2 &+ Int(head &>> 8 & 0x7f)
    let start = offset &+ 4 &+ Int(head &>> 24)
    guard head & 0x80ff_80ff == 0x000a_0000 | UInt32(tag), fieldEnd <= end, start &+ 4 <= fieldEnd else { return nil }
    // 0x12, length of the value, its tag, and the length of a text or the first byte of a number.
    let inner = unsafe bytes.uncheckedHalf(start)
    guard inner & 0x80ff == 0x12, start &+ 2 &+ Int(inner &>> 8 & 0x7f) == fieldEnd else { return nil }
    let value: Value
    switch UInt8(truncatingIfNeeded: inner &>> 16) {
    case 0x0a:
      guard start &+ 4 &+ Int(inner &>> 24) == fieldEnd else { return nil }
      value = .string(Slice(start &+ 4, fieldEnd))
    case 0x18:
      guard let number = unsafe varint(bytes, start &+ 3, fieldEnd) else { return nil }
      value = .int(Int64(bitPattern: number))
    case 0x10:
      guard let number = unsafe varint(bytes, start &+ 3, fieldEnd) else { return nil }
      value = .bool(number != 0)
    case 0x21:
      guard start &+ 11 == fieldEnd else { return nil }
      value = .double(Double(bitPattern: unsafe bytes.uncheckedWord(start &+ 3).littleEndian))
    default: return nil
    }
    let key = Slice(offset &+ 4, start)
    offset = fieldEnd
    return Attribute(key: key, value: value)
  }

  /// A varint that ends exactly at `end`, which the caller has checked to be inside.
  @unsafe @inline(__always) @inlinable static func varint(_ bytes: ByteSpan, _ start: Int, _ end: Int) -> UInt64? {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    var index = start
    while index < end, shift < 70 {
      let byte = unsafe bytes[unchecked: index]
      number |= UInt64(byte & 0x7f) &<< shift
      index &+= 1
      if byte < 0x80 { return index == end ? number : nil }
      shift &+= 7
    }
    return nil
  }

  /// A length of up to three bytes, or -1; moves `offset` behind it. `end` is at most `bytes.count`: that is not checked.
  @inline(__always) @inlinable package static func length(_ bytes: ByteSpan, _ offset: inout Int, _ end: Int) -> Int {
    guard offset < end else { return -1 }
    var byte = unsafe bytes[unchecked: offset]
    offset &+= 1
    var value = Int(byte & 0x7f)
    var shift = 7
    while byte >= 0x80 {
      guard offset < end, shift < 21 else { return -1 }
      byte = unsafe bytes[unchecked: offset]
      offset &+= 1
      value |= Int(byte & 0x7f) &<< shift
      shift &+= 7
    }
    return value
  }

  @inline(__always) @inlinable package func value(_ bytes: ByteSpan) -> Value {
    switch tag {
    case 0x0a: return .string(content)
    case 0x21: return .double(Double(bitPattern: bytes.word(at: content.start)))
    default:
      var number: UInt64 = 0
      var index = content.end
      while index > content.start {
        index &-= 1
        number = number &<< 7 | UInt64(bytes[index] & 0x7f)
      }
      return tag == 0x10 ? .bool(number != 0) : .int(Int64(bitPattern: number))
    }
  }
}
