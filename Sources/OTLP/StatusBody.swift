internal import Bytes

/// The body of every answer that is no success: `google.rpc.Status` in the encoding of the request (OTLP, "Failures").
package enum StatusBody {
  /// - Parameter code: a gRPC status code (`google.rpc.Code`); 0 leaves it out.
  /// - Parameter message: for the person who reads the client's log; cut at `Limits.messageBytesMax`.
  package static func body(code: Int, message: String, encoding: Encoding) -> [UInt8] {
    let text = ExportResponse.shortened(message, to: Limits.messageBytesMax)
    var output = ByteBuffer(capacity: 32 + text.count)
    switch encoding {
    case .protobuf:
      if code > 0 {
        output.appendTag(1, .varint)
        output.appendVarint(UInt64(code))
      }
      if !text.isEmpty { output.appendField(2, text.span) }
    case .json:
      output.append("{\"code\":")
      output.appendDecimal(Int64(code))
      output.append(",\"message\":")
      output.appendJSONString(text.span, Slice(0, text.count))
      output.append("}")
    }
    return output.array()
  }
}
