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
  /// What stands around the events of every body of this lane, by destination.
  private let envelopes: [Envelope]

  /// What the next body begins with: a busy lane's bodies are about as large as the last one, and growing there would copy
  /// them over and over.
  private var bodyBytesExpected = CaptureLimits.bodyBytesFirst
  private var filling: [Batch?] = Array(repeating: nil, count: Destination.allCases.count)
  /// The last event of each destination: whose it was and where it went.
  private var last: [(token: UInt64, turn: Batch.Turn)?] = Array(repeating: nil, count: Destination.allCases.count)
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
    buffer.appendJSONString(key)
    let quotedKey = buffer.array()
    envelopes = Destination.allCases.map { Envelope($0, quotedKey: quotedKey) }
  }

  /// Takes an event. One that is too large for its endpoint is shortened, or dead at once; a log record that the host has
  /// no endpoint for is unwanted.
  mutating func enqueue(
    _ destination: Destination, token: UInt64, _ bytes: ByteSpan, _ slice: Slice, now: Instant, host: HostState,
    _ outcomes: inout [Outcome]
  ) {
    if destination == .logs, !host.takesLogs { return outcomes.append(.unwanted(lane: lane, tokens: [token])) }
    guard Int(slice.count) > host.eventBytesMax(destination) else {
      return add(destination, token: token, bytes, slice, now: now)
    }
    var copy = [UInt8]()
    copy.append(bytes, slice)
    guard let short = shortened(copy, destination, host, &outcomes) else {
      return outcomes.append(.dead(tooLarge(token, copy, destination, host)))
    }
    add(destination, token: token, short.span, Slice(0, short.count), now: now)
  }

  private mutating func add(
    _ destination: Destination, token: UInt64, _ bytes: ByteSpan, _ slice: Slice, now: Instant
  ) {
    let size = Int(slice.count)
    let place = Int(destination.rawValue)
    if let batch = filling[place], !hasRoom(batch, size, token) { close(place) }
    let batch = filling[place] ?? open(destination, token: token, now: now)
    batch.append(token: token, bytes, slice)
    last[place] = (token, batch.turn)
    waitingBytes += size
    waitingEvents += 1
  }

  private mutating func open(_ destination: Destination, token: UInt64, now: Instant) -> Batch {
    let place = Int(destination.rawValue)
    let batch = Batch(
      destination: destination, envelope: envelopes[place], now: now,
      capacity: min(bodyBytesExpected, batchBytesMax(destination)))
    if let last = last[place], last.token == token { batch.after = last.turn }
    filling[place] = batch
    return batch
  }

  /// Whether an event may join a batch: while it is not full, and a little longer if its trace began there.
  private func hasRoom(_ batch: Batch, _ size: Int, _ token: UInt64) -> Bool {
    let bytesMax = batchBytesMax(batch.destination)
    let bytes = batch.bodyBytes(adding: size)
    if bytes <= bytesMax, batch.events.count < settings.batchEvents { return true }
    guard batch.events.last?.token == token, batch.destination != .logs else { return false }
    return bytes <= min(bytesMax + bytesMax / CaptureLimits.overfillDivisor, CaptureLimits.batchBytesMax)
      && batch.events.count < settings.batchEvents + settings.batchEvents / CaptureLimits.overfillDivisor
  }

  private func isFull(_ batch: Batch) -> Bool {
    batch.events.count >= settings.batchEvents || batch.bodyBytes(adding: 0) > batchBytesMax(batch.destination)
  }

  private func batchBytesMax(_ destination: Destination) -> Int {
    min(
      settings.batchBytes, destination == .logs ? CaptureLimits.logsBatchBytesMax : CaptureLimits.batchBytesMax)
  }

  private mutating func close(_ place: Int) {
    guard let batch = filling[place] else { return }
    filling[place] = nil
    expectBody(like: batch)
    queue.append(batch)
  }

  /// Lets go what waits for more to share its request.
  mutating func hurry() {
    for place in filling.indices { close(place) }
  }

  private mutating func expectBody(like batch: Batch) {
    let bytes = batch.bodyBytes(adding: 0)
    bodyBytesExpected = max(CaptureLimits.bodyBytesFirst, min(bytes + bytes / 8, batchBytesMax(batch.destination)))
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
    var earliest = queue.lazy.filter(\.isFree).map(\.notBefore).min()
    for case .some(let batch) in filling where batch.isFree {
      let due = due(batch, flushing)
      earliest = min(earliest ?? due, due)
    }
    return earliest.map { max($0, notBefore ?? $0) }
  }

  /// When a batch that is being filled may leave.
  private func due(_ batch: Batch, _ flushing: Bool) -> Instant {
    flushing || isFull(batch) ? batch.firstAt : batch.firstAt + settings.flushInterval
  }

  /// Whether the last that was heard of the lane was no success.
  var isFailing: Bool { state != .open || failures > 0 }

  private var allowance: Int { state == .open && failures == 0 ? settings.concurrency : 1 }

  private mutating func dequeue(now: Instant, flushing: Bool) -> Batch? {
    if let index = queue.firstIndex(where: { $0.notBefore <= now && $0.isFree }) { return queue.remove(at: index) }
    for place in filling.indices {
      guard let batch = filling[place], batch.isFree, due(batch, flushing) <= now else { continue }
      filling[place] = nil
      expectBody(like: batch)
      return batch
    }
    return nil
  }

  /// The batch as its endpoint takes it (the AI endpoint may have been found missing): events that are too large for it
  /// are shortened, or dead. Nil if none is left.
  private mutating func sendable(
    _ batch: Batch, now: Instant, _ host: HostState, _ outcomes: inout [Outcome]
  ) -> Batch? {
    let limit = host.eventBytesMax(batch.destination)
    guard batch.eventBytesLargest > limit else { return batch }
    let rest = Batch(
      destination: batch.destination, envelope: envelopes[Int(batch.destination.rawValue)], now: now,
      capacity: batch.bodyBytes(adding: 0))
    (rest.turn, rest.after) = (batch.turn, batch.after)
    for event in batch.events {
      let bytes = batch.bytes(of: event)
      if bytes.count <= limit {
        rest.append(token: event.token, bytes.span, Slice(0, bytes.count))
      } else if let short = shortened(bytes, batch.destination, host, &outcomes) {
        rest.append(token: event.token, short.span, Slice(0, short.count))
        waitingBytes -= bytes.count - short.count
      } else {
        outcomes.append(.dead(tooLarge(event.token, bytes, batch.destination, host)))
        settle(events: 1, bytes: bytes.count)
      }
    }
    if rest.events.isEmpty { batch.turn.isOver = true }
    return rest.events.isEmpty ? nil : rest
  }

  /// The event with its largest properties cut until it fits; nil if that does not help.
  private func shortened(
    _ event: [UInt8], _ destination: Destination, _ host: HostState, _ outcomes: inout [Outcome]
  ) -> [UInt8]? {
    guard destination == .ai, let short = EventShortening.fit(event, host.eventBytesMax(destination)) else {
      return nil
    }
    outcomes.append(.notice(.shortened(lane: lane)))
    return short
  }

  private func tooLarge(
    _ token: UInt64, _ bytes: [UInt8], _ destination: Destination, _ host: HostState
  ) -> DeadEvent {
    let reason =
      "the event has \(bytes.count) bytes, more than the \(host.eventBytesMax(destination)) that "
      + "\(host.route(destination).path) takes; it was not sent"
    return DeadEvent(lane: lane, token: token, status: 0, reason: reason, bytes: bytes)
  }

  private mutating func settle(_ batch: Batch) {
    batch.turn.isOver = true
    settle(events: batch.events.count, bytes: batch.eventBytes)
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
      settle(batch)
      outcomes.append(.delivered(lane: lane, tokens: batch.events.map(\.token)))
      guard AnswerText.isQuotaLimited(answer.body) else { return .none }
      outcomes.append(.notice(.quotaLimited(lane: lane)))
      return .overQuota
    case .noEndpoint where batch.destination == .logs:
      works(batch, &outcomes)
      settle(batch)
      if host.takesLogs { outcomes.append(.notice(.logsEndpointMissing)) }
      host.takesLogs = false
      outcomes.append(.unwanted(lane: lane, tokens: batch.events.map(\.token)))
      return .none
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
    queue.insert(contentsOf: batch.halves(now: now), at: 0)
    return .split
  }

  private mutating func bury(_ batch: Batch, status: UInt16, reason: String, _ outcomes: inout [Outcome]) {
    settle(batch)
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
