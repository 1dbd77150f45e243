import Capture
import Synchronization
import Testing

@testable import Gateway

/// A clock that moves only when somebody waits.
final class StillClock: TimeSource {
  private let nanoseconds = Mutex<Int64>(0)
  var now: Instant { Instant(nanoseconds: nanoseconds.withLock { $0 }) }
  var unixSeconds: Int64 { 0 }
  func advance(_ duration: Duration) {
    let components = duration.components
    nanoseconds.withLock { $0 += components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
  }
}

/// Answers every request after a fixed time on the clock; notes what was sent and when.
final class ScriptedClient: HTTPClient {
  struct Sent {
    let at: Instant
    let request: HTTPRequest
  }
  let clock: StillClock
  let latency: Duration
  /// The answer to the n-th request.
  let answer: (Int) -> Result<HTTPAnswer, HTTPFailure>
  private(set) var sent: [Sent] = []
  private(set) var inFlightMax = 0
  private var open: [(id: UInt64, number: Int, due: Instant)] = []

  init(
    _ clock: StillClock, latency: Duration = .milliseconds(10),
    answer: @escaping (Int) -> Result<HTTPAnswer, HTTPFailure>
  ) {
    self.clock = clock
    self.latency = latency
    self.answer = answer
  }

  func start(_ request: HTTPRequest) {
    open.append((request.id, sent.count, clock.now + latency))
    sent.append(Sent(at: clock.now, request: request))
    inFlightMax = max(inFlightMax, open.count)
  }

  func poll(timeout: Duration) -> [HTTPCompletion] {
    let end = clock.now + timeout
    let next = open.map(\.due).min() ?? end
    clock.advance(max(min(next, end) - clock.now, .zero))
    let done = open.filter { $0.due <= clock.now }
    open.removeAll { $0.due <= clock.now }
    return done.map { HTTPCompletion(id: $0.id, result: answer($0.number)) }
  }

  func cancel(_ id: UInt64) {}
  var wakeUp: @Sendable () -> Void { {} }
}

@Suite struct ReplayTests {
  static func request(_ name: String, time: UInt64? = nil, json: Bool = false, body: [UInt8] = [1, 2, 3])
    -> RecordedRequest
  {
    RecordedRequest(path: name, signal: name.contains("logs") ? .logs : .traces, isJSON: json, body: body, time: time)
  }

  static func run(
    _ requests: [RecordedRequest], pace: ReplayCommand.Pace = .unlimited, concurrency: Int = 1, repetitions: Int = 1,
    retriesMax: Int = 5, latency: Duration = .milliseconds(10),
    answer: @escaping (Int) -> Result<HTTPAnswer, HTTPFailure> = { _ in .success(HTTPAnswer(status: 200)) }
  ) -> (ScriptedClient, ReplaySummary) {
    let clock = StillClock()
    let client = ScriptedClient(clock, latency: latency, answer: answer)
    let command = ReplayCommand(
      paths: [], url: "http://h:1/", headers: ["X-Tenant: blue"], key: Secret("k"), pace: pace,
      concurrency: concurrency,
      repetitions: repetitions, retriesMax: retriesMax)
    var replay = Replay(command, requests, client: client, time: clock)
    return (client, replay.run { _ in })
  }

  static func starts(_ client: ScriptedClient) -> [Duration] {
    client.sent.map { $0.at - Instant(nanoseconds: 0) }
  }

  @Test("requests go out in order, one after the other, as an exporter sends them")
  func order() {
    let (client, summary) = Self.run([
      Self.request("traces-1"), Self.request("logs-1", json: true), Self.request("traces-2", body: [9]),
    ])
    #expect(client.sent.map(\.request.url) == ["http://h:1/v1/traces", "http://h:1/v1/logs", "http://h:1/v1/traces"])
    #expect(
      client.sent.map(\.request.headers.first)
        == [
          "Content-Type: application/x-protobuf", "Content-Type: application/json",
          "Content-Type: application/x-protobuf",
        ])
    #expect(client.sent.allSatisfy { $0.request.headers.dropFirst() == ["Authorization: Bearer k", "X-Tenant: blue"] })
    #expect(client.sent.map(\.request.body.array) == [[1, 2, 3], [1, 2, 3], [9]])
    #expect(Self.starts(client) == [.zero, .milliseconds(10), .milliseconds(20)])
    #expect(client.inFlightMax == 1)
    #expect(summary.isAllAccepted)
    #expect(summary.answers == [200: 3])
    #expect(summary.sent == [.traces: 2, .logs: 1])
    #expect(summary.bytes == 7)
    #expect(summary.duration == .milliseconds(30))
  }

