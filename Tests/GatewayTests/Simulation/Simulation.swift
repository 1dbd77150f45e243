import Bytes
import Capture
import Glibc
import Logging
import Mapping
import OTLP
import Sampling
import Spool
import Synchronization
import Telemetry

@testable import Gateway

/// The whole way from the spool to PostHog, single-threaded, on a simulated disk, network and clock: delivery, lanes and
/// sender are the real ones. Everything follows from the seed. `problems` has every promise that was broken.
final class Simulation {
  /// A request of a client, until it is answered with 200.
  private struct Sent {
    var key: String
    var spans: [TestSpan]
    var isAcknowledged = false
  }

  private static let keys = ["first_key", "second_key"]
  /// Compiled once: that takes a second without optimisation.
  private static let program = loadMappings(directory: nil).set.map { Program($0) }
  private static let ripeness = RipenessSettings(
    quiet: 10_000_000_000, rootGrace: 6_000_000_000, max: 600_000_000_000)

  private(set) var problems: [String] = []
  private(set) var crashes = 0

  private let seed: UInt64
  private var random: Seeded
  private let time = SimulatedTime()
  private let posthog: SimulatedPostHog
  private var spool = SimulatedSpool(SimulatedDisk())
  private var mailbox = Mailbox()
  private var metrics = Metrics { $0 }
  private var delivery: Delivery

  private var sent: [Sent] = []
  /// What waits for a commit in the running process: which request each token is.
  private var tokens: [UInt64: Int] = [:]
  private var nextToken: UInt64 = 1
  /// Of a hundred transactions, how many fail.
  private var refusals = 0
  private var isAhead: Bool?
  private var hasJumped: Bool { isAhead != nil }

  private var acknowledged = Set<UInt64>()
  private var known = Set<UInt64>()
  private var dead = Set<UInt64>()
  private var arrived: [UInt64: SimulatedEvent] = [:]
  private var uuids: [String: String] = [:]
  /// What roll-ups say, by their uuid.
  private var rollUps: [String: SimulatedEvent] = [:]
  /// Spans that sampling left out, durably.
  private var leftOut = Set<UInt64>()
  /// In some stories only half of the traces go out, and those with errors.
  private let isSampling: Bool
  /// What was decided, durably, about each event and trace.
  private var frozen: [SpanKey: FrozenEvent] = [:]
  private var frozenSpans = Set<UInt64>()
  private var decided: [TraceID: Decision] = [:]

  init?(seed: UInt64) {
    guard let program = Self.program else { return nil }
    self.seed = seed
    isSampling = Self.isSampling(seed)
    random = Seeded(seed &* 0x9e37_79b9_7f4a_7c15)
    posthog = SimulatedPostHog(time, seed: seed)
    guard let delivery = Self.boot(spool, mailbox, program, time, metrics, posthog, seed, isSampling: isSampling)
    else { return nil }
    self.delivery = delivery
    time.advance(milliseconds: 1)
    posthog.sees = { [unowned self] in sees($0) }
    posthog.stores = { [unowned self] in stores($0) }
  }

  /// Regressions of before keep their story.
  private static func isSampling(_ seed: UInt64) -> Bool { seed % 5 == 1 }

  private static func boot(
    _ spool: SimulatedSpool, _ mailbox: Mailbox, _ program: Program, _ time: SimulatedTime, _ metrics: Metrics,
    _ posthog: SimulatedPostHog, _ seed: UInt64, isSampling: Bool
  ) -> Delivery? {
    var settings = CaptureSettings()
    settings.host = "https://posthog.test"
    settings.compression = .none
    // Small batches: more requests, more ways to fail.
    settings.batchEvents = 4
    var log = Logger(label: "simulation")
    log.logLevel = .critical
    guard
      let sender = try? Sender(settings: settings, client: posthog, time: time, seed: seed, compress: { _ in [] })
    else { return nil }
    let sink = CaptureSink(
      sender: sender, counters: SharedCaptureCounters(), refused: RefusedKeys(), time: time, log: log)
    var sampling = SamplingSettings()
    if isSampling {
      var rates = SamplingRates()
      rates.global = 0.5
      sampling.policy = SamplingPolicy(version: 1, target: .rates(rates))
      let random = Atomic(seed &* 16)
      sampling.instance = { Array("\(random.add(1, ordering: .relaxed).newValue)".utf8) }
    }
    let delivery = Delivery(
      spool: spool, sink: sink, mailbox: mailbox, program: program, ripeness: ripeness, sampling: sampling,
      clock: { time.wall },
      metrics: metrics, log: log, publish: { _ in })
    return (try? delivery.recover()) == nil ? nil : delivery
  }

