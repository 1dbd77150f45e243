import COpenSSL
import NIOCore

/// TLS of one connection: what comes from the network goes in, what the network is to get comes out, without a socket
/// (memory BIOs).
@safe final class TLSSession {
  private let session: OpaquePointer
  /// The session owns both.
  private let input: OpaquePointer
  private let output: OpaquePointer
  /// What it began with must live as long.
  private let contexts: TLSContexts
  private(set) var isEstablished = false

  enum Progress: Equatable {
    case done
    /// More bytes of the client are needed.
    case waiting
    /// The client said goodbye.
    case ended
    case failed
  }

  init?(_ contexts: TLSContexts) {
    guard let session = unsafe contexts.first.session() else { return nil }
    guard let input = unsafe BIO_new(BIO_s_mem()), let output = unsafe BIO_new(BIO_s_mem()) else {
      unsafe SSL_free(session)
      return nil
    }
    unsafe SSL_set_bio(session, input, output)
    unsafe SSL_set_accept_state(session)
    unsafe self.session = session
    unsafe self.input = input
    unsafe self.output = output
    self.contexts = contexts
  }

  deinit { unsafe SSL_free(session) }

  func receive(_ bytes: UnsafeRawBufferPointer) {
    _ = unsafe BIO_write(input, bytes.baseAddress, Int32(bytes.count))
  }

  func handshake() -> Progress {
    ERR_clear_error()
    let code = unsafe SSL_do_handshake(session)
    if code == 1 {
      isEstablished = true
      return .done
    }
    return progress(code)
  }

  /// Most bytes of one TLS record (RFC 8446, section 5.1). What is given to OpenSSL at once, for its own buffers keep the
  /// size that they once had.
  static let recordBytesMax = 16 << 10
  /// OpenSSL hands out a record in as many parts as are asked for.
  private static let roomMin = 512

  /// Appends what has come of the client's bytes.
  func read(into buffer: inout ByteBuffer) -> Progress {
    while true {
      var progress = Progress.done
      unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.roomMin) { room in
        ERR_clear_error()
        let count = unsafe SSL_read(session, room.baseAddress, Int32(room.count))
        if count > 0 { return Int(count) }
        progress = self.progress(count)
        return 0
      }
      if progress != .done { return progress }
    }
  }

  /// Takes all of it; false if the session is over.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count == 0 { return true }
    ERR_clear_error()
    return unsafe SSL_write(session, bytes.baseAddress, Int32(bytes.count)) > 0
  }

  /// Says goodbye: nothing more is written.
  func finish() {
    ERR_clear_error()
    unsafe SSL_shutdown(session)
  }

  /// What the network is to get.
  func takeOutput(_ allocator: ByteBufferAllocator) -> ByteBuffer? {
    let count = unsafe Int(BIO_ctrl_pending(output))
    guard count > 0 else { return nil }
    var buffer = allocator.buffer(capacity: count)
    unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
      max(0, Int(unsafe BIO_read(output, room.baseAddress, Int32(count))))
    }
    return buffer
  }

  private func progress(_ code: Int32) -> Progress {
    switch unsafe SSL_get_error(session, code) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .waiting
    case SSL_ERROR_ZERO_RETURN: .ended
    default: .failed
    }
  }
}
