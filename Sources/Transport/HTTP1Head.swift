import NIOHTTP1

/// The head of an HTTP/1 request: what the receiver sees, and what says how to read the rest (RFC 9112).
struct HTTP1Head {
  var request: RequestHead
  var isChunked = false
  /// The client waits for `100 Continue` before it sends the body.
  var expectsContinue = false
  /// The parser stops reading after a request to upgrade, which we do not do: the connection must end.
  var asksUpgrade = false
  var keepsAlive: Bool
  /// HTTP/1.0 clients ask for it and want to hear that they get it.
  var saysKeepAlive: Bool
  /// Why the request is refused, by its form alone.
  var fault: (status: UInt16, message: String)?

  var hasBody: Bool { isChunked || request.contentLength ?? 0 > 0 }

  init(_ head: HTTPRequestHead, peer: String) {
    request = RequestHead(method: head.method.rawValue, path: "", peer: peer)
    request.setTarget(head.uri)
    keepsAlive = head.isKeepAlive
    saysKeepAlive = keepsAlive && head.version.minor == 0
    var hosts = 0
    var length: String?
    var expectation: String?
    var coding: String?
    for (name, value) in head.headers {
      switch name.utf8.count {
      case 4 where name.isHeader("host"): hosts += 1
      case 6 where name.isHeader("expect"): RequestHead.join(value, to: &expectation)
      case 7 where name.isHeader("upgrade"): asksUpgrade = true
      case 14 where name.isHeader("content-length"): RequestHead.join(value, to: &length)
      case 17 where name.isHeader("transfer-encoding"): RequestHead.join(value, to: &coding)
      default: _ = request.note(name, value)
      }
    }
    isChunked = coding != nil
    if !isChunked { request.contentLength = length.map { Int($0) ?? .max } ?? 0 }
    asksUpgrade = asksUpgrade || head.method == .CONNECT
    check(head.version, hosts: hosts, length: length, coding: coding, expectation: expectation)
  }

  /// What the parser lets through but must not be guessed at: two parties would read it differently (smuggling).
  private mutating func check(
    _ version: HTTPVersion, hosts: Int, length: String?, coding: String?, expectation: String?
  ) {
    if hosts > 1 || (hosts == 0 && version.minor > 0) {
      fault = (400, "a request needs one host header")
    } else if isChunked && (length != nil || version.minor == 0) {
      fault = (400, "transfer-encoding stands beside content-length or in HTTP/1.0")
    } else if let coding, coding.lowercased() != "chunked" {
      fault = (400, "the only transfer-encoding known here is chunked")
    } else if let length, Int(length) == nil {
      fault = (400, "content-length is not one number")
    }
    guard let expectation, version.minor > 0 else { return }
    if expectation.lowercased() == "100-continue" {
      expectsContinue = hasBody
    } else {
      fault = fault ?? (417, "the only expectation known here is 100-continue")
    }
  }
}