  private func problem(_ text: String) { problems.append("seed \(seed): \(text)") }

  /// What happened, for whoever looks into a story; `HOGLET_SIMULATION_TELLS` has it printed.
  private func tell(_ text: @autoclosure () -> String) {
    if Self.tells { print(time.now.nanoseconds / 1_000_000 - 1_000_000, text()) }
  }
  private static let tells = unsafe getenv("HOGLET_SIMULATION_TELLS") != nil

  // MARK: What must hold

  private func sees(_ event: SimulatedEvent) {
    if event.isOurs { return }
    if !known.contains(event.span) { problem("span \(event.span) was invented") }
    if !frozenSpans.contains(event.span) { problem("span \(event.span) was sent before its decision was durable") }
    // Any one that PostHog may have stored counts, whether it has or not.
    let identity = event.identity + " \(event.span)"
    if uuids[event.uuid, default: identity] != identity {
      problem("\(event.uuid) was sent as \(uuids[event.uuid] ?? "") and as \(identity)")
    }
    uuids[event.uuid] = identity
  }

  private func stores(_ event: SimulatedEvent) {
    tell("arrived: \(event)")
    if event.isOurs {
      if event.sum == nil { return }
      if rollUps[event.uuid, default: event] != event { problem("roll-up \(event.uuid) says two things") }
      rollUps[event.uuid] = event
      return
    }
    if let first = arrived[event.span], first != event { problem("span \(event.span) counts twice") }
    arrived[event.span] = event
  }

  private func isSafe(_ span: UInt64, _ disk: SimulatedDisk) -> Bool {
    arrived[span] != nil || dead.contains(span) || leftOut.contains(span) || disk.damaged.contains(span)
      || disk.copies[span, default: 0] > 0
  }

  private func check(decisions block: [UInt8]) {
    var reader = DecisionReader(block)
    while let entry = try? reader.next() {
      tell("\(entry)")
      guard case .frozen(let trace) = entry else { continue }
      let isRestored = trace.decision.reason == .lateError || trace.decision.reason == .error
      if decided[trace.trace, default: trace.decision] != trace.decision, !isRestored {
        problem("\(trace.trace) was decided anew")
      }
      if decided[trace.trace] == nil || trace.decision.reason == .lateError { decided[trace.trace] = trace.decision }
      leftOut.formUnion(trace.leftOut.spans.map(\.span))
      for event in trace.events {
        if frozen[event.key, default: event] != event { problem("span \(event.key.span) was frozen anew, differently") }
        frozen[event.key] = event
        frozenSpans.insert(event.key.span)
      }
    }
  }

  // MARK: What happens

  /// A step of the story.
  func step() {
    switch random.below(100) {
    case 0..<28: ingest()
    case 28..<50: commit()
    case 50..<70: turn()
    case 70..<85: advance(milliseconds: random.below(4) == 0 ? random.below(20_000) : random.below(2_000))
    case 85..<90: crash()
    case 90 where seed % 3 == 0: jump()
    case 91: damage()
    case 92..<96: sendAgain()
    case 96: spool.failReads(1 + random.below(3))
    case 97: refusals = [0, 10, 50][random.below(3)]
    case 98: posthog.refusedKeys = random.below(2) == 0 ? [] : [Self.keys[random.below(2)]]
    default: posthog.faults = [0, 20, 60, 100][random.below(4)]
    }
  }

