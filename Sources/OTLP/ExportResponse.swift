internal import Bytes
package import Telemetry

/// The two encodings of OTLP/HTTP; a response is written in that of its request.
package enum Encoding: Sendable, CaseIterable {
  case protobuf
  case json
}

/// The body of a 200: `ExportTraceServiceResponse`, `ExportLogsServiceResponse`, `ExportMetricsServiceResponse`.
package enum ExportResponse {
  /// `partial_success` is unset when nothing was rejected and there is nothing to say (OTLP, "Full Success").
  package static func body(_ signal: Signal, rejected: Int, message: String, encoding: Encoding) -> [UInt8] {
    switch signal {
    case .traces: body(rejected, "rejectedSpans", message, encoding)
    case .logs: body(rejected, "rejectedLogRecords", message, encoding)
    }
  }

  /// The answer to metrics, which are accepted and not kept: `rejected` may be 0 with a message, which is a warning.
  package static func metrics(rejected: Int, message: String, encoding: Encoding) -> [UInt8] {
    body(rejected, "rejectedDataPoints", message, encoding)
  }

  private static func body(
    _ rejected: Int, _ name: StaticString, _ message: String, _ encoding: Encoding
  ) -> [UInt8] {
    let text = shortened(message, to: Limits.messageBytesMax)
    let isPartial = rejected > 0 || !text.isEmpty
    var output = ByteBuffer(capacity: 64 + text.count)
    switch encoding {
    case .protobuf:
      guard isPartial else { break }
      var partial = ByteBuffer(capacity: 16 + text.count)
      if rejected > 0 {
        partial.appendTag(1, .varint)
        partial.appendVarint(UInt64(rejected))
      }
      if !text.isEmpty { partial.appendField(2, text.span) }
      partial.withSpan { output.appendField(1, $0) }
    case .json:
      guard isPartial else {
        output.append("{}")
        break
      }
      output.append("{\"partialSuccess\":{")
      if rejected > 0 {
        output.append("\"")
        output.append(name)
        // OTLP/JSON writes 64-bit integers as strings.
        output.append("\":\"")
        output.appendDecimal(UInt64(rejected))
        output.append(text.isEmpty ? "\"" : "\",")
      }
      if !text.isEmpty {
        output.append("\"errorMessage\":")
        output.appendJSONString(text.span, Slice(0, text.count))
      }
      output.append("}}")
    }
    return output.array()
  }

  /// At most `max` bytes of `message`, cut between characters.
  static func shortened(_ message: String, to max: Int) -> [UInt8] {
    var text = Array(message.utf8.prefix(max + 1))
    guard text.count > max else { return text }
    text.removeLast()
    // A sequence that the cut left incomplete goes with it: its continuation bytes, then its lead.
    if let lead = text.lastIndex(where: { $0 & 0xc0 != 0x80 }),
      !UTF8Check.isValid(text.span, Slice(lead, text.count))
    {
      text.removeSubrange(lead...)
    }
    return text
  }
}
