import Bytes

/// Delivery for one project key, as a value without I/O: events go in, batches to send come out, answers go in, outcomes
/// come out. Time, randomness and what is known of the host are handed in.
///
/// A batch is closed when it is full, or, once its first event has waited long enough, when the lane may send: so a lane
/// that cannot send gathers full batches, not many small ones. After a failure the lane pauses and then tries with one
/// batch at a time until one goes through.
struct LaneMachine {
  let lane: UInt32
  private let settings: CaptureSettings
  private let backoff: Backoff
  private let secret: [UInt8]
  /// What every body of this lane begins with.
  private let prefix: [UInt8]

  /// What the next body begins with: a busy lane's bodies are about as large as the last one, and growing there would copy
  /// them over and over.
  private var bodyBytesExpected = CaptureLimits.bodyBytesFirst
  private var filling: [Batch?] = Array(repeating: nil, count: Destination.allCases.count)
  private var queue: [Batch] = []
  private(set) var inFlight = 0
  /// Bytes of events that are neither delivered nor dead.
  private(set) var waitingBytes = 0
  private(set) var waitingEvents = 0

  private(set) var state = LaneState.open
  private var failures = 0
  private var failedAt: Instant?
  private var notBefore: Instant?

  init(lane: UInt32, key: String, settings: CaptureSettings) {
    self.lane = lane
    self.settings = settings
    backoff = Backoff(base: settings.retryBase, max: settings.retryMax, retryAfterMax: settings.retryAfterMax)
    secret = Array(key.utf8)
    var buffer = ByteBuffer()
    buffer.append("{\"api_key\":")
    buffer.appendJSONString(key)
    buffer.append(",\"batch\":[")
    prefix = buffer.array()
  }

  /// Takes an event. One that no endpoint takes is dead at once.
  mutating func enqueue(
    _ destination: Destination, token: UInt64, _ bytes: ByteSpan, _ slice: Slice, now: Instant, host: HostState,
    _ outcomes: inout [Outcome]
  ) {
    let size = Int(slice.count)
    let place = Int(destination.rawValue)
    if size > host.eventBytesMax(destination) {
      var copy = [UInt8]()
      copy.append(bytes, slice)
      return outcomes.append(.dead(tooLarge(token, copy, destination, host)))
    }
    if let batch = filling[place], batch.bodyBytes(adding: size) > batchBytesMax { close(place) }
    let batch = filling[place] ?? Batch(destination: destination, prefix: prefix, now: now, capacity: bodyBytesExpected)
    filling[place] = batch
    batch.append(token: token, bytes, slice)
    waitingBytes += size
    waitingEvents += 1
    if batch.events.count >= settings.batchEvents || batch.bodyBytes(adding: 0) > batchBytesMax { close(place) }
  }

  private var batchBytesMax: Int { min(settings.batchBytes, CaptureLimits.batchBytesMax) }

  private mutating func close(_ place: Int) {
    guard let batch = filling[place] else { return }
    filling[place] = nil
    expectBody(like: batch)
    queue.append(batch)
  }

  private mutating func expectBody(like batch: Batch) {
    let bytes = batch.bodyBytes(adding: 0)
    bodyBytesExpected = max(CaptureLimits.bodyBytesFirst, min(bytes + bytes / 8, batchBytesMax))
  }

  /// The next batch that may be sent now; the caller sends it and brings the answer to `finished`.
  mutating func next(now: Instant, flushing: Bool, host: HostState, _ outcomes: inout [Outcome]) -> Batch? {
    guard inFlight < allowance, notBefore.map({ $0 <= now }) ?? true else { return nil }
    while let batch = dequeue(now: now, flushing: flushing) {
      guard let batch = sendable(batch, now: now, host, &outcomes) else { continue }
      batch.startedAt = now
      inFlight += 1
      return batch
    }
    return nil
  }

  /// When `next` may give a batch that it does not give now; nil if only an answer or an event can change that.
  func wakeTime(flushing: Bool) -> Instant? {
    guard inFlight < allowance else { return nil }
    var earliest = queue.lazy.map(\.notBefore).min()
    for case .some(let batch) in filling {
      let due = flushing ? batch.firstAt : batch.firstAt + settings.flushInterval
      earliest = min(earliest ?? due, due)
    }
    return earliest.map { max($0, notBefore ?? $0) }
  }

  private var allowance: Int { state == .open && failures == 0 ? settings.concurrency : 1 }

  private mutating func dequeue(now: Instant, flushing: Bool) -> Batch? {
    if let index = queue.firstIndex(where: { $0.notBefore <= now }) { return queue.remove(at: index) }
    for place in filling.indices {
      guard let batch = filling[place], flushing || batch.firstAt + settings.flushInterval <= now else { continue }
      filling[place] = nil
      expectBody(like: batch)
      return batch
    }
    return nil
  }

  /// The batch without events that its endpoint no longer takes (the AI endpoint was found missing); nil if none is left.
  private mutating func sendable(
    _ batch: Batch, now: Instant, _ host: HostState, _ outcomes: inout [Outcome]
  ) -> Batch? {
    let limit = host.eventBytesMax(batch.destination)
    guard batch.eventBytesLargest > limit else { return batch }
    for event in batch.events where event.slice.count > limit {
      outcomes.append(.dead(tooLarge(event.token, batch.bytes(of: event), batch.destination, host)))
      settle(events: 1, bytes: Int(event.slice.count))
    }
    let rest = batch.filtered(prefix: prefix, now: now) { batch.events[$0].slice.count <= limit }
    return rest.events.isEmpty ? nil : rest
  }

