package import Capture

/// Sends recorded requests over an HTTP client, at a pace, with a bound on those in flight, and counts what comes back.
package struct Replay {
  private struct Flight {
    let number: Int
    let attempt: Int
    let start: Instant
  }

  private struct Retry {
    let number: Int
    let attempt: Int
    let due: Instant
  }

  private let command: ReplayCommand
  private let requests: [RecordedRequest]
  private let schedule: ReplaySchedule
  private let client: any HTTPClient
  private let time: any TimeSource
  private let start: Instant
  /// The number of the next request that was not sent yet.
  private var next = 0
  private var flights: [UInt64: Flight] = [:]
  private var retries: [Retry] = []
  private var lastID: UInt64 = 0
  private var summary = ReplaySummary()

  /// How long at most nothing is shown to the person who waits.
  static let progressInterval = Duration.milliseconds(100)
  /// Exporters begin with a second …
  static let backoffFirst = Duration.seconds(1)
  /// … and end with half a minute.
  static let backoffMax = Duration.seconds(30)

  package init(_ command: ReplayCommand, _ recorded: [RecordedRequest], client: any HTTPClient, time: any TimeSource) {
    self.command = command
    schedule = ReplaySchedule(recorded, pace: command.pace, repetitions: command.repetitions)
    requests = schedule.order.map { recorded[$0] }
    self.client = client
    self.time = time
    start = time.now
  }

  /// Sends everything and waits for all answers.
  package mutating func run(progress: (ReplayProgress.State) -> Void) -> ReplaySummary {
    var shown: Duration?
    while next < schedule.count || !flights.isEmpty || !retries.isEmpty {
      startDue()
      for completion in client.poll(timeout: pause) { settle(completion) }
      summary.duration = time.now - start
      if let shown, summary.duration - shown < Self.progressInterval { continue }
      shown = summary.duration
      progress(ReplayProgress.State(done: next - flights.count - retries.count, of: schedule.count, summary))
    }
    return summary
  }

  /// Requests that are on their way or wait to be sent again: an exporter holds further ones back until they are done.
  private var busy: Int { flights.count + retries.count }

  private mutating func startDue() {
    let now = time.now
    for retry in retries where retry.due <= now { send(retry.number, attempt: retry.attempt) }
    retries.removeAll { $0.due <= now }
    while next < schedule.count, busy < command.concurrency, start + schedule.due(next) <= now {
      send(next, attempt: 0)
      next += 1
    }
  }

  /// How long nothing is to be started.
  private var pause: Duration {
    var instants = retries.map(\.due)
    if next < schedule.count, busy < command.concurrency { instants.append(start + schedule.due(next)) }
    guard let first = instants.min() else { return Self.progressInterval }
    return min(max(first - time.now, .zero), Self.progressInterval)
  }

  private mutating func send(_ number: Int, attempt: Int) {
    let request = requests[number % requests.count]
    lastID += 1
    flights[lastID] = Flight(number: number, attempt: attempt, start: time.now)
    client.start(
      HTTPRequest(
        id: lastID, url: "\(command.url)/v1/\(request.signal.label)", headers: headers(request),
        body: RequestBody(request.body)))
    if attempt > 0 { summary.retries += 1 }
  }

  private func headers(_ request: RecordedRequest) -> [String] {
    var headers = ["Content-Type: " + (request.isJSON ? "application/json" : "application/x-protobuf")]
    if let key = command.key { headers.append("Authorization: Bearer \(key.reveal())") }
    return headers + command.headers
  }

  private mutating func settle(_ completion: HTTPCompletion) {
    guard let flight = flights.removeValue(forKey: completion.id) else { return }
    let request = requests[flight.number % requests.count]
    var wait: Duration?
    switch completion.result {
    case .success(let answer):
      summary.count(answer, of: request, after: time.now - flight.start)
      wait = retryDelay(answer, flight.attempt)
      if wait == nil, !(200..<300).contains(answer.status) { summary.refused += 1 }
    case .failure(let failure):
      summary.failures[failure.reason, default: 0] += 1
      wait = backoff(flight.attempt)
      if wait == nil { summary.refused += 1 }
    }
    if let wait {
      retries.append(Retry(number: flight.number, attempt: flight.attempt + 1, due: time.now + wait))
    }
  }

  /// When to try again; nil if the answer is final. The statuses are those of the OTLP specification, "Retryable Response
  /// Codes".
  private func retryDelay(_ answer: HTTPAnswer, _ attempt: Int) -> Duration? {
    guard [429, 502, 503, 504].contains(answer.status), let delay = backoff(attempt) else { return nil }
    return answer.retryAfter.flatMap { Int($0) }.map { min(.seconds(max($0, 0)), Self.backoffMax) } ?? delay
  }

  /// Twice as long each time; nil when there were attempts enough.
  private func backoff(_ attempt: Int) -> Duration? {
    guard attempt < command.retriesMax else { return nil }
    return min(Self.backoffFirst * (1 << min(attempt, 10)), Self.backoffMax)
  }
}
