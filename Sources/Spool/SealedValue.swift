import Bytes
import Codec

/// A small stored value: a CRC-32C (four bytes, little-endian) over its key and its payload, then the payload. With the key
/// in it, a value that turns up in the wrong place does not pass.
enum SealedValue {
  /// Stores `payload` under `key`.
  static func put(
    _ payload: ByteSpan, in database: Database, _ key: StoreKey, _ transaction: borrowing Transaction
  ) throws(StoreFailure) {
    let checksum = CRC32C.checksum(payload, after: checksum(key))
    try unsafe transaction.put(database, key, count: 4 + payload.count) { target in
      unsafe target.storeBytes(of: checksum.littleEndian, as: UInt32.self)
      unsafe payload.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[4...]).copyMemory(from: $0)
      }
    }
  }

  /// The payload of a stored value; nil if its checksum is wrong.
  static func open(_ value: UnsafeRawBufferPointer, _ key: StoreKey) -> [UInt8]? {
    guard value.count >= 4 else { return nil }
    let stored = unsafe UInt32(littleEndian: value.loadUnaligned(as: UInt32.self))
    let payload = unsafe UnsafeRawBufferPointer(rebasing: value[4...])
    guard unsafe stored == CRC32C.checksum(ByteSpan(_unsafeBytes: payload), after: checksum(key)) else { return nil }
    return unsafe [UInt8](payload)
  }

  static func checksum(_ key: StoreKey) -> UInt32 {
    unsafe key.withBytes { unsafe CRC32C.checksum(ByteSpan(_unsafeBytes: $0)) }
  }
}