  /// Faults stop, clients send again what was not acknowledged; false if something is left after a virtual hour.
  func drain() -> Bool {
    posthog.faults = 0
    posthog.refusedKeys = []
    refusals = 0
    spool.failReads(0)
    for _ in 0..<360 {
      for place in sent.indices where !sent[place].isAcknowledged && !tokens.values.contains(place) { send(place) }
      commit()
      advance(milliseconds: 10_000)
      if spool.disk.requests == 0, sent.allSatisfy(\.isAcknowledged), delivery.isIdle { break }
    }
    let disk = spool.disk
    if disk.requests > 0 { problem("\(disk.requests) requests are not drained") }
    for span in acknowledged where !isSafe(span, disk) { problem("span \(span) was acknowledged and is lost") }
    for key in Self.keys {
      let lane = metrics.lane(key: key)
      // After the clock was set, what arrived before the start cannot be told from what arrived after it.
      if lane.pending(.traces) != 0, !hasJumped {
        let counts = RecordState.allCases.map { "\($0.rawValue) \(lane.total($0, .traces))" }
        problem("\(lane.pending(.traces)) records stay pending, after \(crashes) crashes: \(counts)")
      }
    }
    if isSampling { checkSums() }
    return problems.isEmpty
  }

  /// What arrived and what roll-ups say is what came, exactly.
  private func checkSums() {
    // Until the longest interval is over, and its roll-ups are sent.
    for _ in 0..<40 {
      commit()
      advance(milliseconds: 200_000)
    }
    // Damage is a loss that is told; after the clock was set, decisions may be forgotten before their time.
    if hasJumped || !spool.disk.damaged.isEmpty { return }
    let summed = rollUps.values.reduce(0) { $0 + ($1.sum ?? 0) }
    let whole = arrived.count + dead.subtracting(arrived.keys).count + summed
    if whole != acknowledged.count {
      problem("\(arrived.count) arrived, \(dead.count) dead, \(summed) in roll-ups, of \(acknowledged.count)")
    }
  }

  private func ingest() {
    let spans = (0...random.below(4)).map { _ in
      let trace = UInt64(random.below(10) + 1)
      let number = trace * 1_000 + UInt64(random.below(25) + 1)
      var span = TestSpan(
        // Random bits that are spread over all there are.
        trace: isSampling ? trace << 52 | trace : trace, span: number,
        parent: number % 3 == 0 ? nil : trace * 1_000 + 1,
        name: number % 3 == 0 ? "agent" : "chat")
      // What a span is follows from its number: the same one is never sent with other contents.
      if number % 4 == 0 { span.user = "user-\(number % 5)" }
      span.isError = isSampling && number % 19 == 0
      return span
    }
    sent.append(
      Sent(key: Self.keys[Int(spans[0].trace % 2)], spans: spans.filter { $0.trace % 2 == spans[0].trace % 2 }))
    send(sent.count - 1)
  }

  private func sendAgain() {
    guard !sent.isEmpty else { return }
    send(random.below(sent.count))
  }

  private func send(_ place: Int) {
    var body = TestSpan.request(sent[place].spans)
    guard let scan = try? RequestScanner.scan(&body, signal: .traces) else { return problem("does not scan") }
    known.formUnion(sent[place].spans.map(\.span))
    tokens[nextToken] = place
    _ = spool.append(
      Append(
        token: nextToken, key: sent[place].key, signal: .traces, arrival: time.wall, index: scan.index.encoded(),
        body: body))
    nextToken += 1
  }

  /// What waits is committed, each in a transaction of its own, or fails and is told so.
  private func commit() {
    tell(spool.takeWaiting().map { ($0, apply($0, fails: random.below(100) < refusals)) })
  }

  /// Does what a transaction does, in the order in which the writer does it.
  private func apply(_ step: SimulatedSpool.Step, fails: Bool) -> CommitOutcome {
    if fails { return .refused(.failed("simulated")) }
    switch step {
    case .append(let append):
      let spans = tokens[append.token].map { sent[$0].spans.map(\.span) } ?? []
      let (lane, sequence) = spool.edit { $0.store(append, spans: spans) }
      tell("stored \(lane.value)/\(sequence): \(spans)")
      return .durable(lane: lane, sequence: sequence)
    case .change(let change):
      for lane in change.lanes { apply(lane) }
      return .durable(lane: LaneID(0), sequence: 0)
    }
  }

