import Bytes
import Capture
import Synchronization
import Telemetry

/// Clocks that move only when they are told to: a steady one, and a wall clock that may jump.
final class SimulatedTime: TimeSource {
  private let steady = Atomic<Int64>(1_000_000_000_000)
  private let jumped = Atomic<Int64>(0)

  var now: Instant { Instant(nanoseconds: steady.load(ordering: .relaxed)) }
  var wall: UInt64 {
    UInt64(1_700_000_000_000_000_000 + steady.load(ordering: .relaxed) + jumped.load(ordering: .relaxed))
  }
  var unixSeconds: Int64 { Int64(wall / 1_000_000_000) }

  func advance(milliseconds: Int) { steady.add(Int64(milliseconds) * 1_000_000, ordering: .relaxed) }
  func jump(seconds: Int) { jumped.add(Int64(seconds) * 1_000_000_000, ordering: .relaxed) }
}

/// An event as PostHog sees it.
struct SimulatedEvent: Hashable {
  var span: UInt64
  var uuid: String
  /// What, with the uuid, PostHog tells events apart by.
  var identity: String
  /// Of a roll-up, how many events it stands for.
  var sum: Int?
  /// Of Hoglet itself, made of no span.
  var isOurs: Bool { identity.contains(" hoglet_") }

  /// The events of a body, or the one that a dead letter holds.
  static func all(in body: [UInt8]) -> (key: String, events: [SimulatedEvent]) {
    var tape = JSONTape()
    guard let root = try? tape.parse(body.span, Slice(0, body.count)) else { return ("", []) }
    let text = { (node: JSONNode) in body.span.string(node.text) }
    func members(_ object: Int) -> [String: Int] {
      var found: [String: Int] = [:]
      var child = object + 1
      while child < Int(tape.nodes[object].next) {
        found[body.span.string(tape.nodes[child].key)] = child
        child = Int(tape.nodes[child].next)
      }
      return found
    }
    func event(_ object: Int) -> SimulatedEvent {
      let outer = members(object)
      let words = ["uuid", "timestamp", "distinct_id", "event"].map { outer[$0].map { text(tape.nodes[$0]) } ?? "?" }
      let inner = outer["properties"].map(members) ?? [:]
      let span = inner["$ai_span_id"].map { text(tape.nodes[$0]) } ?? ""
      let sum = words[3] == "hoglet_rollup" ? inner["events"].flatMap { Int(text(tape.nodes[$0])) } : nil
      return SimulatedEvent(
        span: UInt64(span, radix: 16) ?? 0, uuid: words[0], identity: words[1...].joined(separator: " "), sum: sum)
    }
    let outer = members(root)
    guard let batch = outer["batch"], let key = outer["api_key"] else { return ("", [event(root)]) }
    var events: [SimulatedEvent] = []
    var child = batch + 1
    while child < Int(tape.nodes[batch].next) {
      events.append(event(child))
      child = Int(tape.nodes[child].next)
    }
    return (text(tape.nodes[key]), events)
  }
}

/// PostHog, and the network before it. It outlives the gateway's crashes, and so does what is on its way to it.
final class SimulatedPostHog: HTTPClient {
  /// An answer on its way, and what is stored when it leaves.
  private struct Exchange {
    var id: UInt64
    var at: Instant
    var result: Result<HTTPAnswer, HTTPFailure>
    var stored: [SimulatedEvent]
  }

  /// Spans that PostHog never takes: numbers that this divides.
  static let poison: UInt64 = 23

  private let time: SimulatedTime
  private var random: Seeded
  private var exchanges: [Exchange] = []
  private var answers: [HTTPCompletion] = []
  /// Of a hundred requests, how many meet a fault.
  var faults = 0
  /// Keys that are refused for now.
  var refusedKeys = Set<String>()
  /// Hears of every event that is sent, before anything else happens to it.
  var sees: (SimulatedEvent) -> Void = { _ in }
  var stores: (SimulatedEvent) -> Void = { _ in }

  init(_ time: SimulatedTime, seed: UInt64) {
    self.time = time
    random = Seeded(seed ^ 0x5eed)
  }

  func start(_ request: HTTPRequest) {
    let (key, events) = SimulatedEvent.all(in: request.body.array)
    for event in events { sees(event) }
    var (after, result, stored) = verdict(key, events)
    if random.below(10) == 0 { after += .seconds(random.below(20)) }
    exchanges.append(Exchange(id: request.id, at: time.now + after, result: result, stored: stored))
  }

  private func verdict(
    _ key: String, _ events: [SimulatedEvent]
  ) -> (Duration, Result<HTTPAnswer, HTTPFailure>, [SimulatedEvent]) {
    func answer(_ status: UInt16, _ retryAfter: String? = nil) -> Result<HTTPAnswer, HTTPFailure> {
      .success(HTTPAnswer(status: status, retryAfter: retryAfter, body: Array("{}".utf8)))
    }
    let soon = Duration.milliseconds(random.below(400))
    if refusedKeys.contains(key) { return (soon, answer(401), []) }
    if events.contains(where: { !$0.isOurs && $0.span % Self.poison == 0 }) { return (soon, answer(400), []) }
    guard random.below(100) < faults else { return (soon, answer(200), events) }
    let failure = Result<HTTPAnswer, HTTPFailure>.failure(HTTPFailure(reason: "reset"))
    switch random.below(8) {
    case 0: return (soon, answer([500, 502, 503, 504, 520][random.below(5)]), [])
    case 1: return (soon, answer(429, "\(random.below(5))"), [])
    case 2 where events.count > 1: return (soon, answer(413), [])
    case 3: return (.seconds(30), .failure(HTTPFailure(reason: "timeout")), random.below(2) == 0 ? [] : events)
    case 4: return (soon, failure, [])
    case 5: return (soon, answer(503), Array(events.prefix(random.below(events.count + 1))))
    default: return (soon, failure, events)
    }
  }

  /// What was to happen until now happens.
  func settle() {
    let now = time.now
    for exchange in exchanges where exchange.at <= now {
      for event in exchange.stored { stores(event) }
      answers.append(HTTPCompletion(id: exchange.id, result: exchange.result))
    }
    exchanges.removeAll { $0.at <= now }
  }

  /// The gateway is gone: nobody hears the answers, but what it sent is on its way.
  func forgetGateway() {
    answers = []
    for place in exchanges.indices { exchanges[place].id = 0 }
  }

  func poll(timeout: Duration) -> [HTTPCompletion] {
    defer { answers = [] }
    return answers.filter { $0.id != 0 }
  }

  func cancel(_ id: UInt64) {}
  var wakeUp: @Sendable () -> Void { {} }
}