  @Test("no more are in flight than allowed, and all slots are used", arguments: [1, 2, 7, 64])
  func concurrency(limit: Int) {
    let (client, summary) = Self.run((0..<100).map { Self.request("traces-\($0)") }, concurrency: limit)
    #expect(client.inFlightMax == limit)
    #expect(summary.answers == [200: 100])
    #expect(summary.duration == .milliseconds(10) * ((100 + limit - 1) / limit))
  }

  @Test("a rate is kept, whatever the latency")
  func rate() {
    let (client, _) = Self.run(
      [Self.request("traces")], pace: .rate(20), concurrency: 8, repetitions: 5, latency: .milliseconds(120))
    #expect(Self.starts(client) == [0, 50, 100, 150, 200].map { Duration.milliseconds($0) })
  }

  @Test("the recorded pace is kept, times the speed; repetitions follow after a second")
  func speed() {
    let second: UInt64 = 1_000_000_000
    let requests = [
      Self.request("traces-late", time: 14 * second), Self.request("traces-first", time: 10 * second),
      Self.request("traces-timeless"), Self.request("traces-middle", time: 12 * second),
    ]
    let (client, _) = Self.run(requests, pace: .speed(2), concurrency: 4, repetitions: 2)
    #expect(Self.starts(client) == [0, 0, 1, 2, 2.5, 2.5, 3.5, 4.5].map { Duration.seconds($0) })
  }

  @Test("wrong clocks in a recording do not trap")
  func wrongClocks() {
    let schedule = ReplaySchedule(
      [Self.request("a", time: 0), Self.request("b", time: .max)], pace: .speed(0.001), repetitions: 2)
    #expect(schedule.due(1) == ReplaySchedule.offsetMax / 0.001)
    #expect(schedule.due(3) > schedule.due(2))
  }

  @Test("what may be repeated is repeated, as late as the gateway asks for")
  func retries() {
    let answers: [Result<HTTPAnswer, HTTPFailure>] = [
      .success(HTTPAnswer(status: 503, retryAfter: "3")), .failure(HTTPFailure(reason: "connection refused")),
      .success(HTTPAnswer(status: 429)), .success(HTTPAnswer(status: 200)), .success(HTTPAnswer(status: 200)),
    ]
    let (client, summary) = Self.run([Self.request("a"), Self.request("b")], latency: .zero) { answers[$0] }
    // 3 s as asked for, then the second and third step of the backoff; the second request waits for the first.
    #expect(Self.starts(client) == [0, 3, 5, 9, 9].map { Duration.seconds($0) })
    #expect(summary.answers == [200: 2, 429: 1, 503: 1])
    #expect(summary.failures == ["connection refused": 1])
    #expect(summary.retries == 3)
    #expect(summary.isAllAccepted)
  }

  @Test("what is final is not repeated", arguments: [400, 401, 404, 413, 500, 501] as [UInt16])
  func final(status: UInt16) {
    let (client, summary) = Self.run([Self.request("a")]) { _ in .success(HTTPAnswer(status: status)) }
    #expect(client.sent.count == 1)
    #expect(summary.refused == 1)
    #expect(!summary.isAllAccepted)
  }

  @Test("attempts end", arguments: [0, 1, 3])
  func attempts(retriesMax: Int) {
    let (client, summary) = Self.run([Self.request("a")], retriesMax: retriesMax) { _ in
      .failure(HTTPFailure(reason: "no"))
    }
    #expect(client.sent.count == retriesMax + 1)
    #expect(summary.refused == 1)
    #expect(summary.failures == ["no": retriesMax + 1])
  }

