package import Bytes
import CCrypto

/// Name-based UUIDs (RFC 9562, section 5.5): the same namespace and name give the same id, on every machine.
package enum UUID5 {
  /// The id of `name` under `namespace`, both ids as (first eight bytes, last eight bytes), big-endian.
  ///
  /// Called once for every event: works on the stack and allocates nothing.
  package static func make(namespace: (UInt64, UInt64), name: ByteSpan) -> (UInt64, UInt64) {
    var context = SHA_CTX()
    unsafe SHA1_Init(&context)
    var prefix = (namespace.0.bigEndian, namespace.1.bigEndian)
    unsafe withUnsafeBytes(of: &prefix) { _ = unsafe SHA1_Update(&context, $0.baseAddress, $0.count) }
    unsafe name.withUnsafeBufferPointer { _ = unsafe SHA1_Update(&context, $0.baseAddress, $0.count) }
    // Three words hold the 20 bytes; the last four are not part of the id.
    var digest: (UInt64, UInt64, UInt64) = (0, 0, 0)
    unsafe withUnsafeMutableBytes(of: &digest) { bytes in
      _ = unsafe SHA1_Final(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
    }
    let version = digest.0.bigEndian & ~0xf000 | 0x5000
    let variant = digest.1.bigEndian & ~(0b11 << 62) | 0b10 << 62
    return (version, variant)
  }

  /// The id of the bytes that `slice` names in `bytes`.
  package static func make(namespace: (UInt64, UInt64), name bytes: ByteSpan, _ slice: Slice) -> (UInt64, UInt64) {
    make(namespace: namespace, name: bytes.extracting(slice.range))
  }
}
