import Bytes

/// Structures that stand as JSON text in one value, copied while they are checked.
extension Mapper {
  /// Writes the list or object that a text holds, compactly; false, with nothing written, if it is none or has to be
  /// looked at: strings that may be too long, or a file.
  func writeStructure(text: Slice, to out: inout ByteBuffer) -> Bool {
    let bytes = self.bytes
    var scanner = JSONScanner(text)
    let start = out.count
    let first = scanner.peek(bytes)
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
      (try? copy(bytes, &scanner, depth: 0, to: &out)) == true, scanner.peek(bytes) == nil
    {
      return true
    }
    out.truncate(to: start)
    return false
  }

  private func copy(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, depth: Int, to out: inout ByteBuffer
  ) throws(JSONError) -> Bool {
    guard depth < JSONTape.depthMax, let first = scanner.peek(bytes) else { return false }
    switch first {
    case UInt8(ascii: "\""):
      let string = try scanner.string(bytes)
      guard Int(string.slice.count) <= min(stringBytesMax, MappingLimits.blobBytesMax) else { return false }
      write(string, bytes, to: &out)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      return try copyMembers(bytes, &scanner, isObject: first == UInt8(ascii: "{"), depth: depth, to: &out)
    case UInt8(ascii: "t"):
      try scanner.literal("true", bytes)
      out.append("true")
    case UInt8(ascii: "f"):
      try scanner.literal("false", bytes)
      out.append("false")
    case UInt8(ascii: "n"):
      try scanner.literal("null", bytes)
      out.append("null")
    case UInt8(ascii: "-"), 0x30...0x39: out.append(bytes, try scanner.number(bytes))
    default: return false
    }
    return true
  }

  private func copyMembers(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, isObject: Bool, depth: Int, to out: inout ByteBuffer
  ) throws(JSONError) -> Bool {
    let close = UInt8(ascii: isObject ? "}" : "]")
    scanner.offset &+= 1
    out.append(UInt8(ascii: isObject ? "{" : "["))
    if scanner.peek(bytes) == close {
      scanner.offset &+= 1
      out.append(close)
      return true
    }
    while true {
      if isObject {
        guard scanner.peek(bytes) == UInt8(ascii: "\"") else { return false }
        write(try scanner.string(bytes), bytes, to: &out)
        try scanner.expect(UInt8(ascii: ":"), bytes)
        out.append(UInt8(ascii: ":"))
      }
      guard try copy(bytes, &scanner, depth: depth + 1, to: &out), let next = scanner.peek(bytes) else { return false }
      scanner.offset &+= 1
      out.append(next)
      if next == close { return true }
      if next != UInt8(ascii: ",") { return false }
    }
  }

  private func write(_ string: JSONString, _ bytes: ByteSpan, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\""))
    out.appendJSONRaw(bytes, string.slice, hasUnicodeEscapes: string.hasUnicodeEscapes)
    out.append(UInt8(ascii: "\""))
  }
}
