import Capture
package import Telemetry

/// What was sent and what came back.
package struct ReplaySummary: Sendable {
  /// Answers by status, those to repeated attempts too.
  package var answers: [UInt16: Int] = [:]
  /// Attempts without an answer, by reason.
  package var failures: [String: Int] = [:]
  /// Requests by signal that were answered at least once.
  package var sent: [Signal: Int] = [:]
  /// Of the requests that were answered.
  package var bytes = 0
  package var retries = 0
  /// Requests that were not accepted in the end.
  package var refused = 0
  /// Records that an answer with 2xx refused.
  package var rejectedRecords: Int64 = 0
  /// The first few reasons given for them.
  package var rejections: [String] = []
  package var latencies: [Duration] = []
  package var duration = Duration.zero

  /// As many reasons as a person reads.
  static let rejectionsMax = 5

  package var isAllAccepted: Bool { refused == 0 && rejectedRecords == 0 }

  mutating func count(_ answer: HTTPAnswer, of request: RecordedRequest, after latency: Duration) {
    answers[answer.status, default: 0] += 1
    sent[request.signal, default: 0] += 1
    bytes += request.body.count
    latencies.append(latency)
    guard (200..<300).contains(answer.status),
      let partial = PartialSuccess(answer.body.span, isJSON: request.isJSON)
    else { return }
    rejectedRecords += partial.rejected
    if rejections.count < Self.rejectionsMax, !rejections.contains(partial.message), !partial.message.isEmpty {
      rejections.append(partial.message)
    }
  }

  /// For a person.
  package func text(skipped: Int) -> String {
    let seconds = max(duration / .seconds(1), 0.000_001)
    let total = answers.values.reduce(0, +)
    var lines = [
      "requests   \(total) answered (\(counts(sent.map { ($0.key.label, $0.value) })))",
      "answers    \(counts(answers.map { ("\($0.key)", $0.value) }))",
      "bytes      \(bytes), \(decimal(Double(bytes) / 1_000_000 / seconds)) MB/s",
      "duration   \(decimal(seconds)) s, \(decimal(Double(total) / seconds)) requests/s",
    ]
    let sorted = latencies.sorted()
    if let slowest = sorted.last {
      let (half, most) = (sorted[sorted.count / 2], sorted[sorted.count * 99 / 100])
      lines.append(
        "latency    half within \(milliseconds(half)) ms, 99 % within \(milliseconds(most)) ms, "
          + "slowest \(milliseconds(slowest)) ms")
    }
    if !failures.isEmpty { lines.append("no answer  \(counts(failures.map { ($0.key, $0.value) }))") }
    if retries > 0 { lines.append("retries    \(retries)") }
    if refused > 0 { lines.append("refused    \(refused)") }
    if rejectedRecords > 0 || !rejections.isEmpty {
      lines.append("rejected   \(rejectedRecords) records")
      lines += rejections.map { "           \(Redaction.scrub($0))" }
    }
    if skipped > 0 { lines.append("skipped    \(skipped) files that are no requests") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func counts(_ counts: [(name: String, count: Int)]) -> String {
    counts.isEmpty
      ? "none" : counts.sorted { $0.name < $1.name }.map { "\($0.name) × \($0.count)" }.joined(separator: ", ")
  }

  private func milliseconds(_ duration: Duration) -> String { decimal(duration / .milliseconds(1)) }

  /// One digit behind the point.
  private func decimal(_ number: Double) -> String {
    // Far beyond any rate; and Int has its limits.
    let tenths = Int((min(max(number, 0), 1e15) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
