/// Why a body could not be unpacked. Data errors: the client's fault, told to the client.
package enum CodecError: Error, Equatable, CustomStringConvertible {
  /// `Content-Encoding` names something we do not read, or several encodings at once.
  case unsupported(encoding: String)
  /// The output would exceed `limit` bytes.
  case tooLarge(limit: Int)
  /// The bytes are not what the encoding promises: damaged, cut short, or another format.
  case damaged(ContentEncoding)
  /// A complete body is followed by bytes that belong to nothing.
  case trailingBytes(ContentEncoding, count: Int)
  /// A zstd frame asks for a window above `ZstdFrames.windowLogMax`.
  case windowTooLarge
  /// There is no memory for what comes out; not the client's fault.
  case noRoom

  package var description: String {
    switch self {
    case .unsupported(let encoding):
      "content-encoding \(encoding) is not supported; send identity, gzip, deflate or zstd, one of them"
    case .tooLarge(let limit):
      "the body is larger than \(limit) bytes after decompression; send smaller batches"
    case .damaged(let encoding):
      "the body is not valid \(encoding.rawValue): damaged, cut short, or encoded otherwise than content-encoding says"
    case .trailingBytes(let encoding, let count):
      "\(count) bytes follow the end of the \(encoding.rawValue) body"
    case .windowTooLarge:
      "the zstd body needs a window above 8 MiB; compress at level 19 or below and without --long"
    case .noRoom:
      "there is no memory for the body once it is decompressed; retry"
    }
  }
}
