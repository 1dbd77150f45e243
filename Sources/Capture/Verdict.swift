import Bytes

/// What an answer means for the batch that it answers.
enum Verdict: Equatable {
  case accepted
  /// Send the same bytes again, later.
  case retry
  /// Something in the batch is bad, and always will be.
  case refused
  /// Nothing is wrong with the batch, but the key or the host is.
  case blocked
  /// There is no such endpoint on this host: the AI endpoint, or the one for logs.
  case noEndpoint

  init(status: UInt16, route: Route) {
    switch status {
    case 200..<300: self = .accepted
    case 400, 413, 422: self = .refused
    case 404 where route != .batch, 405 where route != .batch: self = .noEndpoint
    // All of 5xx, not only the five that PostHog sends: proxies on the way have more (520 to 530, 507).
    case 408, 425, 429, 500...: self = .retry
    // Redirects, 404 on /batch/, 405 and the like: a wrong host. Keeping the backlog is the answer that loses nothing.
    default: self = .blocked
    }
  }
}

/// Reading the text of an answer.
enum AnswerText {
  /// The text for people: `secret` replaced, control characters made spaces, cut.
  static func reason(_ body: [UInt8], secret: [UInt8]) -> String {
    var text = [UInt8]()
    var index = 0
    // Four bytes a character at most.
    while index < body.count, text.count < CaptureLimits.reasonCharactersMax * 4 {
      if !secret.isEmpty, body.span.starts(Slice(index, body.count), with: secret) {
        text.append(contentsOf: "[key]".utf8)
        index += secret.count
      } else {
        text.append(body[index] < 0x20 || body[index] == 0x7f ? 0x20 : body[index])
        index += 1
      }
    }
    return String(String(decoding: text, as: UTF8.self).prefix(CaptureLimits.reasonCharactersMax))
  }

  /// Whether a 2xx answer has a `quota_limited` list with anything in it.
  static func isQuotaLimited(_ body: [UInt8]) -> Bool {
    let bytes = body.span
    // An answer is a handful of values; anything larger is not PostHog's.
    var tape = JSONTape(nodesMax: 1_000)
    guard let root = try? tape.parse(bytes, Slice(0, body.count)), tape.nodes[root].kind == .object else {
      return false
    }
    let limited = tape.children(of: root).first { bytes.equals(tape.nodes[$0].key, Array("quota_limited".utf8)) }
    return limited.map { tape.nodes[$0].kind == .array && tape.nodes[$0].children > 0 } ?? false
  }
}
