import Bytes
import Telemetry
import Testing

@Suite struct ValueTests {
  /// A `KeyValue` whose `AnyValue` is `value`.
  private func keyValue(_ key: String, _ value: [UInt8]) -> [UInt8] {
    var out = ByteBuffer()
    out.appendField(1, Array(key.utf8).span)
    out.appendField(2, value.span)
    return out.array()
  }

  private func scalar(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
    var out = ByteBuffer()
    body(&out)
    return out.array()
  }

  @Test(arguments: [0, 1, -1, 127, 128, 1 << 40, .max, .min] as [Int64])
  func `whole numbers are read, also the negative ones of ten bytes`(number: Int64) throws {
    let bytes = keyValue(
      "k",
      scalar {
        $0.appendTag(3, .varint)
        $0.appendVarint(UInt64(bitPattern: number))
      })
    #expect(try Attribute(bytes.span, keyValue: Slice(0, bytes.count)).value == .int(number))
  }

  @Test(arguments: [0, 1, 125, 126, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
  func `text of any length is read`(size: Int) throws {
    let text = [UInt8](repeating: 0x78, count: size)
    let bytes = keyValue("key", scalar { $0.appendField(1, text.span) })
    let attribute = try Attribute(bytes.span, keyValue: Slice(0, bytes.count))
    #expect(attribute.value == .string(Slice(bytes.count - size, bytes.count)) || size == 0)
    guard case .string(let slice) = attribute.value else { return #expect(Bool(false)) }
    #expect(Int(slice.count) == size && bytes.span.string(attribute.key) == "key")
  }

  /// The short way through an attribute must see exactly what the long way sees: every field order, padding and damage
  /// that is tried here is read by both.
  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `the short way agrees with the walk over fields`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var plain = 0
    let values: [[UInt8]] = [
      [0x0a, 0x03, 0x61, 0x62, 0x63], [0x0a, 0x00], [0x10, 0x01], [0x10, 0x80, 0x00], [0x18, 0xff, 0x01],
      [0x21, 1, 2, 3, 4, 5, 6, 7, 8], [0x18] + [UInt8](repeating: 0xff, count: 9) + [1], [], [0x3a, 0x01, 0x00],
      [0x2a, 0x02, 0x0a, 0x00], [0x0a, 0x81, 0x00, 0x61],
    ]
    for round in 0..<50_000 {
      var bytes = keyValue(
        ["k", "", "event.name"][round % 3], values[Int.random(in: 0..<values.count, using: &random)])
      if round % 2 == 1 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let slice = Slice(0, bytes.count)
      guard let short = PlainAttribute(bytes.span, slice) else { continue }
      plain += 1
      var key = Slice.empty
      var value = Value.empty
      var cursor = ProtobufCursor(slice)
      do throws(ProtobufError) {
        while let field = try cursor.next(in: bytes.span) {
          if field.number == 1, field.wire == .bytes { key = field.slice }
          if field.number == 2, field.wire == .bytes { value = try Value(bytes.span, anyValue: field.slice) }
        }
      } catch {
        Issue.record("seed \(seed): the short way accepts what is malformed: \(bytes)")
      }
      let attribute = try? Attribute(bytes.span, keyValue: slice)
      #expect(short.key == key, "seed \(seed): \(bytes)")
      if case .double(let number) = value, number.isNaN { continue }
      #expect(attribute == Attribute(key: key, value: value), "seed \(seed): \(bytes)")
    }
    #expect(plain > 10_000)
  }

  @Test func `ids refuse zero and other lengths`() {
    let bytes = [UInt8](repeating: 0, count: 16) + Array(UInt8(1)...17)
    #expect(TraceID(bytes.span, Slice(0, 16)) == nil && SpanID(bytes.span, Slice(0, 8)) == nil)
    #expect(TraceID(bytes.span, Slice(16, 32))?.description == "0102030405060708090a0b0c0d0e0f10")
    #expect(SpanID(bytes.span, Slice(16, 24))?.description == "0102030405060708")
    for size in [0, 7, 8, 15, 17] { #expect(TraceID(bytes.span, Slice(16, 16 + size)) == nil) }
    for size in [0, 7, 9, 16] { #expect(SpanID(bytes.span, Slice(16, 16 + size)) == nil) }
    #expect(TraceID(hex: "0102030405060708090A0b0c0d0e0f10")?.description == "0102030405060708090a0b0c0d0e0f10")
    #expect(
      TraceID(hex: "0102030405060708090a0b0c0d0e0f1") == nil && TraceID(hex: String(repeating: "0", count: 32)) == nil)
    #expect(TraceID(high: 1, low: .max)?.randomness == 0x00ff_ffff_ffff_ffff)
  }
}
