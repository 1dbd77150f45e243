import Foundation

/// docs/coverage.md: for every capture what is right, beside what PostHog's own endpoint would show.
enum Coverage {
  static func page(_ captures: [FixtureCase]) throws -> String {
    let fields = TruthField.allCases
    var lines: [String] = []
    var totals: [TruthField: (right: Int, of: Int)] = [:]
    var endpoint = (right: 0, of: 0)
    for fixture in captures {
      let check = try TruthTests.check(fixture)
      let truth = try Truth("\(fixture.path)/truth.json").unwrapped
      let cells = fields.map { field -> String in
        let of = check.expected[field] ?? 0
        let right = check.right(field)
        totals[field, default: (0, 0)].right += right
        totals[field, default: (0, 0)].of += of
        return of == 0 ? "–" : "\(right)/\(of)"
      }
      let seen = PostHogEndpoint.seenOnce(truth, SentSpans(fixture))
      endpoint.right += seen
      endpoint.of += truth.visible.count
      let name = fixture.name.split(separator: "/").last ?? ""
      let calls = truth.visible.isEmpty ? "–" : "\(seen)/\(truth.visible.count)"
      lines.append("| \(name) | \(cells.joined(separator: " | ")) | \(calls) |")
    }
    let sums = fields.map { field in totals[field].map { "\($0.right)/\($0.of)" } ?? "–" }
    return """
      # Coverage

      What comes out of real exports of real SDKs, counted against what the model endpoint really answered (`truth.json`
      beside each capture, [Fixtures/README.md](../Fixtures/README.md)). `n/m`: n of m are right; `–`: the capture has
      none. *Steps* are tool and agent spans. The last column is how many of the calls PostHog's own OTLP endpoint would
      show exactly once, by a generous reading of its public source in autumn 2026: spans whose operation is `chat` or
      `embeddings`, whose `llm.request.type` says so, or that are the Vercel AI SDK's provider calls.

      This page is written by `HOGLET_REWRITE=1 ./test.sh --filter TruthTests`, and a test holds it.

      | capture | \(fields.map(\.rawValue).joined(separator: " | ")) | PostHog's endpoint: calls once |
      |---|\(fields.map { _ in "---|" }.joined())---|
      \(lines.joined(separator: "\n"))
      | **all** | \(sums.joined(separator: " | ")) | \(endpoint.right)/\(endpoint.of) |

      """
  }
}

/// Which spans PostHog's own endpoint makes a call of.
enum PostHogEndpoint {
  static func seenOnce(_ truth: Truth, _ sent: SentSpans) -> Int {
    truth.visible.count { call in call.spans.count { event(sent.attributes($0)) == call.event } == 1 }
  }

  private static func event(_ attributes: [String: String]) -> String? {
    switch attributes["gen_ai.operation.name"] ?? attributes["llm.request.type"] {
    case "chat": return "$ai_generation"
    case "embeddings", "embedding": return "$ai_embedding"
    case "completion" where attributes["llm.request.type"] != nil: return "$ai_generation"
    default: break
    }
    let operation = attributes["ai.operationId"] ?? ""
    if operation.hasSuffix(".doGenerate") || operation.hasSuffix(".doStream") { return "$ai_generation" }
    return operation.hasSuffix(".doEmbed") ? "$ai_embedding" : nil
  }
}

extension Optional {
  /// The value; an error if there is none.
  var unwrapped: Wrapped {
    get throws {
      guard let self else { throw CocoaError(.fileReadCorruptFile) }
      return self
    }
  }
}
