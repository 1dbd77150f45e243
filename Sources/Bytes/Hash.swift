/// A fast, unkeyed 64-bit hash for tables whose keys come from mapping files, never for tables that clients can fill.
@usableFromInline
package enum Hash {
  /// Hashes a slice eight bytes at a time (a multiply-and-fold mix).
  @inlinable package static func bytes(_ bytes: ByteSpan, _ slice: Slice) -> UInt64 {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(slice.count)
    var offset = slice.start
    let end = slice.end
    while end &- offset >= 8 {
      hash = mix(hash ^ bytes.word(at: offset))
      offset &+= 8
    }
    if offset > slice.start {
      // The rest is in the last eight bytes, some of them hashed already.
      return offset < end ? mix(hash ^ bytes.word(at: end &- 8)) : hash
    }
    var tail: UInt64 = 0
    while offset < end {
      tail = tail &<< 8 | UInt64(bytes[offset])
      offset &+= 1
    }
    return mix(hash ^ tail)
  }

  @inlinable static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xff51_afd7_ed55_8ccd)
    return product.high ^ product.low
  }
}
