package import Bytes

/// Getting events to PostHog: takes them with a token each, and gives every token back once PostHog has taken or refused
/// the event. Lanes (project keys) do not hold each other up.
///
/// Everything is called by one thread, except `wakeUp`.
package final class Sender {
  private let settings: CaptureSettings
  private let client: any HTTPClient
  private let time: any TimeSource
  private let compress: ((ByteSpan) -> [UInt8])?
  private let headers: Headers
  private let root: String

  private var lanes: [LaneMachine] = []
  private var keys: [String] = []
  private var places: [UInt32: Int] = [:]
  /// Whose turn it is to start a request.
  private var turn = 0
  private var host: HostState
  private var flights: [UInt64: Flight] = [:]
  private var nextID: UInt64 = 1
  private var random: SeededRandom
  private var outcomes: [Outcome] = []
  private var tally = CaptureCounters()

  private struct Flight {
    var place: Int
    var batch: Batch
    var route: Route
  }

  /// Sends what waits without waiting for more to fill its batch; for shutdown.
  package var isFlushing = false

  /// `compress` makes gzip of a body; it is called once for each batch, and not at all with `.none`.
  package init(
    settings: CaptureSettings, client: any HTTPClient, time: any TimeSource, seed: UInt64,
    compress: @escaping (ByteSpan) -> [UInt8]
  ) throws(CaptureError) {
    let scheme = settings.host.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() }
    guard scheme == "https" || scheme == "http", settings.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .badHost(settings.host)
    }
    self.settings = settings
    self.client = client
    self.time = time
    self.compress = settings.compression == .gzip ? compress : nil
    root = String(settings.host.reversed().drop { $0 == "/" }.reversed())
    host = HostState(hasAIEndpoint: settings.aiLane)
    random = SeededRandom(seed: seed)
    headers = Headers(settings)
  }

  deinit {
    for id in flights.keys { client.cancel(id) }
  }

  /// Makes a lane known under the caller's own number. Again is nothing new.
  package func register(lane: UInt32, key: String) {
    guard places[lane] == nil else { return }
    places[lane] = lanes.count
    keys.append(key)
    lanes.append(LaneMachine(lane: lane, key: key, settings: settings))
  }

  /// Takes an event: `slice` of `bytes` is its JSON, copied once, into the body that will be sent. The lane must be
  /// registered. `token` comes back in an `Outcome`.
  package func enqueue(
    lane: UInt32, _ destination: Destination, token: UInt64, _ bytes: ByteSpan, _ slice: Slice, now: Instant
  ) {
    guard let place = places[lane] else { preconditionFailure("an event for a lane that was never registered") }
    let before = lanes[place].waitingBytes
    lanes[place].enqueue(destination, token: token, bytes, slice, now: now, host: host, &outcomes)
    waitingBytes += lanes[place].waitingBytes - before
  }

  /// Starts what may start, waits for answers up to `timeout`, and tells what became of events. Returns early with the
  /// first answer and at `wakeUp`, so it may return nothing.
  package func poll(timeout: Duration) -> [Outcome] {
    startRequests()
    let wait = outcomes.isEmpty ? min(max(untilWork, .zero), timeout) : .zero
    let completions = client.poll(timeout: wait)
    let moment = LaneMachine.Moment(now: time.now, unixSeconds: time.unixSeconds)
    for completion in completions { finish(completion, moment) }
    count(outcomes)
    defer { outcomes.removeAll(keepingCapacity: true) }
    return outcomes
  }

  /// Sends everything that waits, until nothing does or `deadline` comes; hands outcomes on as they arrive. Returns
  /// whether nothing is left. What is left stays in the spool and is sent again after the next start.
  package func drain(until deadline: Instant, settled: ([Outcome]) -> Void) -> Bool {
    isFlushing = true
    defer { isFlushing = false }
    while waitingBytes > 0 || !outcomes.isEmpty {
      let left = deadline - time.now
      if left <= .zero { return false }
      let news = poll(timeout: left)
      if !news.isEmpty { settled(news) }
    }
    return true
  }

  /// Ends a `poll` that waits; from any thread.
  package var wakeUp: @Sendable () -> Void { client.wakeUp }

  /// Sends what a lane has without waiting for more: its caller brings no more before this is taken.
  package func hurry(lane: UInt32) {
    if let place = places[lane] { lanes[place].hurry() }
  }

  /// Tries every blocked lane again at once; after a reload.
  package func unblock() {
    for place in lanes.indices { lanes[place].unblock() }
  }

  /// Bytes of events that were taken and are neither delivered nor dead: above a bound of its own, the caller stops
  /// feeding.
  package private(set) var waitingBytes = 0
  /// The same for one lane; 0 if it is not known.
  package func waitingBytes(lane: UInt32) -> Int { places[lane].map { lanes[$0].waitingBytes } ?? 0 }
  /// Events that were taken and are neither delivered nor dead.
  package func waitingEvents(lane: UInt32) -> Int { places[lane].map { lanes[$0].waitingEvents } ?? 0 }
  /// How a lane fares; nil if it is not known.
  package func state(lane: UInt32) -> LaneState? { places[lane].map { lanes[$0].state } }

  package var counters: CaptureCounters {
    var counters = tally
    counters.inFlight = flights.count
    return counters
  }
}

