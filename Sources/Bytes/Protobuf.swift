/// Why bytes are not a protobuf message.
@usableFromInline
package enum ProtobufError: Error, Equatable {
  /// The message ends in the middle of a field.
  case truncated(offset: Int)
  /// A varint of more than ten bytes.
  case varintTooLong(offset: Int)
  /// Field number 0, a wire type that does not exist, or an end-group without its start.
  case badTag(offset: Int)
  /// Groups nested deeper than `Protobuf.groupDepthMax`.
  case tooDeep(offset: Int)
}

extension ProtobufError: CustomStringConvertible {
  @usableFromInline package var description: String {
    switch self {
    case .truncated(let offset): "the message ends inside a field (byte \(offset))"
    case .varintTooLong(let offset): "a varint is longer than ten bytes (byte \(offset))"
    case .badTag(let offset): "a field tag is not valid (byte \(offset))"
    case .tooDeep(let offset): "groups are nested too deeply (byte \(offset))"
    }
  }
}

/// The wire types of protobuf (https://protobuf.dev/programming-guides/encoding/).
@frozen @usableFromInline
package enum WireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  case bytes = 2
  case group = 3
  case fixed32 = 5
}

/// One field as it stands on the wire.
@frozen @usableFromInline
package struct ProtobufField {
  @usableFromInline package var number: UInt32
  @usableFromInline package var wire: WireType
  /// The value of a varint, fixed64 or fixed32.
  @usableFromInline package var scalar: UInt64
  /// The content of a length-delimited field.
  @usableFromInline package var slice: Slice

  @inlinable init(number: UInt32, wire: WireType, scalar: UInt64, slice: Slice) {
    self.number = number
    self.wire = wire
    self.scalar = scalar
    self.slice = slice
  }
}

/// Names of limits and small encoders of the protobuf wire format.
package enum Protobuf {
  /// Deprecated groups are skipped; deeper nesting than the reference implementation allows is refused.
  package static let groupDepthMax = 64
}

