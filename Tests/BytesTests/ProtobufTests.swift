import Bytes
import Testing

@Suite struct ProtobufTests {
  @Test(
    arguments: [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xffff_ffff, 1 << 56 - 1, 1 << 63, .max]
      as [UInt64])
  func `varints read back as they were written, padded or not`(value: UInt64) throws {
    var buffer = ByteBuffer()
    buffer.appendVarint(value)
    let bytes = buffer.array()
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    #expect(try cursor.varint(in: bytes.span) == value)
    #expect(cursor.offset == bytes.count)
    for width in bytes.count...10 {
      var padded = ByteBuffer()
      for _ in 0..<width { padded.append(0xaa) }
      padded.setVarint(value, at: 0, width: width)
      let wide = padded.array()
      var reader = ProtobufCursor(start: 0, end: wide.count)
      #expect(try reader.varint(in: wide.span) == value)
      #expect(reader.offset == width)
    }
    for count in 0..<bytes.count {
      var short = ProtobufCursor(start: 0, end: count)
      #expect(throws: ProtobufError.self) { try short.varint(in: bytes.span) }
    }
  }

  @Test func `a varint of more than ten bytes is refused`() {
    let bytes = [UInt8](repeating: 0x80, count: 10) + [1]
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    #expect(throws: ProtobufError.varintTooLong(offset: 0)) { try cursor.varint(in: bytes.span) }
  }

  @Test(arguments: [0, 1, 2, 126, 127, 128, 129, 16_383, 16_384, 70_000])
  func `a field comes back with its content, whatever its length`(size: Int) throws {
    for number in [1, 15, 16, 2_047, 536_870_911] as [UInt32] {
      let content = [UInt8](repeating: 7, count: size)
      var buffer = ByteBuffer()
      buffer.appendField(number, content.span)
      buffer.appendTag(number, .varint)
      buffer.appendVarint(5)
      let bytes = buffer.array()
      var cursor = ProtobufCursor(start: 0, end: bytes.count)
      let first = try #require(try cursor.next(in: bytes.span))
      #expect(first.number == number && first.wire == .bytes && Array(bytes[first.slice.range]) == content)
      let second = try #require(try cursor.next(in: bytes.span))
      #expect(second.number == number && second.wire == .varint && second.scalar == 5)
      #expect(try cursor.next(in: bytes.span) == nil)
    }
  }

  @Test(arguments: [0, 1, 127, 128, 70_000])
  func `a length filled in later counts what came since`(size: Int) throws {
    var buffer = ByteBuffer(capacity: 1)
    buffer.appendTag(3, .bytes)
    let mark = buffer.beginLength()
    for _ in 0..<size { buffer.append(9) }
    buffer.endLength(mark)
    let bytes = buffer.array()
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    #expect(try cursor.next(in: bytes.span)?.slice == Slice(6, 6 + size))
    #expect(try cursor.next(in: bytes.span) == nil)
  }

  @Test func `a field never reaches past the end of its message, even if bytes follow`() {
    var buffer = ByteBuffer()
    buffer.appendField(1, [1, 2, 3, 4].span)
    let bytes = buffer.array() + [UInt8](repeating: 0, count: 20)
    for end in 1..<6 {
      var cursor = ProtobufCursor(start: 0, end: end)
      #expect(throws: ProtobufError.self) { try cursor.next(in: bytes.span) }
    }
  }

  @Test func `fixed numbers are little-endian`() throws {
    let bytes: [UInt8] = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x0d, 1, 2, 3, 4]
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    #expect(try cursor.next(in: bytes.span)?.scalar == 0x0807_0605_0403_0201)
    #expect(try cursor.next(in: bytes.span)?.scalar == 0x0403_0201)
  }
}
