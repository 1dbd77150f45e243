import Bytes

/// What is kept of a secret to know it again: its SHA-256. Comparing two takes the same time wherever they differ, and
/// where one stands in a dictionary follows from a number that this process drew (SipHash), so that looking one up tells
/// nothing of those that are there.
package struct SecretDigest: Sendable, Hashable {
  private let bytes: [UInt8]

  package init(of secret: String) {
    bytes = SHA256.digest(Array(secret.utf8).span)
  }

  /// Reads 64 hexadecimal digits, in either case; nil for anything else.
  package init?(hex text: String) {
    let digits = text.utf8.compactMap(Hex.digit)
    guard text.utf8.count == 2 * SHA256.byteCount, digits.count == text.utf8.count else { return nil }
    bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  package static func == (left: Self, right: Self) -> Bool { ConstantTime.equal(left.bytes.span, right.bytes.span) }

  package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