// MARK: Requests

extension Sender {
  /// A request for each lane in turn, until none may send or enough are in flight.
  private func startRequests() {
    let now = time.now
    var idle = 0
    var failing = failingFlights
    while idle < lanes.count, flights.count < settings.requestsMax {
      turn = (turn + 1) % lanes.count
      if lanes[turn].isFailing, failing >= failingFlightsMax {
        idle += 1
        continue
      }
      let before = lanes[turn].waitingBytes
      let batch = lanes[turn].next(now: now, flushing: isFlushing, host: host, &outcomes)
      waitingBytes += lanes[turn].waitingBytes - before
      if let batch {
        if lanes[turn].isFailing { failing += 1 }
        start(batch, place: turn)
        idle = 0
      } else {
        idle += 1
      }
    }
  }

  private func start(_ batch: Batch, place: Int) {
    let body = batch.body(compress: compress)
    let route = host.route(batch.destination)
    let id = nextID
    nextID += 1
    flights[id] = Flight(place: place, batch: batch, route: route)
    tally.bytesSent += UInt64(body.count)
    let headers = headers.lines(route, key: keys[place])
    client.start(HTTPRequest(id: id, url: root + route.path, headers: headers, body: body))
  }

  /// Requests in flight of lanes that fail, and how many there may be.
  private var failingFlights: Int { lanes.reduce(0) { $0 + ($1.isFailing ? $1.inFlight : 0) } }
  private var failingFlightsMax: Int { max(1, settings.requestsMax / CaptureLimits.failingShareDivisor) }

  /// How long until a lane may send something that it may not send now.
  private var untilWork: Duration {
    guard flights.count < settings.requestsMax else { return CaptureLimits.idleWait }
    let now = time.now
    let mayFail = failingFlights < failingFlightsMax
    let earliest = lanes.lazy.filter { mayFail || !$0.isFailing }
      .compactMap { $0.wakeTime(flushing: self.isFlushing) }.min()
    return earliest.map { $0 - now } ?? CaptureLimits.idleWait
  }

  private func finish(_ completion: HTTPCompletion, _ moment: LaneMachine.Moment) {
    guard let flight = flights.removeValue(forKey: completion.id) else { return }
    var status: UInt16 = 0
    if case .success(let answer) = completion.result { status = answer.status }
    tally.count(status: status)
    let first = outcomes.count
    let before = lanes[flight.place].waitingBytes
    let effect = lanes[flight.place].finished(
      flight.batch, flight.route, completion.result, at: moment, host: &host, random: &random, &outcomes)
    waitingBytes += lanes[flight.place].waitingBytes - before
    switch effect {
    case .none: break
    case .retried: tally.retries += 1
    case .split: tally.splits += 1
    case .overQuota: tally.quotaLimited += 1
    }
    for case .delivered in outcomes[first...] { tally.bytesDelivered += UInt64(flight.batch.eventBytes) }
  }

  private func count(_ outcomes: [Outcome]) {
    for outcome in outcomes {
      switch outcome {
      case .delivered(_, let tokens): tally.eventsDelivered += UInt64(tokens.count)
      case .dead: tally.eventsDead += 1
      case .notice(.shortened): tally.eventsShortened += 1
      case .unwanted, .lane, .notice: break
      }
    }
  }
}
