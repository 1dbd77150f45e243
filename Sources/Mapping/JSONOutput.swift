import Bytes

/// Writing nodes of the tape as JSON.
extension Mapper {
  /// Writes a node and all below it, compactly. Strings longer than `stringBytesMax` are cut.
  func write(_ index: Int, to out: inout ByteBuffer) {
    let node = tape.nodes[index]
    switch node.kind {
    case .null: out.append("null")
    case .bool: out.append(node.flag ? "true" : "false")
    case .number: out.append(bytes, node.text)
    case .int: out.appendDecimal(Int64(bitPattern: node.bits))
    case .double: out.appendJSONNumber(Double(bitPattern: node.bits))
    case .string, .text: writeString(index, to: &out)
    case .array, .object:
      let isObject = node.kind == .object
      out.append(UInt8(ascii: isObject ? "{" : "["))
      var child = index &+ 1
      for number in 0..<node.children {
        if number > 0 { out.append(UInt8(ascii: ",")) }
        if isObject { writeKey(child, to: &out) }
        write(child, to: &out)
        child = Int(tape.nodes[child].next)
      }
      out.append(UInt8(ascii: isObject ? "}" : "]"))
    }
  }

  func writeKey(_ index: Int, to out: inout ByteBuffer) {
    let node = tape.nodes[index]
    out.append(UInt8(ascii: "\""))
    if node.keyHasEscapes {
      out.appendJSONRaw(bytes, node.key, hasUnicodeEscapes: true)
    } else {
      out.appendJSONContent(bytes, node.key)
    }
    out.append("\":")
  }

  /// Writes a string node with its quotes.
  func writeString(_ index: Int, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\""))
    writeContent(index, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  /// The same without the quotes.
  func writeContent(_ index: Int, to out: inout ByteBuffer) {
    let node = tape.nodes[index]
    if Int(node.text.count) > stringBytesMax { return writeCut(index, to: &out) }
    if node.kind == .text {
      out.appendJSONContent(bytes, node.text)
    } else {
      out.appendJSONRaw(bytes, node.text, hasUnicodeEscapes: node.hasUnicodeEscapes)
    }
  }

  private func writeCut(_ index: Int, to out: inout ByteBuffer) {
    guard let text = plainText(index) else { return }
    appendCut(text.span, Slice(0, text.count), to: &out)
  }

  /// Writes the beginning of a text, at most `stringBytesMax` bytes of it, and how much is missing.
  func appendCut(_ bytes: ByteSpan, _ text: Slice, to out: inout ByteBuffer) {
    guard Int(text.count) > stringBytesMax else { return out.appendJSONContent(bytes, text) }
    var end = text.start + stringBytesMax
    while end > text.start, bytes[end] & 0xc0 == 0x80 { end -= 1 }
    out.appendJSONContent(bytes, Slice(text.start, end))
    out.append("…[truncated \(text.end - end) bytes]")
  }

  /// Writes a scalar or structure as the text that it is: strings plain, everything else as its JSON, as one JSON string.
  func writeAsText(_ index: Int, to out: inout ByteBuffer) {
    switch tape.nodes[index].kind {
    case .string, .text: writeString(index, to: &out)
    default:
      var inner = ByteBuffer()
      write(index, to: &inner)
      out.append(UInt8(ascii: "\""))
      inner.withSpan { out.appendJSONContent($0, Slice(0, $0.count)) }
      out.append(UInt8(ascii: "\""))
    }
  }
}
