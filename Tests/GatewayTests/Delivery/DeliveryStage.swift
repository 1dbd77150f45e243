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
import Testing

@testable import Gateway

/// A span to be sent.
struct TestSpan {
  var trace: UInt64
  var span: UInt64
  var parent: UInt64?
  var name = "chat"
  var user: String?
  var session: String?
  var workflow: String?
  var isAI = true
  /// The provider's id of the answer.
  var response: String?
  /// Whether the provider's own SDK tells of it (a secondary dialect); the same for all spans of a request.
  var isSecondary = false
  var isError = false
  var inputTokens: Int?
  var traceState = ""

  /// `ExportTraceServiceRequest` of these spans.
  static func request(_ spans: [TestSpan]) -> [UInt8] {
    var scope = ByteBuffer()
    if spans.contains(where: \.isSecondary) {
      var name = ByteBuffer()
      name.appendField(1, Array("com.anthropic.sdk.python".utf8).span)
      name.withSpan { scope.appendField(1, $0) }
    }
    for span in spans { span.encoded.withSpan { scope.appendField(2, $0) } }
    return Self.request(ofScope: scope)
  }

  /// An export request, of either signal, with one scope in it.
  fileprivate static func request(ofScope scope: borrowing ByteBuffer) -> [UInt8] {
    var resource = ByteBuffer()
    scope.withSpan { resource.appendField(2, $0) }
    var request = ByteBuffer()
    resource.withSpan { request.appendField(1, $0) }
    return request.array()
  }

  private var encoded: ByteBuffer {
    var out = ByteBuffer()
    out.appendField(1, (Self.big(0xabcd) + Self.big(trace)).span)
    out.appendField(2, Self.big(span).span)
    if let parent { out.appendField(4, Self.big(parent).span) }
    out.appendField(5, Array(name.utf8).span)
    for (number, time) in [(UInt32(7), span * 1_000_000), (8, span * 1_000_000 + 500)] {
      out.appendTag(number, .fixed64)
      out.appendLittleEndian(time)
    }
    if isAI {
      Self.append("gen_ai.operation.name", name == "agent" ? "invoke_agent" : "chat", to: &out)
      Self.append("gen_ai.request.model", "gpt-4o", to: &out)
    }
    if let response { Self.append("gen_ai.response.id", response, to: &out) }
    if let session { Self.append("gen_ai.conversation.id", session, to: &out) }
    if let workflow { Self.append("gen_ai.workflow.name", workflow, to: &out) }
    if let user { Self.append("user.id", user, to: &out) }
    if let inputTokens { Self.append("gen_ai.usage.input_tokens", inputTokens, to: &out) }
    if !traceState.isEmpty { out.appendField(3, Array(traceState.utf8).span) }
    // Status: code 2, ERROR.
    if isError { out.appendField(15, [0x18, 2].span) }
    return out
  }

  fileprivate static func append(_ key: String, _ value: String, field: UInt32 = 9, to out: inout ByteBuffer) {
    var any = ByteBuffer()
    any.appendField(1, Array(value.utf8).span)
    var pair = ByteBuffer()
    pair.appendField(1, Array(key.utf8).span)
    any.withSpan { pair.appendField(2, $0) }
    pair.withSpan { out.appendField(field, $0) }
  }

  private static func append(_ key: String, _ number: Int, to out: inout ByteBuffer) {
    var any = ByteBuffer()
    any.appendTag(3, .varint)
    any.appendVarint(UInt64(number))
    var pair = ByteBuffer()
    pair.appendField(1, Array(key.utf8).span)
    any.withSpan { pair.appendField(2, $0) }
    pair.withSpan { out.appendField(9, $0) }
  }

  fileprivate static func big(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }
}

/// A log record of Claude Code to be sent: a call of the model.
struct TestRecord {
  var trace: UInt64?
  var time: UInt64
  var name = "api_request"
  var session: String?
  var request: String?

  /// `ExportLogsServiceRequest` of these records.
  static func request(_ records: [TestRecord]) -> [UInt8] {
    var name = ByteBuffer()
    name.appendField(1, Array("com.anthropic.claude_code.events".utf8).span)
    var scope = ByteBuffer()
    name.withSpan { scope.appendField(1, $0) }
    for record in records { record.encoded.withSpan { scope.appendField(2, $0) } }
    return TestSpan.request(ofScope: scope)
  }

  private var encoded: ByteBuffer {
    var out = ByteBuffer()
    out.appendTag(1, .fixed64)
    out.appendLittleEndian(time * 1_000_000)
    let attributes = [("event.name", name), ("session.id", session), ("request_id", request), ("model", "claude")]
    for (key, value) in attributes { if let value { TestSpan.append(key, value, field: 6, to: &out) } }
    if let trace { out.appendField(9, (TestSpan.big(0xabcd) + TestSpan.big(trace)).span) }
    return out
  }
}

