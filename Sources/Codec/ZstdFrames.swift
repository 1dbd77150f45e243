import Bytes
import CZstd

/// Unpacks zstd frames (RFC 8878), with or without a declared size.
@safe struct ZstdFrames: ~Copyable {
  /// 8 MiB, what compression up to level 19 needs and RFC 8878 asks decoders to support; the format allows far more.
  static let windowLogMax = 23

  private let context: OpaquePointer

  init() {
    guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("out of memory for a zstd context") }
    unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, CInt(Self.windowLogMax))
    unsafe self.context = context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Unpacks all frames of `bytes`; see `Decompressor`.
  borrowing func decompress(_ bytes: ByteSpan, limit: Int, _ hold: (Int) -> Bool) throws(CodecError) -> [UInt8] {
    // One byte above the limit, so that the byte too many shows itself.
    var growth = Growth(packed: bytes.count, claimed: Self.claimedSize(bytes), limit: limit + 1)
    var output = [UInt8]()
    var offset = 0
    var frameStart = 0
    while true {
      guard hold(min(growth.room, limit)) else { throw .noRoom }
      let step = advance(bytes, &offset, &output, room: growth.room - output.count)
      guard output.count <= limit else { throw .tooLarge(limit: limit) }
      switch step {
      case .frameEnd:
        if Decompressor.isPadding(bytes, from: offset) { return output }
        frameStart = offset
      case .outputFull:
        // At the limit the room is still one byte, so this always makes headway.
        _ = growth.grow()
      case .inputEnd: throw .damaged(.zstd)
      case .failed(let code):
        if code == ZSTD_error_frameParameter_windowTooLarge { throw .windowTooLarge }
        if code == ZSTD_error_prefix_unknown && frameStart > 0 {
          throw .trailingBytes(.zstd, count: bytes.count - frameStart)
        }
        throw .damaged(.zstd)
      }
    }
  }

  private enum Step {
    case frameEnd, outputFull, inputEnd
    case failed(ZSTD_ErrorCode)
  }

  /// Decodes until the frame ends, the room is full, or the input is used up.
  private borrowing func advance(
    _ bytes: ByteSpan, _ offset: inout Int, _ output: inout [UInt8], room: Int
  ) -> Step {
    var step = Step.inputEnd
    var position = offset
    let context = unsafe context
    unsafe bytes.withUnsafeBytes { packed in
      output.append(addingCapacity: max(room, 1)) { span in
        unsafe span.withUnsafeMutableBufferPointer { free, count in
          var input = unsafe ZSTD_inBuffer(src: packed.baseAddress, size: packed.count, pos: position)
          var target = unsafe ZSTD_outBuffer(dst: free.baseAddress, size: room, pos: 0)
          let result = unsafe ZSTD_decompressStream(context, &target, &input)
          unsafe (position, count) = (input.pos, target.pos)
          step =
            if ZSTD_isError(result) != 0 {
              .failed(ZSTD_getErrorCode(result))
            } else if result == 0 {
              .frameEnd
            } else if unsafe target.pos == target.size {
              .outputFull
            } else {
              .inputEnd
            }
        }
      }
    }
    offset = position
    return step
  }

  /// The size the first frame declares; nil when it does not. A claim only.
  private static func claimedSize(_ bytes: ByteSpan) -> Int? {
    let size = unsafe bytes.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    if size == hoglet_zstd_size_unknown() || size == hoglet_zstd_size_error() { return nil }
    return Int(clamping: size)
  }
}
