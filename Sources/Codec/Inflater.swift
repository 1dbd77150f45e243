import Bytes
import CDeflate

/// Unpacks gzip (RFC 1952), zlib (RFC 1950) and raw deflate (RFC 1951) with libdeflate.
///
/// libdeflate works on whole buffers: with too little room it stops and has to start the member again. Room doubles, so
/// all attempts together cost at most twice the last.
@safe struct Inflater: ~Copyable {
  private enum Container { case gzip, zlib, raw }

  private let decompressor: OpaquePointer

  init() {
    guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
      preconditionFailure("out of memory for a decompressor")
    }
    unsafe self.decompressor = decompressor
  }

  deinit { unsafe libdeflate_free_decompressor(decompressor) }

  borrowing func gzip(_ bytes: ByteSpan, limit: Int, _ hold: (Int) -> Bool) throws(CodecError) -> [UInt8] {
    var growth = Growth(packed: bytes.count, claimed: Self.claimedSize(bytes), limit: limit)
    var output = [UInt8]()
    var offset = 0
    repeat {
      offset += try member(.gzip, of: bytes, from: offset, into: &output, &growth, hold, encoding: .gzip)
    } while offset + 1 < bytes.count && bytes[offset] == 0x1f && bytes[offset + 1] == 0x8b
    try checkEnd(bytes, offset, .gzip)
    return output
  }

  /// `Content-Encoding: deflate` means zlib; some clients send raw deflate, which never begins like a zlib header:
  /// its first byte would be a stored block with non-zero padding.
  borrowing func deflate(_ bytes: ByteSpan, limit: Int, _ hold: (Int) -> Bool) throws(CodecError) -> [UInt8] {
    var growth = Growth(packed: bytes.count, claimed: nil, limit: limit)
    var output = [UInt8]()
    let container: Container = Self.isZlib(bytes) ? .zlib : .raw
    let offset = try member(container, of: bytes, from: 0, into: &output, &growth, hold, encoding: .deflate)
    try checkEnd(bytes, offset, .deflate)
    return output
  }

  /// Unpacks one member behind `output`; answers how many packed bytes it took.
  private borrowing func member(
    _ container: Container, of bytes: ByteSpan, from offset: Int, into output: inout [UInt8], _ growth: inout Growth,
    _ hold: (Int) -> Bool, encoding: ContentEncoding
  ) throws(CodecError) -> Int {
    while true {
      guard hold(growth.room) else { throw .noRoom }
      var used = 0
      let result = attempt(container, bytes, offset, &output, room: growth.room - output.count, &used)
      switch result {
      case LIBDEFLATE_SUCCESS: return used
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        guard growth.grow() else { throw .tooLarge(limit: growth.limit) }
      default: throw .damaged(encoding)
      }
    }
  }

  private borrowing func attempt(
    _ container: Container, _ bytes: ByteSpan, _ offset: Int, _ output: inout [UInt8], room: Int, _ used: inout Int
  ) -> libdeflate_result {
    var result = LIBDEFLATE_BAD_DATA
    var taken = 0
    let decompressor = unsafe decompressor
    unsafe bytes.withUnsafeBytes { input in
      let packed = unsafe UnsafeRawBufferPointer(rebasing: input[offset...])
      output.append(addingCapacity: max(room, 1)) { span in
        unsafe span.withUnsafeMutableBufferPointer { free, count in
          var written = 0
          let call =
            switch container {
            case .gzip: unsafe libdeflate_gzip_decompress_ex
            case .zlib: unsafe libdeflate_zlib_decompress_ex
            case .raw: unsafe libdeflate_deflate_decompress_ex
            }
          unsafe result = call(
            decompressor, packed.baseAddress, packed.count, free.baseAddress, room, &taken, &written)
          count = result == LIBDEFLATE_SUCCESS ? written : 0
        }
      }
    }
    used = taken
    return result
  }

  private borrowing func checkEnd(_ bytes: ByteSpan, _ offset: Int, _ encoding: ContentEncoding) throws(CodecError) {
    guard Decompressor.isPadding(bytes, from: offset) else {
      throw .trailingBytes(encoding, count: bytes.count - offset)
    }
  }

  /// The last four bytes of a member say its size, modulo 4 GiB; a claim only.
  private static func claimedSize(_ bytes: ByteSpan) -> Int? {
    guard bytes.count >= 18 else { return nil }
    return (1...4).reduce(0) { size, distance in size << 8 | Int(bytes[bytes.count - distance]) }
  }

  private static func isZlib(_ bytes: ByteSpan) -> Bool {
    guard bytes.count >= 2 else { return false }
    let header = Int(bytes[0]) << 8 | Int(bytes[1])
    return bytes[0] & 0x0f == 8 && bytes[0] >> 4 <= 7 && header % 31 == 0
  }
}
