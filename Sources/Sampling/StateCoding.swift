import Bytes

/// Why stored state cannot be used; it is then begun anew.
package struct SamplingStateError: Error, Equatable, CustomStringConvertible {
  package var description: String

  static let short = SamplingStateError(description: "the stored state of the sampler is cut short")
  static func version(_ version: UInt8) -> SamplingStateError {
    SamplingStateError(
      description: "the stored state of the sampler has version \(version), which this one cannot read")
  }
  static func bad(_ what: String) -> SamplingStateError {
    SamplingStateError(description: "the stored state of the sampler is damaged: \(what)")
  }
}

/// Reads what was written to a `ByteBuffer`, little-endian and trusting nothing.
struct StateReader {
  private(set) var offset = 0

  /// How many rows of at least `size` bytes follow; no more than there are bytes for.
  mutating func count(_ bytes: ByteSpan, rowsOf size: Int, most: Int) throws(SamplingStateError) -> Int {
    let count = Int(try integer(bytes, UInt32.self))
    guard count <= most, count * size <= bytes.count - offset else { throw .bad("too many rows") }
    return count
  }

  mutating func integer<Integer: FixedWidthInteger>(
    _ bytes: ByteSpan, _ type: Integer.Type
  ) throws(SamplingStateError) -> Integer {
    let size = Integer.bitWidth / 8
    guard bytes.count - offset >= size else { throw .short }
    var value = Integer.zero
    for index in 0..<size { value |= Integer(truncatingIfNeeded: bytes[offset + index]) << (8 * index) }
    offset += size
    return value
  }

  /// A finite number.
  mutating func double(_ bytes: ByteSpan) throws(SamplingStateError) -> Double {
    let value = Double(bitPattern: try integer(bytes, UInt64.self))
    guard value.isFinite else { throw .bad("a number is not finite") }
    return value
  }

  mutating func label(_ bytes: ByteSpan) throws(SamplingStateError) -> Label {
    let count = Int(try integer(bytes, UInt8.self))
    guard count <= Label.bytesMax, bytes.count - offset >= count else { throw .short }
    var text: [UInt8] = []
    text.append(bytes, Slice(offset, offset + count))
    offset += count
    guard let label = String(validating: text, as: UTF8.self) else { throw .bad("a name is not UTF-8") }
    return Label(label)
  }

  func end(_ bytes: ByteSpan) throws(SamplingStateError) {
    guard offset == bytes.count else { throw .bad("bytes are left over") }
  }
}

extension ByteBuffer {
  mutating func append(_ value: Double) { appendLittleEndian(value.bitPattern) }

  mutating func append(_ label: Label) {
    append(UInt8(label.text.utf8.count))
    append(label.text)
  }
}
