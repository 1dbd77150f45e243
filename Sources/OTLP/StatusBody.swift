internal import Bytes

/// The body of every answer that is no success: `google.rpc.Status` in the encoding of the request (OTLP, "Failures").
package enum StatusBody {
  /// - Parameter code: a gRPC status code (`google.rpc.Code`); 0 leaves it out.
  /// - Parameter message: for the person who reads the client's log; cut at `Limits.messageBytesMax`.
  /// - Parameter retryAfter: seconds, as a `google.rpc.RetryInfo`, which is what gRPC clients look for; nil for none.
  package static func body(code: Int, message: String, retryAfter: Int? = nil, encoding: Encoding) -> [UInt8] {
    let text = ExportResponse.shortened(message, to: Limits.messageBytesMax)
    var output = ByteBuffer(capacity: 32 + text.count)
    switch encoding {
    case .protobuf:
      if code > 0 {
        output.appendTag(1, .varint)
        output.appendVarint(UInt64(code))
      }
      if !text.isEmpty { output.appendField(2, text.span) }
      if let retryAfter { output.appendField(3, retryInfo(retryAfter).span) }
    case .json:
      output.append("{\"code\":")
      output.appendDecimal(Int64(code))
      output.append(",\"message\":")
      output.appendJSONString(text.span, Slice(0, text.count))
      if let retryAfter {
        output.append(",\"details\":[{\"@type\":\"\(retryInfoType)\",\"retryDelay\":\"\(retryAfter)s\"}]")
      }
      output.append("}")
    }
    return output.array()
  }

  private static let retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"

  /// A `google.protobuf.Any` of a `RetryInfo` of a `Duration`.
  private static func retryInfo(_ seconds: Int) -> [UInt8] {
    var duration = ByteBuffer(capacity: 8)
    duration.appendTag(1, .varint)
    duration.appendVarint(UInt64(seconds))
    var info = ByteBuffer(capacity: 16)
    duration.withSpan { info.appendField(1, $0) }
    var any = ByteBuffer(capacity: 64)
    any.appendField(1, Array(retryInfoType.utf8).span)
    info.withSpan { any.appendField(2, $0) }
    return any.array()
  }
}
