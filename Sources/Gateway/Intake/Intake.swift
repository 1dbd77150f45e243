import Bytes
import Codec
import Logging
import OTLP
import Spool
import Synchronization
import Telemetry
import Transport

/// From a request with a body to the 200: find the key, decompress within limits, walk the message once, append it to the
/// spool, and let the commit answer. Nothing is mapped here.
final class Intake: RequestReceiver {
  struct Settings: Sendable {
    /// Used for requests that bring no key; nil for none.
    var defaultKey: String?
    /// In local mode every key is as good as none.
    var isLocal: Bool
    /// The largest body, on the wire and decompressed.
    var bodyBytesMax: Int
  }

  /// The lane of local mode.
  static let localKey = "local"

  private let settings: Settings
  private let spool: any Spool
  private let replies: PendingReplies
  private let clock: @Sendable () -> UInt64
  private let metrics: IntakeMetrics
  private let refused: RefusedKeys
  /// Nil where every key passes.
  private let access: AccessControl?
  private let isClosing = Atomic(false)

  init(
    settings: Settings, spool: any Spool, replies: PendingReplies, metrics: IntakeMetrics,
    refused: RefusedKeys = RefusedKeys(), access: AccessControl? = nil, clock: @escaping @Sendable () -> UInt64
  ) {
    self.settings = settings
    self.spool = spool
    self.replies = replies
    self.metrics = metrics
    self.refused = refused
    self.access = access
    self.clock = clock
  }

  /// From now on every request is told to come again.
  func close() { isClosing.store(true, ordering: .relaxed) }

  func begin(_ head: RequestHead) -> Begin {
    let encoding = Encoding(head)
    let answer = encoding ?? Self.encodingOfRefusals(head)
    guard let route = Route(head) else { return .respond(Answers.error(404, Route.unknown(head), answer)) }
    guard head.method == "POST" else {
      var refusal = Answers.error(405, "only POST is allowed here", answer)
      refusal.headers.append(("Allow", "POST"))
      return .respond(refusal)
    }
    if route == .health { return .accept(bodyLimit: Self.healthBytesMax) }
    let key: String
    switch admission(head, route, answer) {
    case .admitted(let found): key = found
    case .refused(let response): return .respond(response)
    }
    if refused.contains(key) {
      return .respond(
        Answers.error(401, "PostHog refuses this project key; the gateway's log says why, and it asks again", answer))
    }
    guard encoding != nil else {
      return .respond(
        Answers.error(
          415, "the content type must be application/x-protobuf, application/json or, by gRPC, application/grpc",
          answer))
    }
    guard (try? ContentEncoding(header: head.contentEncoding)) != nil else {
      return .respond(Answers.error(415, "the content encoding must be gzip, deflate, zstd or identity", answer))
    }
    if let length = head.contentLength, length > settings.bodyBytesMax {
      return .respond(tooLarge(answer))
    }
    if isClosing.load(ordering: .relaxed) {
      return .respond(Answers.unavailable("the gateway is shutting down; retry", answer))
    }
    return .accept(bodyLimit: settings.bodyBytesMax)
  }

  /// A request for health names a service at most.
  private static let healthBytesMax = 1 << 10

  /// The encoding of an answer.
  private static func encoding(_ head: RequestHead?) -> Encoding {
    guard let head else { return .json }
    return Encoding(head) ?? encodingOfRefusals(head)
  }

  /// Of requests in none that is served.
  private static func encodingOfRefusals(_ head: RequestHead) -> Encoding { head.wire == .grpc ? .protobuf : .json }

  /// What the transport refuses itself is answered in the client's encoding too.
  func refusal(_ head: RequestHead?, status: UInt16, message: String) -> Response {
    let encoding = Self.encoding(head)
    // The header that tells when to come again is the transport's.
    guard status == 503 else { return Answers.error(status, message, encoding) }
    var answer = Answers.unavailable(message, encoding)
    answer.headers.removeAll { $0.0 == "Retry-After" }
    return answer
  }

  private func tooLarge(_ encoding: Encoding) -> Response {
    Answers.error(
      413, "the body is larger than \(settings.bodyBytesMax) bytes (server.body_max); send smaller batches", encoding)
  }

  private enum Admission {
    /// With the project key that the request counts for.
    case admitted(String)
    case refused(Response)
  }

