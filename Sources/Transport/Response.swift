/// An answer, whatever the protocol is.
package struct Response: Sendable {
  /// The HTTP status code, 200 to 599.
  package var status: UInt16
  /// Names and values; `content-length` and `connection` are the transport's business. No line breaks inside.
  package var headers: [(String, String)]
  package var body: [UInt8]
  /// What gRPC says of an answer that is not 200; the body then is a `google.rpc.Status`, or empty.
  package var failure: Failure?

  /// A gRPC status.
  package struct Failure: Sendable, Equatable {
    /// A `google.rpc.Code`.
    package var code: Int
    package var message: String

    package init(code: Int, message: String) {
      self.code = code
      self.message = message
    }

    /// Every exporter tries such a call again, with or without a `RetryInfo`.
    package static let unavailable = 14
    static let unimplemented = 12

    /// The code that stands for a status of HTTP: OTLP's, and gRPC's own mapping beside it.
    package static func code(status: UInt16) -> Int {
      switch status {
      case 400, 431: 3
      case 401: 16
      case 403: 7
      case 404, 405, 415: unimplemented
      case 408: 4
      case 413, 429: 8
      case 502, 503, 504: unavailable
      default: 13
      }
    }
  }

  package init(status: UInt16, headers: [(String, String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Plain text with a line break at its end.
  package static func text(_ status: UInt16, _ text: String) -> Response {
    Response(status: status, headers: [("content-type", "text/plain; charset=utf-8")], body: Array((text + "\n").utf8))
  }
}
