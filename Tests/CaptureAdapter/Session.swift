import Bytes
import Capture
import Codec
import Glibc
import Mapping
import Transport

/// One sender after the other, as the harness initialises and resets them; on one thread.
final class Session {
  static var health: String {
    "{\"sdk_name\":\"hoglet\",\"sdk_version\":\"\(Mapper.version)\",\"adapter_version\":\"1.0.0\","
      + "\"capabilities\":[\"capture_v0\",\"capture_ai_v0\",\"encoding_gzip\"]}"
  }

  /// The contract's defaults.
  private static let flushAt = 100
  private static let flushMilliseconds = 500
  private static let maxRetries = 3
  /// A flush is answered after this even if PostHog takes nothing.
  static let flushTimeMax = Duration.seconds(20)
  private static let lane: UInt32 = 1
  private static let idleWait = Duration.seconds(3_600)

  private let client: RecordingClient
  private let orders: Orders
  private let compressor = GzipCompressor()
  private let time = SystemTime()
  private var sender: Sender?
  private var captured: UInt64 = 0
  private var lastError: String?
  /// Flushes that wait, with what had been sent when they came.
  private var flushes: [(reply: Reply, sent: UInt64, deadline: Instant)] = []

  init(client: RecordingClient, orders: Orders) {
    self.client = client
    self.orders = orders
  }

  /// Does what it is told, for ever.
  func run() {
    while true {
      for (order, reply) in orders.take() { obey(order, reply) }
      answerFlushes()
      let left = flushes.map { $0.deadline - time.now }.min() ?? Self.idleWait
      sender?.isFlushing = !flushes.isEmpty
      if let sender {
        for outcome in sender.poll(timeout: max(left, .zero)) { note(outcome) }
      } else {
        _ = client.poll(timeout: Self.idleWait)
      }
    }
  }

  private func obey(_ order: Order, _ reply: Reply) {
    switch order {
    case .initialise(let body): initialise(body, reply)
    case .capture(let body, let isAI): capture(body, isAI: isAI, reply)
    case .flush: flushes.append((reply, sender?.counters.eventsDelivered ?? 0, time.now + Self.flushTimeMax))
    case .state: reply.send(.json(200, state))
    case .reset:
      clear()
      reply.send(.json(200, "{\"success\":true}"))
    }
  }

  private func clear() {
    // The old sender gives up what it has in flight.
    sender = nil
    client.forget()
    captured = 0
    lastError = nil
  }

  private func initialise(_ body: Order.Body, _ reply: Reply) {
    guard let key = body.text("api_key"), let host = body.text("host") else {
      return answer(reply, 400, error: "api_key and host are needed")
    }
    clear()
    var settings = CaptureSettings()
    settings.host = host
    settings.batchEvents = body.number("flush_at") ?? Self.flushAt
    settings.flushInterval = .milliseconds(body.number("flush_interval_ms") ?? Self.flushMilliseconds)
    settings.maxRetries = body.number("max_retries") ?? Self.maxRetries
    let isCompressed = body.member("enable_compression").map { $0.kind == .bool && $0.flag } ?? false
    settings.compression = isCompressed ? .gzip : .none
    do {
      let compressor = compressor
      let made = try Sender(
        settings: settings, client: client, time: time, seed: .random(in: 0 ... .max),
        compress: { compressor.compress($0) })
      made.register(lane: Self.lane, key: key)
      sender = made
      reply.send(.json(200, "{\"success\":true}"))
    } catch {
      answer(reply, 400, error: "\(error)")
    }
  }

  private func capture(_ body: Order.Body, isAI: Bool, _ reply: Reply) {
    guard let sender else { return answer(reply, 400, error: "not initialised") }
    guard let event = CapturedEvent(body) else {
      return answer(reply, 400, error: "distinct_id and event are needed, and timestamp is RFC 3339")
    }
    captured += 1
    sender.enqueue(
      lane: Self.lane, isAI ? .ai : .analytics, token: captured, event.json.span, Slice(0, event.json.count),
      now: time.now)
    reply.send(.json(200, "{\"success\":true,\"uuid\":\"\(event.uuid)\"}"))
  }

  private func note(_ outcome: Outcome) {
    switch outcome {
    case .lane(_, .retrying(let status, let reason)), .lane(_, .blocked(let status, let reason)):
      lastError = "HTTP \(status): \(reason)"
    case .dead(let event): lastError = "HTTP \(event.status): \(event.reason)"
    case .delivered, .unwanted, .lane(_, .open), .notice: break
    }
  }

  /// A flush is over when nothing waits any more, or nothing will go for now.
  private func answerFlushes() {
    var isBlocked = false
    if case .blocked? = sender?.state(lane: Self.lane) { isBlocked = true }
    let isEmpty = (sender?.waitingEvents(lane: Self.lane) ?? 0) == 0
    let sent = sender?.counters.eventsDelivered ?? 0
    flushes.removeAll { flush in
      guard isEmpty || isBlocked || time.now >= flush.deadline else { return false }
      flush.reply.send(.json(200, "{\"success\":true,\"events_flushed\":\(sent - min(sent, flush.sent))}"))
      return true
    }
  }

  private var state: String {
    let counters = sender?.counters ?? CaptureCounters()
    var out = ByteBuffer()
    out.append("{\"pending_events\":\(sender?.waitingEvents(lane: Self.lane) ?? 0),")
    out.append("\"total_events_captured\":\(captured),\"total_events_sent\":\(counters.eventsDelivered),")
    out.append("\"total_retries\":\(counters.retries),\"last_error\":")
    if let lastError { out.appendJSONString(lastError) } else { out.append("null") }
    out.append(",\"requests_made\":[")
    let requests = client.made.map { made in
      let uuids = made.uuids.map { "\"\($0)\"" }.joined(separator: ",")
      return "{\"timestamp_ms\":\(made.milliseconds),\"status_code\":\(made.status),\"retry_attempt\":\(made.attempt),"
        + "\"event_count\":\(made.uuids.count),\"uuid_list\":[\(uuids)]}"
    }
    out.append(requests.joined(separator: ","))
    out.append("]}")
    return out.string
  }

  private func answer(_ reply: Reply, _ status: UInt16, error: String) {
    var out = ByteBuffer()
    out.append("{\"success\":false,\"error\":")
    out.appendJSONString(error)
    out.append("}")
    reply.send(.json(status, out.string))
  }
}