  private func tooLarge(
    _ token: UInt64, _ bytes: [UInt8], _ destination: Destination, _ host: HostState
  ) -> DeadEvent {
    let reason =
      "the event has \(bytes.count) bytes, more than the \(host.eventBytesMax(destination)) that "
      + "\(host.route(destination).path) takes; it was not sent"
    return DeadEvent(lane: lane, token: token, status: 0, reason: reason, bytes: bytes)
  }

  private mutating func settle(events: Int, bytes: Int) {
    waitingEvents -= events
    waitingBytes -= bytes
  }
}

// MARK: Answers

extension LaneMachine {
  /// What is the same for every answer of one moment.
  struct Moment {
    var now: Instant
    var unixSeconds: Int64
  }

  /// Takes the answer to a batch that `next` gave.
  mutating func finished(
    _ batch: Batch, _ route: Route, _ result: Result<HTTPAnswer, HTTPFailure>, at moment: Moment,
    host: inout HostState, random: inout SeededRandom, _ outcomes: inout [Outcome]
  ) -> Effect {
    inFlight -= 1
    guard case .success(let answer) = result else {
      guard case .failure(let failure) = result else { return .none }
      return retry(batch, status: 0, reason: failure.reason, after: nil, at: moment.now, &random, &outcomes)
    }
    switch Verdict(status: answer.status, route: route) {
    case .accepted:
      works(batch, &outcomes)
      settle(events: batch.events.count, bytes: batch.eventBytes)
      outcomes.append(.delivered(lane: lane, tokens: batch.events.map(\.token)))
      guard AnswerText.isQuotaLimited(answer.body) else { return .none }
      outcomes.append(.notice(.quotaLimited(lane: lane)))
      return .overQuota
    case .noEndpoint:
      if host.hasAIEndpoint { outcomes.append(.notice(.aiEndpointMissing)) }
      host.hasAIEndpoint = false
      queue.insert(batch, at: 0)
      return .none
    case .refused:
      works(batch, &outcomes)
      return refused(batch, answer, at: moment.now, &outcomes)
    case .blocked:
      failedAt = moment.now
      notBefore = moment.now + settings.blockedInterval
      queue.insert(batch, at: 0)
      change(to: .blocked(status: answer.status, reason: reason(answer)), &outcomes)
      return .none
    case .retry:
      let after = answer.retryAfter.flatMap { RetryAfter.parse($0, unixSeconds: moment.unixSeconds) }
      return retry(
        batch, status: answer.status, reason: reason(answer), after: after, at: moment.now, &random, &outcomes)
    }
  }

  /// What an answer adds to the counters beside outcomes.
  enum Effect: Equatable {
    case none, retried, split, overQuota
  }

  /// Tries a blocked lane again at once, after its key or the host was looked after.
  mutating func unblock() {
    if case .blocked = state { notBefore = nil }
  }

  private func reason(_ answer: HTTPAnswer) -> String { AnswerText.reason(answer.body, secret: secret) }

  /// The host took or judged a request, so it and the key are well; unless the lane failed after that request began.
  private mutating func works(_ batch: Batch, _ outcomes: inout [Outcome]) {
    if let failedAt, batch.startedAt < failedAt { return }
    failures = 0
    notBefore = nil
    change(to: .open, &outcomes)
  }

  /// Halves what was refused until the bad event stands alone.
  private mutating func refused(
    _ batch: Batch, _ answer: HTTPAnswer, at now: Instant, _ outcomes: inout [Outcome]
  ) -> Effect {
    if batch.events.count == 1 {
      bury(batch, status: answer.status, reason: reason(answer), &outcomes)
      return .none
    }
    let middle = batch.events.count / 2
    let halves = [
      batch.filtered(prefix: prefix, now: now) { $0 < middle },
      batch.filtered(prefix: prefix, now: now) { $0 >= middle },
    ]
    queue.insert(contentsOf: halves, at: 0)
    return .split
  }

  private mutating func bury(_ batch: Batch, status: UInt16, reason: String, _ outcomes: inout [Outcome]) {
    settle(events: batch.events.count, bytes: batch.eventBytes)
    for event in batch.events {
      outcomes.append(
        .dead(
          DeadEvent(lane: lane, token: event.token, status: status, reason: reason, bytes: batch.bytes(of: event))))
    }
  }

  private mutating func retry(
    _ batch: Batch, status: UInt16, reason: String, after: Duration?, at now: Instant,
    _ random: inout SeededRandom, _ outcomes: inout [Outcome]
  ) -> Effect {
    batch.failures += 1
    // Requests that were in flight together fail together: that is one failure of the lane, not four.
    if failedAt.map({ batch.startedAt >= $0 }) ?? true { failures += 1 }
    failedAt = now
    let laneDelay =
      after.map { backoff.delay(retryAfter: $0, random: &random) }
      ?? backoff.delay(failures: failures, random: &random)
    notBefore = max(notBefore ?? now, now + laneDelay)
    if state == .open { change(to: .retrying(status: status, reason: reason), &outcomes) }
    if let limit = settings.maxRetries, batch.failures > limit {
      bury(batch, status: status, reason: "given up after \(batch.failures) attempts: \(reason)", &outcomes)
      return .none
    }
    // To the end: a batch that fails by itself must not hold the others.
    batch.notBefore = now + backoff.delay(failures: batch.failures, random: &random)
    queue.append(batch)
    return .retried
  }

  private mutating func change(to new: LaneState, _ outcomes: inout [Outcome]) {
    defer { state = new }
    switch (state, new) {
    case (.open, .open), (.retrying, .retrying): return
    case (.blocked(let old, _), .blocked(let status, _)) where old == status: return
    default: outcomes.append(.lane(lane, new))
    }
  }
}
