import Bytes
import Synchronization

@testable import Capture

/// A clock that moves only when it is told to.
final class VirtualTime: TimeSource {
  private let nanoseconds = Atomic<Int64>(1_000_000_000_000)

  var now: Instant { Instant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
  /// 2026-10-01 10:00:00 UTC at the start.
  var unixSeconds: Int64 { 1_790_848_800 + now.nanoseconds / 1_000_000_000 - 1_000 }

  func advance(to instant: Instant) {
    nanoseconds.store(max(instant.nanoseconds, now.nanoseconds), ordering: .relaxed)
  }
}

/// An HTTP client without a network: every request is answered by a closure, some virtual time later.
final class FakePostHog: HTTPClient {
  struct Seen {
    var at: Instant
    var url: String
    var headers: [String]
    var body: [UInt8]
    var key: String
    /// The events' texts, as they stood in the body.
    var events: [String]
  }

  struct Reply {
    var after = Duration.milliseconds(10)
    var result: Result<HTTPAnswer, HTTPFailure>

    static func status(_ status: UInt16, _ text: String = "", retryAfter: String? = nil) -> Reply {
      Reply(result: .success(HTTPAnswer(status: status, retryAfter: retryAfter, body: Array(text.utf8))))
    }
    static let reset = Reply(result: .failure(HTTPFailure(reason: "reset")))
  }

  let time = VirtualTime()
  var answer: (Seen) -> Reply
  private(set) var seen: [Seen] = []
  private(set) var inFlightMost = 0
  private(set) var cancelled: [UInt64] = []
  private var waiting: [(at: Instant, id: UInt64, result: Result<HTTPAnswer, HTTPFailure>)] = []

  init(_ answer: @escaping (Seen) -> Reply = { _ in .status(200) }) { self.answer = answer }

  func start(_ request: HTTPRequest) {
    let (key, events) = parse(request.body.array)
    let seen = Seen(
      at: time.now, url: request.url, headers: request.headers, body: request.body.array, key: key, events: events)
    self.seen.append(seen)
    let reply = answer(seen)
    waiting.append((time.now + reply.after, request.id, reply.result))
    inFlightMost = max(inFlightMost, waiting.count)
  }

  func poll(timeout: Duration) -> [HTTPCompletion] {
    let limit = time.now + timeout
    guard let next = waiting.map(\.at).min(), next <= limit else {
      time.advance(to: limit)
      return []
    }
    time.advance(to: next)
    defer { waiting.removeAll { $0.at <= next } }
    return waiting.filter { $0.at <= next }.map { HTTPCompletion(id: $0.id, result: $0.result) }
  }

  func cancel(_ id: UInt64) {
    cancelled.append(id)
    waiting.removeAll { $0.id == id }
  }

  var wakeUp: @Sendable () -> Void { {} }
}

/// The key and the events of a body; nothing of a body that is none, so that a test fails.
private func parse(_ body: [UInt8]) -> (key: String, events: [String]) {
  var tape = JSONTape()
  let bytes = body.span
  guard let root = try? tape.parse(bytes, Slice(0, body.count)), tape.nodes[root].children == 2 else { return ("", []) }
  let key = tape.nodes[root + 1]
  var index = root + 3
  var events: [String] = []
  while index < tape.nodes[root + 2].next {
    events.append(bytes.string(tape.nodes[index].text))
    index = Int(tape.nodes[index].next)
  }
  return (bytes.string(key.text), events)
}

/// A sender over a fake PostHog, with what came out of it.
final class Rig {
  let posthog: FakePostHog
  let sender: Sender
  private(set) var outcomes: [Outcome] = []

  init(
    seed: UInt64 = 1, _ change: (inout CaptureSettings) -> Void = { _ in },
    answer: @escaping (FakePostHog.Seen) -> FakePostHog.Reply = { _ in .status(200) }
  ) throws {
    var settings = CaptureSettings()
    settings.host = "https://posthog.test"
    settings.compression = .none
    change(&settings)
    posthog = FakePostHog(answer)
    sender = try Sender(settings: settings, client: posthog, time: posthog.time, seed: seed) { _ in [] }
    sender.register(lane: 1, key: "phc_one")
    sender.register(lane: 2, key: "phc_two")
  }

  var now: Instant { posthog.time.now }

  func enqueue(lane: UInt32 = 1, _ destination: Destination = .ai, token: UInt64, _ text: String? = nil) {
    let bytes = Array((text ?? "{\"n\":\(token)}").utf8)
    sender.enqueue(lane: lane, destination, token: token, bytes.span, Slice(0, bytes.count), now: now)
  }

  /// Polls for `duration` of virtual time.
  func run(_ duration: Duration) {
    let end = now + duration
    repeat { outcomes += sender.poll(timeout: end - now) } while now < end
  }

  /// Polls until nothing waits, for a virtual day at most.
  func settle() {
    let end = now + .seconds(86_400)
    while sender.waitingBytes > 0, now < end { outcomes += sender.poll(timeout: .seconds(3_600)) }
    outcomes += sender.poll(timeout: .zero)
  }

  var delivered: [UInt64] {
    outcomes.flatMap { if case .delivered(_, let tokens) = $0 { tokens } else { [UInt64]() } }
  }
  var dead: [DeadEvent] { outcomes.compactMap { if case .dead(let event) = $0 { event } else { nil } } }
  var notices: [Notice] { outcomes.compactMap { if case .notice(let notice) = $0 { notice } else { nil } } }
  func states(lane: UInt32) -> [LaneState] {
    outcomes.compactMap { if case .lane(lane, let state) = $0 { state } else { nil } }
  }
}
