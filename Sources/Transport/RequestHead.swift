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
  package var apiKey: String?
  /// `x-posthog-team-id`.
  package var teamID: String?
  package var userAgent: String?
  package var accept: String?
  /// Bytes of the body as announced; nil when it comes in chunks, 0 when there is none.
  package var contentLength: Int?
  /// The client's address without its port.
  package var peer: String

  package init(method: String, path: String, peer: String) {
    self.method = method
    self.path = path
    self.peer = peer
  }
}

extension RequestHead: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "\(method) \(path) from \(peer)" }
  package var debugDescription: String { description }
  /// `dump` and string interpolation of whatever holds this value go through the mirror.
  package var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}
