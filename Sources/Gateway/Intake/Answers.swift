import OTLP
import Spool
import Telemetry
import Transport

/// Answers to exporters, as the OTLP specification has them: always in the request's encoding, errors as
/// `google.rpc.Status`.
enum Answers {
  /// Real exporters give up when they are told to wait for more than a few seconds.
  private static let retryAfter = 1

  static func success(_ waiting: PendingReplies.Waiting) -> Response {
    success(waiting.signal, rejected: waiting.rejected, message: waiting.rejection, waiting.encoding)
  }

  static func success(_ signal: Signal, rejected: Int, message: String, _ encoding: Encoding) -> Response {
    response(200, ExportResponse.body(signal, rejected: rejected, message: message, encoding: encoding), encoding)
  }

  static func metrics(_ encoding: Encoding) -> Response {
    response(
      200,
      ExportResponse.metrics(
        rejected: 0, message: "Hoglet does not forward metrics; set OTEL_METRICS_EXPORTER=none to stop sending them",
        encoding: encoding), encoding)
  }

  static func error(_ status: UInt16, _ message: String, _ encoding: Encoding) -> Response {
    error(status, message, retryAfter: nil, encoding)
  }

  /// An answer that says when to come again.
  static func later(_ status: UInt16, _ message: String, _ encoding: Encoding) -> Response {
    error(status, message, retryAfter: retryAfter, encoding)
  }

  static func unavailable(_ message: String, _ encoding: Encoding) -> Response { later(503, message, encoding) }

  private static func error(
    _ status: UInt16, _ message: String, retryAfter: Int?, _ encoding: Encoding
  ) -> Response {
    let code = retryAfter == nil ? Response.Failure.code(status: status) : Response.Failure.unavailable
    var answer = response(
      status, StatusBody.body(code: code, message: message, retryAfter: retryAfter, encoding: encoding), encoding)
    if let retryAfter { answer.headers.append(("Retry-After", "\(retryAfter)")) }
    // RFC 9110, section 15.5.2.
    if status == 401 { answer.headers.append(("WWW-Authenticate", "Bearer")) }
    answer.failure = Response.Failure(code: code, message: message)
    return answer
  }

  /// What `grpc.health.v1.Health/Check` answers.
  static func health(isServing: Bool) -> Response {
    Response(status: 200, body: [0x08, isServing ? 1 : 2])
  }

  static func refused(_ refusal: Refusal, _ encoding: Encoding) -> Response {
    switch refusal {
    case .full(let bytesMax):
      unavailable("the spool is full (\(bytesMax) bytes, spool.max_bytes); retry", encoding)
    case .keyFull(let bytesMax):
      later(
        429,
        "this project key has \(bytesMax) bytes in the spool, as much as one key may (half of spool.max_bytes); retry",
        encoding)
    case .diskLow(let freeBytes):
      unavailable("the disk is nearly full (\(freeBytes) bytes free, spool.min_free); retry", encoding)
    case .busy: unavailable("more is arriving than the disk takes; retry", encoding)
    case .tooManyLanes: error(429, "too many project keys are in use at this gateway", encoding)
    case .failed: unavailable("the disk failed; the request was not stored; retry", encoding)
    case .closing: unavailable("the gateway is shutting down; retry", encoding)
    }
  }

  private static func response(_ status: UInt16, _ body: [UInt8], _ encoding: Encoding) -> Response {
    Response(
      status: status,
      headers: [("Content-Type", encoding == .json ? "application/json" : "application/x-protobuf")], body: body)
  }
}
