/// What the receiver gets to know of a request besides its body: only what it needs, whatever the protocol was.
///
/// Fields of a header that came several times are joined by ", " (RFC 9110, section 5.3). The text of this value never
/// shows the two headers that carry keys, nor the query.
package struct RequestHead: Sendable {
  /// Upper-case, as sent: `POST`.
  package var method: String
  /// The path without the query, not percent-decoded: `/v1/traces`.
  package var path: String
  /// What follows `?`, if anything does.
  package var query: String?
  package var contentType: String?
  package var contentEncoding: String?
  /// Secret.
  package var authorization: String?
  /// `x-api-key` or, failing that, `x-posthog-api-key`. Secret.
  package var apiKey: String? { plainKey ?? postHogKey }
  private var plainKey: String?
  private var postHogKey: String?
  /// `x-posthog-team-id`.
  package var teamID: String?
  package var userAgent: String?
  /// `if-match` and `if-none-match`, for what can be changed.
  package var ifMatch: String?
  package var ifNoneMatch: String?
  package var accept: String?
  /// Bytes of the body as announced; nil when it comes in chunks, 0 when there is none.
  package var contentLength: Int?
  /// The client's address without its port.
  package var peer: String
  /// How the request came.
  package var wire = Wire.http1

  package enum Wire: Sendable {
    case http1
    case http2
    /// Unary gRPC over HTTP/2: `contentEncoding` is that of the message, the body the message alone.
    case grpc
  }

  package init(method: String, path: String, peer: String) {
    self.method = method
    self.path = path
    self.peer = peer
  }
}

extension RequestHead {
  /// Takes path and query from the target of a request line or from `:path`.
  mutating func setTarget(_ target: String) { (path, query) = Self.target(target) }

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

  /// Notes a header that receivers get to see, whatever the protocol. False for any other.
  mutating func note(_ name: String, _ value: String) -> Bool {
    switch name.utf8.count {
    case 6 where name.isHeader("accept"): Self.join(value, to: &accept)
    case 8 where name.isHeader("if-match"): Self.join(value, to: &ifMatch)
    case 9 where name.isHeader("x-api-key"): Self.join(value, to: &plainKey)
    case 10 where name.isHeader("user-agent"): Self.join(value, to: &userAgent)
    case 12 where name.isHeader("content-type"): Self.join(value, to: &contentType)
    case 13 where name.isHeader("authorization"): Self.join(value, to: &authorization)
    case 13 where name.isHeader("if-none-match"): Self.join(value, to: &ifNoneMatch)
    case 16 where name.isHeader("content-encoding"): Self.join(value, to: &contentEncoding)
    case 17 where name.isHeader("x-posthog-api-key"): Self.join(value, to: &postHogKey)
    case 17 where name.isHeader("x-posthog-team-id"): Self.join(value, to: &teamID)
    default: return false
    }
    return true
  }

  /// Joins a header that came several times, as RFC 9110 says (section 5.3).
  static func join(_ value: String, to field: inout String?) {
    field = field.map { $0 + ", " + value } ?? value
  }
}

extension String {
  /// Whether this is the header `name`, given in lower case and of the same length.
  func isHeader(_ name: StaticString) -> Bool {
    var position = 0
    for byte in utf8 {
      let lower = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
      guard unsafe lower == name.utf8Start[position] else { return false }
      position += 1
    }
    return true
  }
}

extension RequestHead: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "\(method) \(path) from \(peer)" }
  package var debugDescription: String { description }
  /// `dump` and string interpolation of whatever holds this value go through the mirror.
  package var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}
