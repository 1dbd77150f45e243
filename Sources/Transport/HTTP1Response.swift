import NIOCore

/// Writes an answer as HTTP/1.1, head and body in one buffer, so that it leaves in one system call.
enum HTTP1Response {
  /// Bytes the fixed parts of a head need at most: status line, content-length, connection.
  private static let fixedBytes = 128

  static let continuation: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

  enum Persistence {
    /// HTTP/1.1's default, not mentioned.
    case keepAlive
    /// HTTP/1.0 wants it said.
    case keepAliveSaid
    case close
  }

  static func encode(
    _ response: Response, _ persistence: Persistence, withBody: Bool, allocator: ByteBufferAllocator
  ) -> ByteBuffer {
    assert((200...599).contains(response.status))
    var size = fixedBytes + (withBody ? response.body.count : 0)
    for (name, value) in response.headers { size += name.utf8.count + value.utf8.count + 4 }
    var buffer = allocator.buffer(capacity: size)
    buffer.writeStaticString("HTTP/1.1 ")
    buffer.writeString(String(response.status))
    buffer.writeStaticString(reason(response.status))
    for (name, value) in response.headers {
      assert(!(name + value).utf8.contains { $0 == 0x0d || $0 == 0x0a }, "a line break in a header")
      buffer.writeString(name)
      buffer.writeStaticString(": ")
      buffer.writeString(value)
      buffer.writeStaticString("\r\n")
    }
    switch persistence {
    case .keepAlive: break
    case .keepAliveSaid: buffer.writeStaticString("connection: keep-alive\r\n")
    case .close: buffer.writeStaticString("connection: close\r\n")
    }
    if response.status != 204 && response.status != 304 {
      buffer.writeStaticString("content-length: ")
      buffer.writeString(String(response.body.count))
      buffer.writeStaticString("\r\n")
    }
    buffer.writeStaticString("\r\n")
    if withBody { buffer.writeBytes(response.body) }
    return buffer
  }

  /// The reason phrase with the blank before it and the end of the line; no client reads it, people with curl do.
  private static func reason(_ status: UInt16) -> StaticString {
    switch status {
    case 200: " OK\r\n"
    case 202: " Accepted\r\n"
    case 204: " No Content\r\n"
    case 304: " Not Modified\r\n"
    case 400: " Bad Request\r\n"
    case 401: " Unauthorized\r\n"
    case 403: " Forbidden\r\n"
    case 404: " Not Found\r\n"
    case 405: " Method Not Allowed\r\n"
    case 408: " Request Timeout\r\n"
    case 413: " Content Too Large\r\n"
    case 415: " Unsupported Media Type\r\n"
    case 417: " Expectation Failed\r\n"
    case 429: " Too Many Requests\r\n"
    case 431: " Request Header Fields Too Large\r\n"
    case 500: " Internal Server Error\r\n"
    case 503: " Service Unavailable\r\n"
    case 505: " HTTP Version Not Supported\r\n"
    default: " \r\n"
    }
  }
}
