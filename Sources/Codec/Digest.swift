package import Bytes
import CCrypto

/// SHA-1 (FIPS 180-4), for identifiers only; nothing secret rests on it.
package enum SHA1 {
  package static let byteCount = 20

  /// The 20 bytes of the digest.
  package static func digest(_ bytes: ByteSpan) -> [UInt8] {
    unsafe bytes.withUnsafeBufferPointer { input in
      unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
        var context = SHA_CTX()
        unsafe SHA1_Init(&context)
        unsafe SHA1_Update(&context, input.baseAddress, input.count)
        unsafe SHA1_Final(output.baseAddress, &context)
        count = byteCount
      }
    }
  }
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
  package static let byteCount = 32

  /// The 32 bytes of the digest.
  package static func digest(_ bytes: ByteSpan) -> [UInt8] {
    unsafe bytes.withUnsafeBufferPointer { input in
      unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
        var context = SHA256_CTX()
        unsafe SHA256_Init(&context)
        unsafe SHA256_Update(&context, input.baseAddress, input.count)
        unsafe SHA256_Final(output.baseAddress, &context)
        count = byteCount
      }
    }
  }
}

/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
  /// The 32 bytes that authenticate `message` under `key`.
  package static func code(key: ByteSpan, message: ByteSpan) -> [UInt8] {
    unsafe key.withUnsafeBufferPointer { key in
      unsafe message.withUnsafeBufferPointer { message in
        unsafe [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { output, count in
          // A null key means "the key of last time" to OpenSSL, so an empty key is a byte that is not read.
          var none: UInt8 = 0
          var length: UInt32 = 0
          unsafe withUnsafePointer(to: &none) { empty in
            _ = unsafe HMAC(
              EVP_sha256(), key.baseAddress ?? empty, CInt(key.count), message.baseAddress ?? empty, message.count,
              output.baseAddress, &length)
          }
          precondition(length == UInt32(SHA256.byteCount), "libcrypto has no SHA-256")
          count = SHA256.byteCount
        }
      }
    }
  }
}

/// Comparison of secrets that takes the same time wherever they differ.
package enum ConstantTime {
  /// Whether both hold the same bytes. Only a difference in length shows in the time taken: compare digests.
  package static func equal(_ left: ByteSpan, _ right: ByteSpan) -> Bool {
    guard left.count == right.count else { return false }
    if left.isEmpty { return true }
    return unsafe left.withUnsafeBufferPointer { left in
      unsafe right.withUnsafeBufferPointer { right in
        unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
      }
    }
  }
}