/// A log line of some application.
struct TestLine {
  var text: String
  /// OpenTelemetry's number: 5 DEBUG, 9 INFO, 13 WARN, 17 ERROR.
  var severity: UInt64 = 9
  var trace: UInt64?
  var time: UInt64 = 1

  static func request(_ lines: [TestLine]) -> [UInt8] {
    var scope = ByteBuffer()
    scope.appendField(1, [0x0a, 3, 0x61, 0x70, 0x70].span)
    for line in lines { line.encoded.withSpan { scope.appendField(2, $0) } }
    return TestSpan.request(ofScope: scope)
  }

  private var encoded: ByteBuffer {
    var out = ByteBuffer()
    out.appendTag(1, .fixed64)
    out.appendLittleEndian(time * 1_000_000)
    out.appendTag(2, .varint)
    out.appendVarint(severity)
    var any = ByteBuffer()
    any.appendField(1, Array(text.utf8).span)
    any.withSpan { out.appendField(5, $0) }
    if let trace { out.appendField(9, (TestSpan.big(0xabcd) + TestSpan.big(trace)).span) }
    return out
  }
}

/// A sink that keeps what it gets until the test says what PostHog does with it.
final class TestSink: EventSink {
  private(set) var events: [(event: MappedEvent, token: UInt64, json: String)] = []
  private(set) var sideEvents: [(event: SideEvent, token: UInt64)] = []
  /// Pieces of log records.
  private(set) var logs: [(piece: [UInt8], token: UInt64)] = []
  private var outcomes: [SinkOutcome] = []

  func register(_ lane: LaneID, key: String) {}
  var states: [LaneID: Capture.LaneState] = [:]
  func state(_ lane: LaneID) -> Capture.LaneState { states[lane] ?? .open }
  var logsAreTaken = true
  func takesLogs(_ lane: LaneID) -> Bool { logsAreTaken }
  func hurry(_ lane: LaneID) {}
  func unblock() {}
  func wakeUp() {}
  func flush() {}

  func enqueue(_ lane: LaneID, _ events: [MappedEvent], trace: TraceID, token: UInt64, _ bytes: ByteSpan) {
    for event in events { self.events.append((event, token, bytes.string(event.json))) }
  }

  func enqueue(_ lane: LaneID, logs: [Slice], token: UInt64, _ bytes: ByteSpan) {
    for piece in logs {
      var copy: [UInt8] = []
      copy.append(bytes, piece)
      self.logs.append((copy, token))
    }
  }

  func acceptLogs() {
    outcomes.append(.delivered(logs.map(\.token)))
    logs = []
  }

  func refuseLogs() {
    for log in logs {
      outcomes.append(.dead(token: log.token, status: 400, reason: "refused", event: log.piece))
    }
    logs = []
  }

  func wantNoLogs() {
    outcomes.append(.unwanted(logs.map(\.token)))
    logs = []
  }

  /// The records that came, as a request.
  var logRecords: Batch {
    get throws { try BatchDecoder.decode(request: logs.flatMap(\.piece), signal: .logs) }
  }

  func enqueue(_ lane: LaneID, _ event: SideEvent, token: UInt64) { sideEvents.append((event, token)) }

  func poll(timeout: UInt64) -> [SinkOutcome] {
    defer { outcomes = [] }
    return outcomes
  }

  func acceptAll() {
    outcomes.append(.delivered(events.map(\.token)))
    events = []
  }

  func acceptSideEvents() {
    outcomes.append(.delivered(sideEvents.map(\.token)))
    sideEvents = []
  }

  func acceptFirst(_ count: Int) {
    outcomes.append(.delivered(events.prefix(count).map(\.token)))
    events.removeFirst(count)
  }

  /// The process that was told is gone.
  func forget() {
    events = []
    sideEvents = []
    logs = []
    outcomes = []
  }

  func refuse(first count: Int) {
    for event in events.prefix(count) {
      outcomes.append(.dead(token: event.token, status: 400, reason: "refused", event: Array(event.json.utf8)))
    }
    events.removeFirst(count)
  }

  var names: [String] { events.map(\.event.name.rawValue) }
  var spans: [UInt64] { events.map(\.event.frozen.key.span) }
  /// What PostHog de-duplicates by.
  var identities: [String] {
    events.map {
      "\($0.event.uuid) \($0.event.frozen.timestamp) \($0.event.name) "
        + String(decoding: $0.event.frozen.distinctID, as: UTF8.self)
    }
  }
}

/// Delivery, its spool in a temporary folder, a sink and a clock.
final class DeliveryStage {
  private final class Time: Sendable {
    let now = Atomic<UInt64>(1_700_000_000_000_000_000)
  }

