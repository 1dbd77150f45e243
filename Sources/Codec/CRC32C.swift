package import Bytes
import CCrypto

/// CRC-32C (Castagnoli), what guards every stored value: RFC 3720 appendix B.4, polynomial 0x1EDC6F41, reflected.
package enum CRC32C {
  /// The checksum of `bytes`, or of everything so far when `previous` is the checksum of what came before them.
  package static func checksum(_ bytes: ByteSpan, after previous: UInt32 = 0) -> UInt32 {
    guard hardware else { return checksumByTable(bytes, after: previous) }
    return unsafe bytes.withUnsafeBufferPointer { pointer in
      unsafe ~hoglet_crc32c_feed(~previous, pointer.baseAddress, pointer.count)
    }
  }

  /// The same without the processor's help, for machines that have none.
  package static func checksumByTable(_ bytes: ByteSpan, after previous: UInt32 = 0) -> UInt32 {
    var state = ~previous
    for index in bytes.indices {
      state = table[Int(UInt8(truncatingIfNeeded: state) ^ bytes[index])] ^ state &>> 8
    }
    return ~state
  }

  private static let hardware = hoglet_crc32c_supported() != 0

  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { state, _ in state & 1 == 0 ? state &>> 1 : state &>> 1 ^ 0x82f6_3b78 }
  }
}