  private func apply(_ change: LaneChange) {
    tell("settled \(change.finishedRequests), damaged \(change.damagedRequests), lane \(change.lane.value)")
    let place = Int(change.lane.value) - 1
    for letter in change.deadLetters {
      let spans = SimulatedEvent.all(in: letter.event).events.map(\.span)
      tell("dead: \(spans)")
      dead.formUnion(spans)
    }
    if let block = change.decisions {
      check(decisions: block.bytes)
      spool.edit { disk in
        if disk.lanes[place].blocks[block.block] != nil { problem("a block number is reused") }
        disk.lanes[place].blocks[block.block] = block.bytes
      }
    }
    if let below = change.decisionsBelow {
      spool.edit { $0.lanes[place].blocks = $0.lanes[place].blocks.filter { $0.key >= below } }
    }
    for sequence in change.damagedRequests {
      spool.edit { disk in
        guard let gone = disk.delete(change.lane, sequence) else { return }
        if !gone.isDamaged { problem("a sound request was set aside") }
        disk.damaged.formUnion(gone.spans)
      }
    }
    for sequence in change.finishedRequests {
      guard let gone = spool.edit({ $0.delete(change.lane, sequence) }) else { continue }
      let disk = spool.disk
      for span in gone.spans where !isSafe(span, disk) { problem("span \(span) was deleted before it was delivered") }
    }
  }

  private func tell(_ outcomes: [(step: SimulatedSpool.Step, outcome: CommitOutcome)]) {
    for (step, outcome) in outcomes {
      switch (step, outcome) {
      case (.append(let append), .durable(let lane, let sequence)):
        guard let place = tokens.removeValue(forKey: append.token) else { continue }
        sent[place].isAcknowledged = true
        acknowledged.formUnion(sent[place].spans.map(\.span))
        mailbox.stored(lane, sequence, .traces, records: sent[place].spans.count)
      case (.append(let append), .refused): tokens[append.token] = nil
      case (.change(let change), .durable): mailbox.changed([(change.token, true)])
      case (.change(let change), .refused): mailbox.changed([(change.token, false)])
      }
    }
  }

  private func turn() { delivery.turn(mayWait: random.below(2) == 0) }

  private func advance(milliseconds: Int) {
    for _ in 0..<3 {
      time.advance(milliseconds: milliseconds / 3 + 1)
      posthog.settle()
      turn()
    }
  }

  /// The process is gone. Of what waited for the disk nothing, a part or all was committed, and nobody was told.
  private func crash() {
    crashes += 1
    tell("crash")
    let waiting = spool.takeWaiting()
    for step in waiting.prefix(random.below(waiting.count + 1)) { _ = apply(step, fails: false) }
    tokens = [:]
    posthog.forgetGateway()
    spool = SimulatedSpool(spool.disk)
    mailbox = Mailbox()
    metrics = Metrics { $0 }
    time.advance(milliseconds: 1)
    guard let program = Self.program,
      let delivery = Self.boot(
        spool, mailbox, program, time, metrics, posthog, seed &+ UInt64(crashes), isSampling: isSampling)
    else { return problem("it does not start again") }
    self.delivery = delivery
    // What arrives at the very moment of the start counts as from before it.
    time.advance(milliseconds: 1)
  }

  /// The wall clock is set, forward and back; never so far that decisions are forgotten of which spans still come.
  private func jump() {
    time.jump(seconds: isAhead == true ? -250 : 250)
    isAhead = isAhead != true
  }

  private func damage() {
    // Only in some stories: a damaged request is lost for good.
    guard seed % 4 == 0 else { return }
    let disk = spool.disk
    guard !disk.lanes.isEmpty else { return }
    let place = random.below(disk.lanes.count)
    let sequences = disk.lanes[place].requests.keys.sorted()
    guard !sequences.isEmpty else { return }
    let sequence = sequences[random.below(sequences.count)]
    tell("damaged \(place + 1)/\(sequence)")
    spool.edit { $0.lanes[place].requests[sequence]?.isDamaged = true }
  }
}
