internal import Bytes

/// Names a project key where people look, without giving it away: its public prefix and eight hexadecimal digits of its
/// SHA-256, for example `phc_1a2b3c4d`.
package enum KeyFingerprint {
  /// Of four billion fingerprints, two of a thousand lanes share one once in 8,000 gateways.
  static let digestBytes = 4

  /// - Parameter digest: SHA-256.
  package static func label(of key: String, digest: ([UInt8]) -> [UInt8]) -> String {
    let bytes = Array(key.utf8)
    // Of other keys nothing is public, not even four characters.
    let prefix = bytes.starts(with: "ph".utf8) && bytes.dropFirst(3).first == UInt8(ascii: "_") ? key.prefix(4) : "key_"
    var buffer = ByteBuffer(capacity: 8)
    for byte in digest(bytes).prefix(digestBytes) {
      buffer.append(Hex.character(UInt64(byte >> 4)))
      buffer.append(Hex.character(UInt64(byte & 15)))
    }
    return prefix + buffer.string
  }
}