  @Test("an answer of 200 that refuses records is no success, in both encodings")
  func partialSuccess() {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 3, error_message: "bad" } }
    let protobuf: [UInt8] = [0x0a, 0x07, 0x08, 0x03, 0x12, 0x03] + Array("bad".utf8)
    let json = #"{"partialSuccess":{"rejectedLogRecords":"4","errorMessage":"worse"}}"#
    let (_, summary) = Self.run([Self.request("traces"), Self.request("logs", json: true)]) { number in
      .success(HTTPAnswer(status: 200, body: number == 0 ? protobuf : Array(json.utf8)))
    }
    #expect(summary.rejectedRecords == 7)
    #expect(summary.rejections == ["bad", "worse"])
    #expect(summary.refused == 0)
    #expect(!summary.isAllAccepted)
    #expect(PartialSuccess(Array("{}".utf8).span, isJSON: true) == nil)
    #expect(PartialSuccess(Array("<html>".utf8).span, isJSON: true) == nil)
    #expect(PartialSuccess([UInt8]().span, isJSON: false) == nil)
    #expect(PartialSuccess([0x0a, 0x00].span, isJSON: false) == nil)
    #expect(PartialSuccess([0x0a, 0x7f, 0x08].span, isJSON: false) == nil)
  }

  @Test("the summary says what a person wants to know, and no key")
  func text() {
    let (_, summary) = Self.run([Self.request("traces"), Self.request("logs")], retriesMax: 0) { number in
      number == 0
        ? .success(
          HTTPAnswer(status: 200, body: [0x0a, 0x2c, 0x12, 0x2a] + Array(SettingsSecretTests.key.utf8.prefix(42))))
        : .failure(HTTPFailure(reason: "timed out"))
    }
    let expected = """
      requests   1 answered (traces × 1)
      answers    200 × 1
      bytes      3, 0.0 MB/s
      duration   0.0 s, 50.0 requests/s
      latency    half within 10.0 ms, 99 % within 10.0 ms, slowest 10.0 ms
      no answer  timed out × 1
      refused    1
      rejected   0 records
                 phc_[secret]
      skipped    2 files that are no requests

      """
    #expect(summary.text(skipped: 2) == expected)
    #expect(ReplaySummary().text(skipped: 0).contains("answers    none"))
  }

  @Test("the bar fits a terminal and shows what is not accepted")
  func progress() {
    var summary = ReplaySummary()
    summary.answers = [200: 40, 503: 10]
    summary.duration = .seconds(5)
    let line = ReplayProgress.line(ReplayProgress.State(done: 50, of: 100, summary))
    #expect(line == "[############------------] 50/100, 10/s, 10 not accepted")
    #expect(ReplayProgress.line(ReplayProgress.State(done: 0, of: 0, ReplaySummary())).contains("0/0"))
  }

  @Test("progress is shown ten times a second, however fast answers come")
  func progressInterval() {
    let clock = StillClock()
    let client = ScriptedClient(clock, latency: .milliseconds(1)) { _ in .success(HTTPAnswer(status: 200)) }
    var replay = Replay(
      ReplayCommand(paths: [], url: "http://h", repetitions: 1_000), [Self.request("a")], client: client, time: clock)
    var shown = [Duration]()
    _ = replay.run { shown.append($0.duration) }
    #expect(shown == (0..<10).map { .milliseconds(1 + 100 * $0) })
  }

  @Test("nothing is written where nobody looks")
  func hiddenProgress() {
    var written = 0
    for isShown in [false, true] {
      let progress = ReplayProgress(isShown: isShown) { written += $0.count }
      progress.show(ReplayProgress.State(done: 1, of: 2, ReplaySummary()))
      progress.finish()
      #expect((written > 0) == isShown)
    }
  }

  @Test(
    "wrong words are told",
    arguments: [
      ("ftp://h", [], nil, "--to"), ("http://", [], nil, "--to"), ("http://h", ["no colon"], nil, "--header"),
      ("http://h", [": x"], nil, "--header"), ("http://h", ["a: b\r\nc: d"], nil, "--header"),
      ("http://h", [], "", "--key"), ("http://h", [], "a\nb", "--key"),
    ] as [(String, [String], String?, String)])
  func problem(url: String, headers: [String], key: String?, word: String) throws {
    #expect(try #require(ReplayCommand.problem(url: url, headers: headers, key: key)).hasPrefix(word))
    #expect(ReplayCommand.problem(url: "HTTPS://h", headers: ["a:b", "c: é"], key: "k") == nil)
  }

  @Test(
    "an address may be given as people paste it",
    arguments: ["http://h:1", "http://h:1/", "http://h:1/v1/traces", "http://h:1/v1/logs/"])
  func base(url: String) {
    #expect(ReplayCommand(paths: [], url: url).url == "http://h:1")
  }
}
