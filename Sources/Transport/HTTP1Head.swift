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
    let (path, query) = Self.target(head.uri)
    request = RequestHead(method: head.method.rawValue, path: path, peer: peer)
    request.query = query
    keepsAlive = head.isKeepAlive
    saysKeepAlive = keepsAlive && head.version.minor == 0
    var hosts = 0
    var postHogKey: String?
    var length: String?
    var expectation: String?
    for (name, value) in head.headers {
      switch name.utf8.count {
      case 4 where name.isHeader("host"): hosts += 1
      case 6 where name.isHeader("accept"): Self.join(value, to: &request.accept)
      case 6 where name.isHeader("expect"): Self.join(value, to: &expectation)
      case 7 where name.isHeader("upgrade"): asksUpgrade = true
      case 9 where name.isHeader("x-api-key"): Self.join(value, to: &request.apiKey)
      case 10 where name.isHeader("user-agent"): Self.join(value, to: &request.userAgent)
      case 12 where name.isHeader("content-type"): Self.join(value, to: &request.contentType)
      case 13 where name.isHeader("authorization"): Self.join(value, to: &request.authorization)
      case 14 where name.isHeader("content-length"): Self.join(value, to: &length)
      case 16 where name.isHeader("content-encoding"): Self.join(value, to: &request.contentEncoding)
      case 17 where name.isHeader("transfer-encoding"): isChunked = true
      case 17 where name.isHeader("x-posthog-api-key"): Self.join(value, to: &postHogKey)
      case 17 where name.isHeader("x-posthog-team-id"): Self.join(value, to: &request.teamID)
      default: break
      }
    }
    request.apiKey = request.apiKey ?? postHogKey
    if !isChunked { request.contentLength = length.map { Int($0) ?? .max } ?? 0 }
    asksUpgrade = asksUpgrade || head.method == .CONNECT
    check(head.version, hosts: hosts, length: length, expectation: expectation)
  }

  /// What the parser lets through but must not be guessed at: two parties would read it differently (smuggling).
  private mutating func check(_ version: HTTPVersion, hosts: Int, length: String?, expectation: String?) {
    if hosts > 1 || (hosts == 0 && version.minor > 0) {
      fault = (400, "a request needs one host header")
    } else if isChunked && (length != nil || version.minor == 0) {
      fault = (400, "transfer-encoding stands beside content-length or in HTTP/1.0")
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

  /// Path and query of the target, which is a path or, from proxies, a whole URL (RFC 9112, section 3.2).
  private static func target(_ text: String) -> (path: String, query: String?) {
    var rest = text[...]
    for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.utf8.count)
      rest = rest[(rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex)...]
    }
    guard let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) else {
      return (rest.isEmpty ? "/" : String(rest), nil)
    }
    let path = rest[..<mark]
    return (path.isEmpty ? "/" : String(path), String(rest[rest.index(after: mark)...]))
  }

  private static func join(_ value: String, to field: inout String?) {
    field = field.map { $0 + ", " + value } ?? value
  }
}

extension String {
  /// Whether this is the header `name`, given in lower case and of the same length.
  fileprivate func isHeader(_ name: StaticString) -> Bool {
    var position = 0
    for byte in utf8 {
      let lower = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
      guard unsafe lower == name.utf8Start[position] else { return false }
      position += 1
    }
    return true
  }
}