  private func admission(_ head: RequestHead, _ route: Route, _ encoding: Encoding) -> Admission {
    do throws(AccessRefusal) {
      return .admitted(try projectKey(of: head))
    } catch {
      if case .telemetry(let signal) = route {
        metrics.refused(signal, head.wire, status: error.status, reason: error.reason)
      }
      return .refused(Answers.error(error.status, "\(error)", encoding))
    }
  }

  private func projectKey(of head: RequestHead) throws(AccessRefusal) -> String {
    guard let access = access?.access else {
      if settings.isLocal { return Self.localKey }
      let key = Credentials.key(authorization: head.authorization, apiKey: head.apiKey) ?? settings.defaultKey
      guard let key else { throw .noProjectKey }
      return key
    }
    let credential = Credentials.key(authorization: head.authorization, apiKey: head.apiKey, takesAnyPassword: true)
    let key = try access.projectKey(credential, team: head.teamID, now: clock())
    return settings.isLocal ? Self.localKey : key
  }

  func complete(_ head: RequestHead, body: consuming [UInt8], reply: Reply) {
    let encoding = Self.encoding(head)
    let route = Route(head)
    if route == .health {
      reply.send(Answers.health(isServing: !isClosing.load(ordering: .relaxed)))
      return
    }
    guard let route else {
      reply.send(Answers.error(400, "the request changed on its way", encoding))
      return
    }
    let key: String
    switch admission(head, route, encoding) {
    case .admitted(let found): key = found
    case .refused(let response):
      // The access file changed, or a token expired, while the body came.
      reply.send(response)
      return
    }
    guard case .telemetry(let signal) = route else {
      reply.send(Answers.metrics(encoding))
      return
    }
    do {
      try store(body, head, key, signal, encoding, reply)
    } catch CodecError.noRoom {
      metrics.refused(signal, head.wire, status: 503, reason: "memory")
      reply.send(Answers.unavailable("more is arriving than fits in memory (server.memory); retry", encoding))
    } catch let error as CodecError {
      metrics.refused(
        signal, head.wire, status: error == .tooLarge(limit: settings.bodyBytesMax) ? 413 : 400, reason: "encoding")
      if case .tooLarge = error {
        reply.send(tooLarge(encoding))
      } else {
        reply.send(Answers.error(400, "\(error)", encoding))
      }
    } catch let error as OTLPError {
      metrics.refused(signal, head.wire, status: error.isOverLimit ? 413 : 400, reason: "otlp")
      reply.send(Answers.error(error.isOverLimit ? 413 : 400, "\(error)", encoding))
    } catch {
      metrics.refused(signal, head.wire, status: 400, reason: "unreadable")
      reply.send(Answers.error(400, "the request cannot be read", encoding))
    }
  }

  private func store(
    _ received: consuming [UInt8], _ head: RequestHead, _ key: String, _ signal: Signal, _ encoding: Encoding,
    _ reply: Reply
  ) throws {
    let packed = try ContentEncoding(header: head.contentEncoding)
    var body = received
    if packed != .identity {
      // Asked for before it is used: each event loop may be unpacking a bomb.
      let came = body.count
      body = try Decompressor.decompress(body.span, encoding: packed, limit: settings.bodyBytesMax) {
        reply.hold(max(came, $0))
      }
      _ = reply.hold(body.count)
    }
    if encoding == .json { body = try JSONTranscoder.protobuf(from: body.span, signal: signal) }
    let scan = try RequestScanner.scan(&body, signal: signal)
    metrics.received(signal, bytes: body.count)
    guard scan.accepted > 0 else {
      metrics.answered(signal, head.wire)
      reply.send(Answers.success(signal, rejected: scan.rejected, message: scan.rejection, encoding))
      return
    }
    let arrival = clock()
    let waiting = PendingReplies.Waiting(
      reply: reply, signal: signal, wire: head.wire, encoding: encoding, records: scan.accepted,
      rejected: scan.rejected,
      rejection: scan.rejection)
    let token = replies.add(waiting)
    let append = Append(
      token: token, key: key, signal: signal, arrival: arrival, index: scan.index.encoded(), body: body)
    if let refusal = spool.append(append) {
      replies.remove(token)
      metrics.refused(signal, head.wire, refusal)
      reply.send(Answers.refused(refusal, encoding))
    }
  }
}
