import Bytes
import Glibc
import OTLP
import Spool
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// `hoglet spool` over a spool in a temporary folder.
@Suite(.timeLimit(.minutes(5))) struct SpoolCommandTests {
  private static let keys = ["phc_planted_one", "phc_planted_two"]
  private static let prompt = "planted prompt"

  private final class Listener: CommitListener {
    let done = Mutex(0)
    func committed(
      appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)]
    ) {
      done.withLock { $0 += appends.count + changes.count }
    }
  }

  /// A spool with three requests of one key, one of another, and a dead letter with and one without its source.
  private final class Stage {
    let folder: String
    var settings = GatewaySettings()
    private let listener = Listener()
    private var spool: LMDBSpool?
    private var asked = 0

    init() throws {
      var template = Array("/tmp/hoglet-spoolcmd-XXXXXX".utf8CString)
      folder = try #require(
        unsafe template.withUnsafeMutableBufferPointer { unsafe $0.baseAddress.flatMap { unsafe mkdtemp($0) } }
          .map { unsafe String(cString: $0) })
      settings.spool.path = folder + "/spool"
      settings.spool.bytesMax = 64 << 20
      settings.spool.freeBytesMin = 0
      try open()
      for (number, key) in [keys[0], keys[0], keys[0], keys[1]].enumerated() { try append(UInt64(number) + 1, key) }
      var change = LaneChange(lane: LaneID(1))
      let (body, index) = try Self.request(9)
      change.deadLetters = [
        DeadLetter(
          time: 5, status: 400, reason: "too odd", event: Array("{\"event\":\"x\"}".utf8),
          source: DeadLetterSource(frozen: [1], index: index, body: body, tracesCount: body.count)),
        DeadLetter(time: 6, status: 413, reason: "too large", event: Array("{\"event\":\"y\"}".utf8)),
      ]
      spool?.commit(Change(token: 1, lanes: [change]))
      wait()
    }

    static func request(_ trace: UInt64) throws -> (body: [UInt8], index: [UInt8]) {
      var body = TestSpan.request([TestSpan(trace: trace, span: trace, user: SpoolCommandTests.prompt)])
      let index = try RequestScanner.scan(&body, signal: .traces).index.encoded()
      return (body, index)
    }

    private func append(_ trace: UInt64, _ key: String) throws {
      let (body, index) = try Self.request(trace)
      let append = Append(
        token: trace, key: key, signal: .traces, arrival: trace * 1_000_000_000, index: index, body: body)
      #expect(spool?.append(append) == nil)
      wait()
    }

    private func wait() {
      asked += 1
      while listener.done.withLock({ $0 }) < asked { sched_yield() }
    }

    func open() throws {
      spool = try LMDBSpool.open(path: settings.spool.path, settings: SpoolSettings(settings), listener: listener)
    }

    func close() {
      spool?.close()
      spool = nil
    }

    func run(_ action: SpoolCommand.Action, _ filter: SpoolFilter = SpoolFilter()) throws -> CommandStatus {
      try Commands.live.spool(SpoolCommand(action, filter: filter, settings: settings))
    }

    func rows(_ kind: SpoolKind, _ filter: SpoolFilter = SpoolFilter(), now: UInt64 = 10_000_000_000) throws
      -> [SpoolRow]
    {
      let inspection = try SpoolInspection(path: settings.spool.path)
      return try SpoolRows(inspection, inspection.overview().lanes, filter, now: now).all(kind)
    }

    func names(_ kind: SpoolKind, _ filter: SpoolFilter = SpoolFilter()) throws -> [String] {
      try rows(kind, filter).map { "\($0.entry)" }
    }
  }

  @Test(arguments: ["1/42", "dead/1/3", "damaged/7/18446744073709551615", "damaged-decisions/1/2", "damaged-dead/4/5"])
  func `a name is read back as it is written`(_ text: String) throws {
    #expect(try "\(#require(SpoolEntry(text)))" == text)
  }

  @Test(arguments: ["", "1", "1/", "/1", "a/1", "1/2/3", "dead/1", "gone/1/2", "1/-2", "4294967296/1", "dead/1/2/3"])
  func `what is no name is refused`(_ text: String) {
    #expect(SpoolEntry(text) == nil)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_549, "1.5 kB"), (99_499, "99 kB"), (999_499, "999 kB"),
    (999_500, "1 MB"), (8_589_934_592, "8.6 GB"), (5_000_000_000_000, "5 TB"),
  ])
  func `bytes are rounded to what people compare`(_ count: Int, _ text: String) {
    #expect(Readable.bytes(count) == text)
  }

  @Test(
    arguments: [
      (0, "0s"), (59, "59s"), (60, "1m"), (61, "1m 1s"), (3_599, "59m 59s"), (3_600, "1h"), (86_399, "23h 59m"),
      (86_400, "1d"), (97_200, "1d 3h"),
    ] as [(UInt64, String)])
  func `an age has its two largest units`(_ seconds: UInt64, _ text: String) {
    #expect(Readable.age(nanoseconds: seconds * 1_000_000_000) == text)
  }

  @Test func `filters pick, and together they all count`() throws {
    let stage = try Stage()
    #expect(try stage.names(.requests) == ["1/1", "1/2", "1/3", "2/1"])
    #expect(try stage.names(.dead) == ["dead/1/1", "dead/1/2"])
    #expect(try stage.names(.damaged).isEmpty)
    var filter = SpoolFilter()
    filter.key = try stage.rows(.requests).last?.key
    #expect(try stage.names(.requests, filter) == ["2/1"])
    filter = SpoolFilter()
    filter.trace = try stage.rows(.requests)[1].traces.first
    #expect(try stage.names(.requests, filter) == ["1/2"])
    filter.entries = [SpoolEntry(.request, LaneID(1), 1)]
    #expect(try stage.names(.requests, filter).isEmpty)
    filter = SpoolFilter()
    filter.olderThan = .seconds(8)
    #expect(try stage.names(.requests, filter) == ["1/1"], "that of two seconds is eight old, not older")
    filter.olderThan = nil
    filter.limit = 2
    #expect(try stage.names(.requests, filter) == ["1/1", "1/2"])
  }

  @Test func `no list shows a key or what anybody wrote`() throws {
    let stage = try Stage()
    let overview = try SpoolInspection(path: stage.settings.spool.path).overview()
    var text = SpoolListing.status(overview, stage.settings.spool, now: 10_000_000_000)
    text += String(decoding: SpoolListing.statusJSON(overview, stage.settings.spool), as: UTF8.self)
    for kind in SpoolKind.allCases {
      let rows = try stage.rows(kind == .traces ? .requests : kind)
      text += SpoolListing.text(kind, rows, now: 10_000_000_000)
      text += SpoolListing.json(kind, rows).map { String(decoding: $0, as: UTF8.self) }.joined()
    }
    #expect(text.contains("process \(getpid())"))
    #expect(text.contains("too odd"))
    #expect(!text.contains("planted"))
    #expect(String(decoding: try Self.show("1/1", stage), as: UTF8.self).contains(Self.prompt), "who asks gets it")
  }

  private static func show(_ name: String, _ stage: Stage) throws -> [UInt8] {
    let entry = try #require(SpoolEntry(name))
    return try SpoolContent(entry, SpoolInspection(path: stage.settings.spool.path)).json()
  }

  @Test func `what is exported is read by map and replay`() throws {
    let stage = try Stage()
    let folder = stage.folder + "/out"
    #expect(try stage.run(.export(.requests, folder: folder)) == .success)
    #expect(try stage.run(.export(.dead, folder: folder)) == .success)
    let files = try ReplayFiles.collect([folder]) { _ in nil }
    #expect(files.requests.map(\.path) == ["1-1", "1-2", "1-3", "2-1", "dead-1-1"].map { "\(folder)/\($0).traces.pb" })
    #expect(files.requests[1].body == (try Stage.request(2).body))
    #expect(files.skipped == 2, "the events of the dead letters")
  }

  @Test func `nothing is deleted until it is said twice`() throws {
    let stage = try Stage()
    stage.close()
    var filter = SpoolFilter()
    filter.entries = [SpoolEntry(.request, LaneID(1), 2)]
    #expect(try stage.run(.purge(.requests, isConfirmed: false), filter) == .failure)
    #expect(try stage.names(.requests) == ["1/1", "1/2", "1/3", "2/1"])
    #expect(try stage.run(.purge(.requests, isConfirmed: true), filter) == .success)
    #expect(try stage.names(.requests) == ["1/1", "1/3", "2/1"])
    #expect(try stage.run(.purge(.dead, isConfirmed: true)) == .success)
    #expect(try stage.names(.dead).isEmpty)
  }

  @Test func `a dead letter with its source becomes a request again, one without stays and is told`() throws {
    let stage = try Stage()
    stage.close()
    #expect(try stage.run(.retry(.dead)) == .badData)
    #expect(try stage.names(.dead) == ["dead/1/2"])
    #expect(try stage.names(.requests) == ["1/1", "1/2", "1/3", "1/4", "2/1"])
  }

  @Test(arguments: [
    SpoolCommand.Action.purge(.requests, isConfirmed: true), .retry(.dead), .compact,
  ])
  func `what changes the spool of a running gateway is refused with its process`(_ action: SpoolCommand.Action) throws {
    let stage = try Stage()
    let error = #expect(throws: CommandError.self) { try stage.run(action) }
    #expect(error?.description.contains("in use by process \(getpid());") == true)
    #expect(error?.status == .unavailable)
  }

  @Test func `a folder without a spool is told, and not made`() throws {
    let stage = try Stage()
    stage.close()
    stage.settings.spool.path = stage.folder + "/nowhere"
    for action in [SpoolCommand.Action.status, .compact, .purge(.dead, isConfirmed: true)] {
      let error = #expect(throws: CommandError.self) { try stage.run(action) }
      #expect(error?.description.contains("there is no spool at") == true)
    }
    #expect(unsafe access(stage.settings.spool.path, F_OK) != 0)
  }
}
