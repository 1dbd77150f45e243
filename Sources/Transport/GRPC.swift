import Bytes

/// Unary gRPC over HTTP/2, as its protocol description has it: one message with five bytes before it, a status in the
/// trailers.
enum GRPC {
  static let prefixBytes = 5

  /// Whether a content type is gRPC's; what follows a `+` says how messages are encoded.
  static func isGRPC(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    let rest = contentType.utf8.dropFirst(name.utf8.count)
    return contentType.utf8.prefix(name.utf8.count).elementsEqual(name.utf8)
      && (rest.isEmpty || rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: ";"))
  }

  private static let name = "application/grpc"

  /// The time a client gives a call: at most eight digits and a unit. Nil for anything else.
  static func timeout(_ text: String) -> Duration? {
    guard let unit = text.utf8.last, (2...9).contains(text.utf8.count),
      text.utf8.dropLast().allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(text.dropLast())
    else { return nil }
    switch unit {
    case UInt8(ascii: "H"): return .seconds(count * 3_600)
    case UInt8(ascii: "M"): return .seconds(count * 60)
    case UInt8(ascii: "S"): return .seconds(count)
    case UInt8(ascii: "m"): return .milliseconds(count)
    case UInt8(ascii: "u"): return .microseconds(count)
    case UInt8(ascii: "n"): return .nanoseconds(count)
    default: return nil
    }
  }

  /// What stands before a message.
  struct Prefix: Equatable {
    var isCompressed: Bool
    var length: Int

    /// Nil unless it is five bytes with a flag that is known.
    init?(_ bytes: [UInt8]) {
      guard bytes.count == prefixBytes, bytes[0] <= 1 else { return nil }
      isCompressed = bytes[0] == 1
      length = bytes[1...].reduce(0) { $0 << 8 | Int($1) }
    }
  }

  /// A message with its five bytes, uncompressed: answers are short.
  static func framed(_ message: [UInt8]) -> [UInt8] {
    let count = UInt32(message.count)
    return [0, UInt8(count >> 24), UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)] + message
  }

  /// The status that ends a call.
  static func trailers(_ response: Response) -> [(String, String)] {
    guard response.status != 200 else { return [("grpc-status", "0")] }
    let failure = response.failure
    var trailers = [("grpc-status", String(failure?.code ?? Response.Failure.code(status: response.status)))]
    if let message = failure?.message, !message.isEmpty { trailers.append(("grpc-message", escaped(message))) }
    if failure != nil, !response.body.isEmpty {
      trailers.append(("grpc-status-details-bin", base64(response.body)))
    }
    if failure?.code == Response.Failure.unimplemented {
      trailers.append(("grpc-accept-encoding", "identity,gzip,deflate,zstd"))
    }
    return trailers
  }

  /// The call took longer than the client gave it.
  static let deadlineExceeded = 4
  /// The client's framing is wrong.
  static let internalError = 13

  private static func base64(_ bytes: [UInt8]) -> String {
    var output = ByteBuffer(capacity: bytes.count * 2)
    output.appendBase64(bytes.span, Slice(0, bytes.count))
    return String(decoding: output.array(), as: UTF8.self)
  }

  /// Everything but visible ASCII and blanks as `%xx`.
  private static func escaped(_ text: String) -> String {
    var output: [UInt8] = []
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in text.utf8 {
      if (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "%") {
        output.append(byte)
      } else {
        output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: output, as: UTF8.self)
  }
}
