/// Base64 (RFC 4648), as OTLP/JSON writes bytes and HTTP Basic writes credentials.
package enum Base64 {
  static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Decodes standard or URL-safe text, padded or not; nil if a character or the length is wrong.
  package static func decode(_ bytes: ByteSpan, _ slice: Slice) -> [UInt8]? {
    var end = slice.end
    while end > slice.start, slice.end - end < 2, bytes[end - 1] == UInt8(ascii: "=") { end -= 1 }
    var output = [UInt8]()
    output.reserveCapacity((end - slice.start) * 3 / 4)
    var bits: UInt32 = 0
    var held = 0
    for index in slice.start..<end {
      guard let value = value(of: bytes[index]) else { return nil }
      bits = bits &<< 6 | UInt32(value)
      held += 6
      if held >= 8 {
        held -= 8
        output.append(UInt8(truncatingIfNeeded: bits &>> UInt32(held)))
      }
    }
    return held >= 6 ? nil : output
  }

  static func value(of byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte + 4
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}

extension ByteBuffer {
  /// Appends standard, padded base64.
  package mutating func appendBase64(_ bytes: ByteSpan, _ slice: Slice) {
    var index = slice.start
    while index < slice.end {
      let left = slice.end - index
      var group = UInt32(bytes[index]) << 16
      if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
      if left > 2 { group |= UInt32(bytes[index + 2]) }
      append(Base64.alphabet[Int(group >> 18)])
      append(Base64.alphabet[Int(group >> 12 & 63)])
      append(left > 1 ? Base64.alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
      append(left > 2 ? Base64.alphabet[Int(group & 63)] : UInt8(ascii: "="))
      index += 3
    }
  }
}
