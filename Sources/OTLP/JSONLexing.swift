internal import Bytes

/// The scanner's steps with this target's error.
extension JSONTranscoder {
  /// Consumes the bracket that opens an object or an array; false if it is closed at once.
  mutating func open(
    _ bracket: Unicode.Scalar, _ close: Unicode.Scalar, _ bytes: ByteSpan
  ) throws(OTLPError) -> Bool {
    try expect(bracket, bytes)
    guard scanner.peek(bytes) == UInt8(ascii: close) else { return true }
    scanner.offset += 1
    return false
  }

  /// Consumes a comma (true) or the closing bracket (false).
  mutating func another(_ close: Unicode.Scalar, _ bytes: ByteSpan) throws(OTLPError) -> Bool {
    let byte = scanner.peek(bytes)
    if byte == UInt8(ascii: ",") {
      scanner.offset += 1
      return true
    }
    try expect(close, bytes)
    return false
  }

  mutating func expect(_ character: Unicode.Scalar, _ bytes: ByteSpan) throws(OTLPError) {
    do throws(JSONError) { try scanner.expect(UInt8(ascii: character), bytes) } catch { throw OTLPError(error) }
  }

  mutating func literal(_ text: StaticString, _ bytes: ByteSpan) throws(OTLPError) {
    do throws(JSONError) { try scanner.literal(text, bytes) } catch { throw OTLPError(error) }
  }

  mutating func string(_ bytes: ByteSpan) throws(OTLPError) -> JSONString {
    guard let byte = scanner.peek(bytes) else { throw unexpectedEnd }
    guard byte == UInt8(ascii: "\"") else { throw mismatch("a string") }
    do throws(JSONError) { return try scanner.string(bytes) } catch { throw OTLPError(error) }
  }

  mutating func number(_ bytes: ByteSpan) throws(OTLPError) -> Slice {
    guard scanner.peek(bytes) != nil else { throw unexpectedEnd }
    do throws(JSONError) { return try scanner.number(bytes) } catch { throw OTLPError(error) }
  }

  private var unexpectedEnd: OTLPError { OTLPError(JSONError(.unexpectedEnd, at: scanner.offset)) }

  /// What stands at the cursor is not what the field takes.
  func mismatch(_ wanted: String) -> OTLPError {
    .malformed(offset: scanner.offset, path: "", reason: "not " + wanted)
  }
}
