import Logging
import OTLP
import Spool
import Synchronization
import Telemetry
import Transport

/// Requests whose answer waits for the disk.
final class PendingReplies: CommitListener {
  /// What the answer needs.
  struct Waiting {
    var reply: Reply
    var signal: Signal
    var wire: RequestHead.Wire
    var encoding: Encoding
    var records: Int
    var rejected: Int
    var rejection: String
  }

  private struct State {
    var waiting: [UInt64: Waiting] = [:]
    var nextToken: UInt64 = 1
  }

  private let state = Mutex(State())
  private let mailbox: Mailbox
  private let metrics: IntakeMetrics
  /// Wakes the delivery thread.
  private let wake: @Sendable () -> Void
  private let log: Logger

  init(mailbox: Mailbox, metrics: IntakeMetrics, log: Logger, wake: @escaping @Sendable () -> Void) {
    self.mailbox = mailbox
    self.metrics = metrics
    self.log = log
    self.wake = wake
  }

  func setAside(_ damaged: [SetAside]) {
    for value in damaged { log.error("\(value)") }
  }

  func add(_ waiting: Waiting) -> UInt64 {
    state.withLock { state in
      let token = state.nextToken
      state.nextToken += 1
      state.waiting[token] = waiting
      return token
    }
  }

  func remove(_ token: UInt64) { state.withLock { _ = $0.waiting.removeValue(forKey: token) } }

  var count: Int { state.withLock { $0.waiting.count } }

  func committed(
    appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)]
  ) {
    let waiting = state.withLock { state in appends.map { state.waiting.removeValue(forKey: $0.token) } }
    var answers: [(Reply, Response)] = []
    for (append, waiting) in zip(appends, waiting) {
      guard let waiting else {
        // Answered 503 already (`TransportLimits.answerTimeout`), but stored all the same: the client's resend has the same uuids.
        if case .durable(let lane, let sequence) = append.outcome {
          mailbox.stored(lane, sequence, .traces, records: 0)
        }
        continue
      }
      switch append.outcome {
      case .durable(let lane, let sequence):
        mailbox.stored(lane, sequence, waiting.signal, records: waiting.records)
        metrics.answered(waiting.signal, waiting.wire)
        answers.append((waiting.reply, Answers.success(waiting)))
      case .refused(let refusal):
        metrics.refused(waiting.signal, waiting.wire, refusal)
        answers.append((waiting.reply, Answers.refused(refusal, waiting.encoding)))
      }
    }
    mailbox.changed(
      changes.map { change in
        if case .durable = change.outcome { return (change.token, true) }
        return (change.token, false)
      })
    Reply.send(answers)
    wake()
  }
}
