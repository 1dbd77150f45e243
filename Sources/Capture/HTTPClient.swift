import Bytes

/// Posts bodies and tells what came back. One thread calls it; only `wakeUp` may be called from anywhere.
package protocol HTTPClient: AnyObject {
  /// Begins a request. Whatever is wrong with it comes back from `poll`, nothing is thrown here.
  func start(_ request: HTTPRequest)
  /// Moves all requests on; returns as soon as one is finished, `wakeUp` was called or `timeout` has passed.
  func poll(timeout: Duration) -> [HTTPCompletion]
  /// Gives a request up; it does not come back from `poll`.
  func cancel(_ id: UInt64)
  /// Ends a `poll` that waits, or the next one; stays safe to call after the client is gone.
  var wakeUp: @Sendable () -> Void { get }
}

/// One POST.
package struct HTTPRequest {
  /// Chosen by the caller; no two requests in flight share one.
  package var id: UInt64
  /// `http://` or `https://`; no other scheme is spoken.
  package var url: String
  /// Lines such as `Content-Type: application/json`.
  package var headers: [String]
  package var body: RequestBody

  package init(id: UInt64, url: String, headers: [String], body: RequestBody) {
    self.id = id
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// The bytes of a request, at one place in memory as long as anyone holds them: a transfer reads them where they are.
package final class RequestBody {
  /// Grows only until the body is handed to a client.
  var buffer: ByteBuffer

  init(capacity: Int) { buffer = ByteBuffer(capacity: capacity) }

  package init(_ bytes: [UInt8]) {
    buffer = ByteBuffer(capacity: bytes.count)
    buffer.append(bytes)
  }

  package var count: Int { buffer.count }
  /// A copy, for tests and for people.
  package var array: [UInt8] { buffer.array() }
}

package struct HTTPCompletion: Sendable {
  package var id: UInt64
  package var result: Result<HTTPAnswer, HTTPFailure>

  package init(id: UInt64, result: Result<HTTPAnswer, HTTPFailure>) {
    self.id = id
    self.result = result
  }
}

/// Any answer, whatever its status.
package struct HTTPAnswer: Sendable, Equatable {
  package var status: UInt16
  /// The header as it came.
  package var retryAfter: String?
  /// At most `ClientSettings.responseBytesMax` bytes.
  package var body: [UInt8]

  package init(status: UInt16, retryAfter: String? = nil, body: [UInt8] = []) {
    self.status = status
    self.retryAfter = retryAfter
    self.body = body
  }
}

/// No answer: the network, TLS or the time limit.
package struct HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// For a person, without the URL.
  package var reason: String

  package init(reason: String) { self.reason = reason }

  package var description: String { "no answer: \(reason)" }
}
