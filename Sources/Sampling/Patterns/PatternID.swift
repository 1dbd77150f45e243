import Bytes

/// What a kind of log line or span is known by: a hash of its constant words, equal on every replica and after every start.
package struct PatternID: Hashable, Sendable, CustomStringConvertible {
  package let value: UInt64

  package init(_ value: UInt64) { self.value = value }

  /// Sixteen hexadecimal digits.
  package var description: String { Hex.string(value) }
}

/// Hashes that end in ids which others have stored: what they give must never change. They have no secret, since replicas
/// must agree; tables that clients can fill hash them once more.
enum PatternHash {
  static let seed: UInt64 = 0x6a09_e667_f3bc_c908

  /// The upper and the lower half of a product, folded.
  @inline(__always) static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = (left ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: right ^ 0xbb67_ae85_84ca_a73b)
    return product.high ^ product.low
  }

  /// Text, eight bytes at a time; `tag` tells apart texts that stand for different things.
  @inline(__always) static func text(_ bytes: ByteSpan, _ start: Int, _ count: Int, tag: UInt64) -> UInt64 {
    precondition(start >= 0 && count >= 0 && start &+ count <= bytes.count)
    var hash = seed ^ tag
    var index = start
    let end = start &+ count
    while end &- index > 8 {
      hash = mix(hash, unsafe UInt64(littleEndian: bytes.uncheckedWord(index)))
      index &+= 8
    }
    var tail: UInt64 = 0
    if count >= 8 {
      // Some of them are hashed already.
      tail = unsafe UInt64(littleEndian: bytes.uncheckedWord(end &- 8))
    } else {
      while index < end {
        tail = tail &<< 8 | UInt64(unsafe bytes[unchecked: index])
        index &+= 1
      }
    }
    return mix(hash ^ UInt64(truncatingIfNeeded: count), tail)
  }
}
