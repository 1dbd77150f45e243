import Glibc
import Testing

extension EndToEnd {
  /// The promise: what was acknowledged reaches PostHog and counts once, whatever happens to the process.
  @Suite(.timeLimit(.minutes(5))) struct KillTests {
    static let traces = 1_500
    static let spans = traces * 3
    static let kills = 5

    @Test func `kill -9 in the middle of the stream, again and again, loses nothing and invents nothing`() throws {
      var random = SystemRandomNumberGenerator()
      let seed = UInt32.random(in: 1...1_000_000, using: &random)
      let stage = try Stage()
      // PostHog has its own troubles meanwhile: it is down for a moment, and takes a batch without the answer arriving.
      try stage.fault(#"{"status": 503, "times": 3, "retry_after": "1"}"#)
      try stage.fault(#"{"mode": "accept_then_reset", "times": 2}"#)
      let stream = try Stream(stage, traces: Self.traces, seed: seed)
      var gateway = try stream.start()
      for number in 1...Self.kills {
        // Somewhere in the part of the stream that belongs to this kill.
        let part = Self.spans / (Self.kills + 1)
        let threshold = part * number - Int(seed) * number % part
        try stream.waitForAcknowledged(threshold)
        gateway.program.signal(SIGKILL)
        #expect(try gateway.program.waitForExit(within: .seconds(10)) == .signal(SIGKILL))
        #expect(stream.ledger.acknowledged.count < Self.spans, "seed \(seed): kill \(number) came after the stream")
        gateway = try stream.start()
      }
      try stream.finish(gateway)
      try stream.expectDeliveredOnce("seed \(seed)")
    }

    @Test func `SIGTERM in the middle of the stream ends with 0, and the next start continues`() throws {
      let stage = try Stage()
      let stream = try Stream(stage, traces: 300, seed: 7)
      let first = try stream.start()
      try stream.waitForAcknowledged(300)
      first.program.signal(SIGTERM)
      #expect(try first.program.waitForExit(within: .seconds(30)) == .code(0), "\(first.program.lastWords)")
      try stream.finish(try stream.start())
      try stream.expectDeliveredOnce("")
    }

    @Test func `SIGTERM while PostHog is away ends with 0, and what was taken is delivered later`() throws {
      let stage = try Stage()
      try stage.fault(#"{"status": 503, "times": 100000}"#)
      let stream = try Stream(stage, traces: 50, seed: 11)
      let first = try stream.start()
      try stream.waitForAcknowledged(150)
      first.program.signal(SIGTERM)
      #expect(try first.program.waitForExit(within: .seconds(30)) == .code(0), "\(first.program.lastWords)")
      #expect(try stage.events().isEmpty)
      try stage.reset()
      try stream.finish(try stream.start())
      try stream.expectDeliveredOnce("")
    }
  }
}

/// The generator and the gateways it talks to, one after the other on the same spool.
private final class Stream {
  static let key = "phc_kill"
  let stage: Stage
  let generator: Program
  private let ledgerPath: String
  private let endpointPath: String
  private let spans: Int

  init(_ stage: Stage, traces: Int, seed: UInt32) throws {
    self.stage = stage
    spans = traces * 3
    ledgerPath = "\(stage.folder.path)/ledger"
    endpointPath = "\(stage.folder.path)/endpoint"
    Files.replace(endpointPath, with: "")
    generator = try stage.python(
      "spans.py",
      [
        "--endpoint-file", endpointPath, "--ledger", ledgerPath, "--traces", "\(traces)", "--key", Self.key,
        "--seed", "\(seed)",
      ])
  }

  var ledger: Ledger { Ledger(ledgerPath) }

  func start() throws -> RunningGateway {
    let gateway = try stage.gateway()
    Files.replace(endpointPath, with: gateway.endpoint)
    return gateway
  }

  func waitForAcknowledged(_ count: Int) throws {
    let reached = waitUntil(.seconds(60)) { ledger.acknowledged.count >= count }
    try #require(reached, "\(ledger.acknowledged.count) of \(count) acknowledged; \(generator.lastWords)")
  }

  /// Lets the generator end, waits until everything has arrived, and ends the gateway in order.
  func finish(_ gateway: RunningGateway) throws {
    let generatorExit = try generator.waitForExit(within: .seconds(90))
    #expect(generatorExit == .code(0), "\(generator.lastWords)")
    _ = try waitUntil(.seconds(60)) { Set(try stage.events().compactMap(\.span)).count >= spans }
    _ = try waitUntil(.seconds(10)) { try stage.accounting(gateway).total("pending") == 0 }
    try stage.expectAccounted(gateway)
    #expect(try stage.accounting(gateway).total("pending") == 0)
    gateway.program.signal(SIGTERM)
    #expect(try gateway.program.waitForExit(within: .seconds(30)) == .code(0), "\(gateway.program.lastWords)")
  }

  /// Every acknowledged span has exactly one identity at PostHog; repeats of that one fall together there.
  func expectDeliveredOnce(_ comment: Comment) throws {
    let ledger = ledger
    let events = try stage.events()
    #expect(ledger.acknowledged.count == spans, comment)
    var identities: [Substring: Set<Delivered.Identity>] = [:]
    for event in events {
      #expect(event.key == Self.key)
      let span = try #require(event.span, "an event of no span: \(event.name ?? "?")")
      identities[Substring(span), default: []].insert(event.identity)
    }
    let lost = ledger.acknowledged.subtracting(identities.keys)
    let invented = Set(identities.keys).subtracting(ledger.sent)
    let doubled = identities.filter { $0.value.count > 1 }
    #expect(lost.count == 0, "\(comment): \(lost.count) acknowledged spans never arrived, such as \(lost.first ?? "")")
    #expect(invented.count == 0, "\(comment): \(invented.count) spans that nobody sent")
    #expect(
      doubled.isEmpty, "\(comment): \(doubled.count) spans count twice, such as \(doubled.first.debugDescription)")
    let uuids = identities.values.flatMap { $0 }.map(\.uuid)
    #expect(Set(uuids).count == uuids.count, "\(comment): one uuid for two spans")
  }
}
