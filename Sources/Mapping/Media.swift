import Bytes
import Codec

/// Images, audio and files inside messages: small ones stay, large ones become their size and digest.
extension Mapper {
  /// Writes a node as it stands, but with base64 longer than `MappingLimits.blobBytesMax` replaced.
  func writeMedia(_ index: Int, to out: inout ByteBuffer) {
    let node = tape.nodes[index]
    guard node.kind == .object || node.kind == .array else {
      guard let type = largeBlob(index) else { return write(index, to: &out) }
      return writePlaceholder(type, index, to: &out)
    }
    let isObject = node.kind == .object
    out.append(UInt8(ascii: isObject ? "{" : "["))
    var child = index &+ 1
    for number in 0..<node.children {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      if isObject { writeKey(child, to: &out) }
      writeMedia(child, to: &out)
      child = Int(tape.nodes[child].next)
    }
    out.append(UInt8(ascii: isObject ? "}" : "]"))
  }

  /// The media type of a blob that is too large to stay; nil for every other node.
  func largeBlob(_ index: Int) -> String? {
    guard isString(index), Int(tape.nodes[index].text.count) > MappingLimits.blobBytesMax else { return nil }
    return blobType(tape.nodes[index].text)
  }

  func writePlaceholder(_ type: String, _ index: Int, to out: inout ByteBuffer) {
    let text = tape.nodes[index].text
    let digest = SHA256.digest(bytes.extracting(text.range))
    out.append("{\"type\":\"")
    out.append(type)
    out.append("\",\"bytes\":")
    out.appendDecimal(UInt64(text.count) * 3 / 4)
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
      return Self.mediaType(bytes.string(Slice(text.start + 5, end)))
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

  /// Only the characters a media type may have.
  static func mediaType(_ text: String) -> String {
    text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "/+-.".contains($0)) }
  }
}
