package import Bytes
import CCrypto

/// CRC-32C (Castagnoli), what guards every stored value: RFC 3720 appendix B.4, polynomial 0x1EDC6F41, reflected.
package enum CRC32C {
  /// The checksum of `bytes`, or of everything so far when `previous` is the checksum of what came before them.
  package static func checksum(_ bytes: ByteSpan, after previous: UInt32 = 0) -> UInt32 {
    guard hardware else { return checksumByTable(bytes, after: previous) }
    return unsafe bytes.withUnsafeBufferPointer { pointer in
      var state = ~previous
      var offset = 0
      var three: (UInt32, UInt32, UInt32) = (0, 0, 0)
      while pointer.count - offset >= 3 * runBytes {
        let place = unsafe pointer.baseAddress.map { unsafe $0 + offset }
        unsafe withUnsafeMutablePointer(to: &three) { registers in
          unsafe registers.withMemoryRebound(to: UInt32.self, capacity: 3) {
            unsafe hoglet_crc32c_feed_three(state, place, runBytes, $0)
          }
        }
        // A register is linear in its bits: each run's is what it would be after as many zero bytes as followed it.
        state = afterRun(afterRun(three.0) ^ three.1) ^ three.2
        offset += 3 * runBytes
      }
      let rest = unsafe UnsafeBufferPointer(rebasing: pointer[offset...])
      return unsafe ~hoglet_crc32c_feed(state, rest.baseAddress, rest.count)
    }
  }

  /// How much the processor takes three times at once: much more than joining the runs costs, little beside a chunk.
  private static let runBytes = 2048

  /// A register after `runBytes` zero bytes.
  private static func afterRun(_ register: UInt32) -> UInt32 {
    var result: UInt32 = 0
    for place in 0..<4 {
      result ^= zeros[256 * place + Int(UInt8(truncatingIfNeeded: register &>> UInt32(8 * place)))]
    }
    return result
  }

  /// `afterRun` of every value of each of the register's four bytes.
  private static let zeros: [UInt32] = {
    let run = [UInt8](repeating: 0, count: runBytes)
    return (0..<1024).map { index in
      let register = UInt32(index & 255) &<< UInt32(8 * (index / 256))
      return unsafe run.withUnsafeBytes { unsafe hoglet_crc32c_feed(register, $0.baseAddress, $0.count) }
    }
  }()

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
