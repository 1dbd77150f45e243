import Bytes
package import Codec
package import Transport

/// Where the numbers come from; asked on each scrape, from any thread.
package protocol MetricsSource: Sendable {
  func families() -> [MetricFamily]
}

/// What the admin listener serves besides: asked for every path that is none of its own, of clients that may ask.
package protocol AdminAPI: Sendable {
  /// Whether `path` is one of its own.
  func serves(_ path: String) -> Bool
  func begin(_ head: RequestHead) -> Begin
  func complete(_ head: RequestHead, body: [UInt8], reply: Reply)
}

/// The admin listener: is it alive, may it have traffic, what has it counted. Shows no secret; it is bound to
/// loopback unless told otherwise, and then there is a token.
///
/// Without the token, where there is one, clients learn only what a load balancer asks: is it alive, may it have traffic.
package struct AdminReceiver: RequestReceiver {
  private let reasonsNotReady: @Sendable () -> [String]
  private let metrics: any MetricsSource
  private let lanes: @Sendable () -> [String]
  private let token: SecretDigest?
  private let api: (any AdminAPI)?

  /// Commands have no body; a client that sends one is told so.
  private static let bodyBytesMax = 4_096

  /// Asked on each `/readyz`. `reasonsNotReady`: empty means ready, else one sentence for a person each. `lanes`: keys
  /// with trouble of their own, a line each; others are served, so the gateway is ready all the same.
  package init(
    metrics: any MetricsSource, token: SecretDigest? = nil, api: (any AdminAPI)? = nil,
    lanes: @escaping @Sendable () -> [String] = { [] },
    reasonsNotReady: @escaping @Sendable () -> [String]
  ) {
    self.metrics = metrics
    self.token = token
    self.api = api
    self.lanes = lanes
    self.reasonsNotReady = reasonsNotReady
  }

  private enum Page: String, CaseIterable {
    case health = "/healthz"
    case ready = "/readyz"
    case metrics = "/metrics"

    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
  }

  package func begin(_ head: RequestHead) -> Begin {
    let page = Page(rawValue: head.path)
    guard page == .health || page == .ready || isAuthorised(head) else {
      var response = Response.text(401, "send 'Authorization: Bearer <token>' with the gateway's admin.token")
      response.headers.append(("www-authenticate", "Bearer"))
      return .respond(response)
    }
    if page == nil, let api, api.serves(head.path) { return api.begin(head) }
    guard page != nil else {
      return .respond(.text(404, "nothing here; the admin listener serves \(Page.list)"))
    }
    guard head.method == "GET" || head.method == "HEAD" else {
      var response = Response.text(405, "\(head.path) is read with GET")
      response.headers.append(("allow", "GET, HEAD"))
      return .respond(response)
    }
    return .accept(bodyLimit: Self.bodyBytesMax)
  }

  package func complete(_ head: RequestHead, body: consuming [UInt8], reply: Reply) {
    if let api, Page(rawValue: head.path) == nil { return api.complete(head, body: body, reply: reply) }
    reply.send(response(to: head))
  }

  private func isAuthorised(_ head: RequestHead) -> Bool {
    guard let token else { return true }
    let words = (head.authorization ?? "").split(separator: " ", maxSplits: 1)
    guard words.count == 2, words[0].lowercased() == "bearer" else { return false }
    return SecretDigest(of: String(words[1])) == token
  }

  private func response(to head: RequestHead) -> Response {
    switch Page(rawValue: head.path) {
    case .health: .text(200, "ok")
    case .ready:
      switch reasonsNotReady() {
      case let reasons where !isAuthorised(head):
        .text(reasons.isEmpty ? 200 : 503, reasons.isEmpty ? "ready" : "not ready")
      case []: .text(200, (["ready"] + lanes()).joined(separator: "\n"))
      case let reasons: .text(503, reasons.joined(separator: "\n"))
      }
    case .metrics:
      Response(
        status: 200, headers: [("content-type", PrometheusText.contentType)],
        body: PrometheusText.write(metrics.families()))
    case nil: .text(404, "nothing here")
    }
  }
}