/// Walks the fields of one message in a span of bytes, without copying and without trusting anything in it.
@frozen @usableFromInline
package struct ProtobufCursor {
  @usableFromInline package var offset: Int
  @usableFromInline package let end: Int

  @inlinable package init(_ slice: Slice) {
    offset = slice.start
    end = slice.end
  }

  @inlinable package init(start: Int, end: Int) {
    offset = start
    self.end = end
  }

  /// The next field, or nil at the end of the message. Groups are skipped.
  @inline(__always) @inlinable package mutating func next(in bytes: ByteSpan) throws(ProtobufError) -> ProtobufField? {
    // Nearly all fields are short text or messages: one byte of tag, one or two of length.
    if end &- offset >= 3 {
      let tag = bytes[offset]
      let low = bytes[offset &+ 1]
      let high = bytes[offset &+ 2]
      let isShort = low < 0x80
      if tag & 0x87 == 2, tag >= 8, isShort || high < 0x80 {
        let start = offset &+ (isShort ? 2 : 3)
        let size = isShort ? Int(low) : Int(low & 0x7f) | Int(high) &<< 7
        if size <= end &- start {
          offset = start &+ size
          return ProtobufField(number: UInt32(tag &>> 3), wire: .bytes, scalar: 0, slice: Slice(start, offset))
        }
      }
      // Points in time.
      if tag & 0x87 == 1, tag >= 8, end &- offset >= 9 {
        offset &+= 9
        let value = bytes.word(at: offset &- 8)
        return ProtobufField(number: UInt32(tag &>> 3), wire: .fixed64, scalar: value, slice: .empty)
      }
    }
    return try anyNext(in: bytes)
  }

  @usableFromInline mutating func anyNext(in bytes: ByteSpan) throws(ProtobufError) -> ProtobufField? {
    while offset < end {
      let start = offset
      let tag = try varint(in: bytes)
      guard tag >> 3 != 0, tag >> 3 <= 0x1fff_ffff, let wire = WireType(rawValue: UInt8(tag & 7)) else {
        throw .badTag(offset: start)
      }
      var field = ProtobufField(number: UInt32(tag >> 3), wire: wire, scalar: 0, slice: .empty)
      switch wire {
      case .varint:
        field.scalar = try varint(in: bytes)
      case .bytes:
        let size = try varint(in: bytes)
        guard size <= UInt64(end &- offset) else { throw .truncated(offset: offset) }
        field.slice = Slice(offset, offset &+ Int(size))
        offset &+= Int(size)
      case .fixed64:
        guard end &- offset >= 8 else { throw .truncated(offset: offset) }
        field.scalar = bytes.word(at: offset)
        offset &+= 8
      case .fixed32:
        guard end &- offset >= 4 else { throw .truncated(offset: offset) }
        var value: UInt64 = 0
        for index in 0..<4 { value |= UInt64(bytes[offset &+ index]) &<< UInt64(8 &* index) }
        field.scalar = value
        offset &+= 4
      case .group:
        try skipGroup(UInt32(tag >> 3), in: bytes)
        continue
      }
      return field
    }
    return nil
  }

  @inlinable package mutating func varint(in bytes: ByteSpan) throws(ProtobufError) -> UInt64 {
    guard offset < end else { throw .truncated(offset: offset) }
    let first = bytes[offset]
    if first < 0x80 {
      offset &+= 1
      return UInt64(first)
    }
    return try longVarint(in: bytes)
  }

  @usableFromInline mutating func longVarint(in bytes: ByteSpan) throws(ProtobufError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    let start = offset
    while offset < end {
      let byte = bytes[offset]
      offset &+= 1
      if shift < 64 { value |= UInt64(byte & 0x7f) &<< shift }
      if byte < 0x80 { return value }
      shift &+= 7
      if shift >= 70 { throw .varintTooLong(offset: start) }
    }
    throw .truncated(offset: start)
  }

  @usableFromInline mutating func skipGroup(_ number: UInt32, in bytes: ByteSpan) throws(ProtobufError) {
    var open = [number]
    while let group = open.last {
      let start = offset
      let tag = try varint(in: bytes)
      let field = UInt32(truncatingIfNeeded: tag >> 3)
      // As in the reference implementation, field number 0 is not looked at in what is thrown away.
      guard tag >> 3 <= 0x1fff_ffff else { throw .badTag(offset: start) }
      var size = 0
      switch tag & 7 {
      case 0: _ = try varint(in: bytes)
      case 1: size = 8
      case 2:
        let length = try varint(in: bytes)
        guard length <= UInt64(end &- offset) else { throw .truncated(offset: offset) }
        size = Int(length)
      case 3:
        open.append(field)
        if open.count > Protobuf.groupDepthMax { throw .tooDeep(offset: start) }
      case 4:
        guard field == group else { throw .badTag(offset: start) }
        open.removeLast()
      case 5: size = 4
      default: throw .badTag(offset: start)
      }
      guard end &- offset >= size else { throw .truncated(offset: offset) }
      offset &+= size
    }
  }
}

extension ByteBuffer {
  /// Appends an unsigned varint.
  @inlinable package mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a field's tag.
  @inlinable package mutating func appendTag(_ number: UInt32, _ wire: WireType) {
    appendVarint(UInt64(number) &<< 3 | UInt64(wire.rawValue))
  }

  /// Appends a length-delimited field.
  package mutating func appendField(_ number: UInt32, _ content: ByteSpan) {
    appendTag(number, .bytes)
    appendVarint(UInt64(content.count))
    append(content)
  }

  /// Leaves room for the length of a message that is about to be appended; `endLength` fills it in. The length takes
  /// five bytes whatever its value, which protobuf allows, so that nothing has to be moved.
  package mutating func beginLength() -> Int {
    for _ in 0..<5 { append(0) }
    return count
  }

  /// Writes the length of what was appended since `beginLength` returned `mark`.
  package mutating func endLength(_ mark: Int) {
    setVarint(UInt64(count - mark), at: mark - 5, width: 5)
  }

  /// Overwrites `width` bytes with a varint, padded to fill them.
  package mutating func setVarint(_ value: UInt64, at index: Int, width: Int) {
    for place in 0..<width {
      let more: UInt8 = place == width - 1 ? 0 : 0x80
      set(UInt8(truncatingIfNeeded: value &>> UInt64(7 * place)) & 0x7f | more, at: index + place)
    }
  }

  @inlinable package mutating func appendLittleEndian<Integer: FixedWidthInteger>(_ value: Integer) {
    var rest = value.littleEndian
    for _ in 0..<(Integer.bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: rest))
      rest &>>= 8
    }
  }
}