  /// Hears the spool and lets the test wait for it.
  private final class Listener: CommitListener {
    let mailbox: Mailbox
    let heard = Mutex(0)
    let records = Mutex<[UInt64: (signal: Signal, count: Int)]>([:])

    init(_ mailbox: Mailbox) { self.mailbox = mailbox }

    func committed(
      appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)]
    ) {
      for append in appends {
        guard case .durable(let lane, let sequence) = append.outcome else { continue }
        let (signal, count) = records.withLock { $0[append.token] ?? (.traces, 0) }
        mailbox.stored(lane, sequence, signal, records: count)
      }
      mailbox.changed(
        changes.map { change in
          if case .durable = change.outcome { return (change.token, true) }
          return (change.token, false)
        })
      heard.withLock { $0 += appends.count + changes.count }
    }
  }

  /// Counts what delivery commits, so that the test can wait until all of it was heard of.
  private final class CountingSpool: Spool {
    let store: LMDBSpool
    let asked = Mutex(0)
    init(_ store: LMDBSpool) { self.store = store }

    func append(_ request: Append) -> Refusal? {
      asked.withLock { $0 += 1 }
      return store.append(request)
    }
    func commit(_ change: Change) {
      asked.withLock { $0 += 1 }
      store.commit(change)
    }
    func lanes() throws(SpoolError) -> [(lane: LaneID, key: String)] { try store.lanes() }
    func requests(lane: LaneID, after sequence: UInt64, limit: Int) throws(SpoolError) -> [StoredRequest] {
      try store.requests(lane: lane, after: sequence, limit: limit)
    }
    func read(lane: LaneID, sequence: UInt64, slices: [Slice], into arena: inout [UInt8]) throws(SpoolError) {
      try store.read(lane: lane, sequence: sequence, slices: slices, into: &arena)
    }
    func decisions(lane: LaneID, from block: UInt64, limit: Int) throws(SpoolError) -> [(
      block: UInt64, bytes: [UInt8]
    )] {
      try store.decisions(lane: lane, from: block, limit: limit)
    }
    func deadLetters(lane: LaneID, limit: Int) throws(SpoolError) -> [StoredDeadLetter] {
      try store.deadLetters(lane: lane, limit: limit)
    }
    var status: SpoolStatus { store.status }
    func close() { store.close() }
  }

  let sink = TestSink()
  private let path: String
  private let time = Time()
  private var mailbox = Mailbox()
  private var listener: Listener
  private var counting: CountingSpool
  private var delivery: Delivery
  private var metrics: Metrics
  private var nextToken: UInt64 = 1
  private var program: Program
  /// Compiled once: that takes a second without optimisation.
  private static let stock = loadMappings(directory: nil).set.map { Program($0) }

  var spool: any Spool { counting }

  private let memory: DeliveryMemory
  /// For the processes from the next start on.
  var sampling: SamplingSettings
  private let logs: GatewaySettings.LogForwarding

  init(
    memory: DeliveryMemory = DeliveryMemory(), sampling: SamplingSettings = SamplingSettings(),
    logs: GatewaySettings.LogForwarding = .off
  ) throws {
    self.logs = logs
    self.memory = memory
    self.sampling = sampling
    var template = Array("/tmp/hoglet-delivery-XXXXXX".utf8CString)
    path = try #require(
      unsafe template.withUnsafeMutableBufferPointer { unsafe $0.baseAddress.flatMap { unsafe mkdtemp($0) } }
        .map { unsafe String(cString: $0) })
    program = try #require(Self.stock)
    listener = Listener(mailbox)
    counting = CountingSpool(try Self.open(path, listener))
    metrics = Metrics { $0 }
    delivery = Self.make(counting, sink, mailbox, program, memory, sampling, logs, time, metrics)
    time.now.add(1, ordering: .relaxed)
    try delivery.recover()
  }

  private static func open(_ path: String, _ listener: Listener) throws -> LMDBSpool {
    var settings = SpoolSettings()
    settings.bytesMax = 64 << 20
    settings.freeBytesMin = 0
    return try LMDBSpool.open(path: path, settings: settings, listener: listener)
  }

  private static func make(
    _ spool: CountingSpool, _ sink: TestSink, _ mailbox: Mailbox, _ program: Program, _ memory: DeliveryMemory,
    _ sampling: SamplingSettings, _ logs: GatewaySettings.LogForwarding, _ time: Time, _ metrics: Metrics
  ) -> Delivery {
    var log = Logger(label: "test")
    log.logLevel = .critical
    return Delivery(
      spool: spool, sink: sink, mailbox: mailbox, program: program,
      ripeness: RipenessSettings(quiet: 10_000_000_000, rootGrace: 6_000_000_000, max: 600_000_000_000),
      sampling: sampling, logs: logs, memory: memory, clock: { time.now.load(ordering: .relaxed) }, metrics: metrics,
      log: log, publish: { _ in })
  }

  /// Sends a request and waits until it is durable.
  func send(_ spans: [TestSpan]) { send(TestSpan.request(spans), .traces) }

  func send(records: [TestRecord]) { send(TestRecord.request(records), .logs) }
  func send(lines: [TestLine]) { send(TestLine.request(lines), .logs) }

  private func send(_ request: [UInt8], _ signal: Signal) {
    var body = request
    guard let scan = try? RequestScanner.scan(&body, signal: signal) else {
      Issue.record("the request does not scan")
      return
    }
    let token = nextToken
    nextToken += 1
    listener.records.withLock { $0[token] = (signal, scan.accepted) }
    let refusal = counting.append(
      Append(
        token: token, key: Self.key, signal: signal, arrival: time.now.load(ordering: .relaxed),
        index: scan.index.encoded(), body: body))
    #expect(refusal == nil)
    settle()
  }

  /// What `hoglet spool retry` does: every dead letter becomes a request again.
  func retryLetters() throws {
    for lane in try counting.lanes().map(\.lane) {
      var change = LaneChange(lane: lane)
      let letters = try counting.deadLetters(lane: lane, limit: .max)
      change.retriedLetters = (letters.map(\.number), time.now.load(ordering: .relaxed))
      counting.commit(Change(token: .max, lanes: [change]))
      settle()
      mailbox.grew(lane)
    }
  }

  func letters() throws -> [DeadLetter] {
    try counting.lanes().flatMap { try counting.deadLetters(lane: $0.lane, limit: .max).map(\.letter) }
  }

  /// The mappings change: for the running delivery's next trace, and for the processes after it.
  func change(_ overlay: String) throws {
    let file = MappingFile(name: "overlays/own.yaml", path: "own.yaml", text: Array(overlay.utf8))
    let stock = StockMappings.files.filter { !$0.isOverlay }
    let (set, diagnostics) = MappingReader.read(files: MappingFiles.merged(stock, [file]))
    try #require(diagnostics.allSatisfy { $0.severity != .error })
    program = Program(set)
    mailbox.adopt(program)
  }

  func adopt(_ policy: SamplingPolicy) { mailbox.adopt(policy) }

  /// Turns of delivery until it has nothing to do at this moment.
  func turn() {
    for _ in 0..<6 {
      delivery.turn(mayWait: false)
      settle()
    }
  }

  func advance(seconds: UInt64) {
    // In steps, as a clock goes.
    for _ in 0..<4 {
      time.now.add(seconds * 250_000_000, ordering: .relaxed)
      turn()
    }
  }

  /// The process is gone, with all that it had in memory; the spool is opened by the next one.
  func restart() throws {
    counting.close()
    sink.forget()
    mailbox = Mailbox()
    listener = Listener(mailbox)
    counting = CountingSpool(try Self.open(path, listener))
    metrics = Metrics { $0 }
    delivery = Self.make(counting, sink, mailbox, program, memory, sampling, logs, time, metrics)
    time.now.add(1, ordering: .relaxed)
    try delivery.recover()
  }

  func close() {
    counting.close()
    for name in ["data.mdb", "lock.mdb"] { unsafe unlink("\(path)/\(name)") }
  }

  /// The accounting of the key that everything is sent with, spans only.
  var counts: Counts { counts(.traces) }

  func counts(_ signal: Signal) -> Counts {
    let lane = metrics.lane(key: Self.key)
    func total(_ state: RecordState) -> Int { lane.total(state, signal) }
    return Counts(
      arrived: RecordState.allCases.filter(\.isArrival).reduce(0) { $0 + total($1) }, delivered: total(.delivered),
      noEvent: total(.noEvent),
      duplicate: total(.duplicate), consumed: total(.consumed), deadLettered: total(.deadLettered),
      sampledOut: total(.sampledOut), pending: lane.pending(signal))
  }

  struct Counts {
    var arrived: Int
    var delivered: Int
    var noEvent: Int
    var duplicate: Int
    var consumed: Int
    var deadLettered: Int
    var sampledOut: Int
    var pending: Int
  }

  private static let key = "phc_test"

  /// Waits until the spool has told of everything it was asked.
  private func settle() {
    let asked = counting.asked.withLock { $0 }
    var waits = 0
    while listener.heard.withLock({ $0 }) < asked, waits < 20_000 {
      usleep(200)
      waits += 1
    }
    #expect(listener.heard.withLock { $0 } >= asked, "the spool did not answer")
  }
}
