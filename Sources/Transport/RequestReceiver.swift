/// What the transport hands requests to. Called on event loops: `begin` and `refusal` must be quick and never block.
package protocol RequestReceiver: Sendable {
  /// The head has come: decide before any byte of the body is held.
  func begin(_ head: RequestHead) -> Begin

  /// The body has come, whole and as sent (still packed). Answer through `reply`, now or later, from any thread.
  ///
  /// On the event loop for bodies up to `TransportLimits.inlineBodyBytesMax`, on a worker thread for larger ones.
  func complete(_ head: RequestHead, body: consuming [UInt8], reply: Reply)

  /// The answer when the transport itself refuses a request: 400, 408, 413, 417, 431, 503, 505. `head` is nil when none
  /// was read. The transport adds `retry-after: 1` to a 503.
  func refusal(_ head: RequestHead?, status: UInt16, message: String) -> Response
}

extension RequestReceiver {
  package func refusal(_ head: RequestHead?, status: UInt16, message: String) -> Response {
    .text(status, message)
  }
}

/// What to do with a request whose head has come.
package enum Begin: Sendable {
  /// Read a body of at most `bodyLimit` bytes on the wire, then `complete`.
  case accept(bodyLimit: Int)
  /// Answer at once; the body, if any, is not kept.
  case respond(Response)
}
