import Bytes
import Codec

/// Images, audio and files inside messages: small ones stay, large ones become their size and digest.
extension Mapper {
  /// Writes a part as it stands, but with base64 longer than `MappingLimits.blobBytesMax` replaced.
  func writeMedia(_ index: Int, to out: inout ByteBuffer) {
    let node = tape.nodes[index]
    guard node.kind == .object || node.kind == .array else { return writeMediaText(index, to: &out) }
    let isObject = node.kind == .object
    out.append(UInt8(ascii: isObject ? "{" : "["))
    for (number, child) in children(of: index).enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      if isObject {
        writeKey(child, to: &out)
      }
      writeMedia(child, to: &out)
    }
    out.append(UInt8(ascii: isObject ? "}" : "]"))
  }

  private func writeMediaText(_ index: Int, to out: inout ByteBuffer) {
    let node = tape.nodes[index]
    guard node.kind == .string || node.kind == .text, Int(node.text.count) > MappingLimits.blobBytesMax,
      let type = blobType(node.text)
    else { return write(index, to: &out) }
    let digest = SHA256.digest(bytes.extracting(node.text.range))
    out.append("{\"type\":\"")
    out.append(type)
    out.append("\",\"bytes\":")
    out.appendDecimal(UInt64(node.text.count) * 3 / 4)
    out.append(",\"sha256\":\"")
    for byte in digest {
      out.append(Hex.character(UInt64(byte >> 4)))
      out.append(Hex.character(UInt64(byte)))
    }
    out.append("\"}")
  }

  /// The media type of a `data:` URL, `base64` for other text of that alphabet; nil for what is no blob.
  private func blobType(_ text: Slice) -> String? {
    let bytes = self.bytes
    if bytes.starts(text, with: Array("data:".utf8)) {
      var end = text.start + 5
      while end < text.end, bytes[end] != UInt8(ascii: ";"), bytes[end] != UInt8(ascii: ","), end < text.start + 100 {
        end += 1
      }
      return bytes.string(Slice(text.start + 5, end)).filter { $0.isLetter || $0.isNumber || "/+-.".contains($0) }
    }
    for index in text.start..<text.start + 256 {
      let byte = bytes[index]
      let isBase64 =
        (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a)
        || [0x2b, 0x2f, 0x2d, 0x5f, 0x3d, 0x5c].contains(byte)
      if !isBase64 { return nil }
    }
    return "base64"
  }
}
