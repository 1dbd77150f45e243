import Bytes

/// Passing over JSON without looking at it.
enum JSONSkip {
  static func value(_ bytes: ByteSpan, _ scanner: inout JSONScanner) throws(JSONError) {
    var depth = 0
    while let byte = scanner.peek(bytes) {
      switch byte {
      case UInt8(ascii: "\""): _ = try scanner.string(bytes)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        scanner.offset += 1
        continue
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { throw JSONError(.unexpectedCharacter, at: scanner.offset) }
        depth -= 1
        scanner.offset += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw JSONError(.unexpectedCharacter, at: scanner.offset) }
        scanner.offset += 1
        continue
      default: scalar(bytes, &scanner)
      }
      if depth == 0 { return }
    }
    throw JSONError(.unexpectedEnd, at: scanner.offset)
  }

  /// A number, `true`, `false` or `null`.
  private static func scalar(_ bytes: ByteSpan, _ scanner: inout JSONScanner) {
    repeat {
      scanner.offset += 1
    } while scanner.offset < scanner.end
      && !",:]}\" \n\r\t".utf8.contains(bytes[scanner.offset])
  }
}
