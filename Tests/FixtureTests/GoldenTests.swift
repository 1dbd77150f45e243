import Bytes
import Gateway
import Mapping
import Testing

/// Every case of a dialect that has a table: request bodies in, `events.json` out.
///
/// `HOGLET_REWRITE=1 ./test.sh --filter GoldenTests` writes the goldens anew; `git diff Fixtures` is the review.
@Suite struct GoldenTests {
  @Test(arguments: FixtureCase.all)
  func `the events are those of the golden`(_ fixture: FixtureCase) throws {
    let events = try fixture.events(fixture.requests)
    let text = events.map { $0 + [UInt8(ascii: "\n")] }.flatMap(\.self)
    if FixtureFolder.isRewriting {
      FixtureFolder.write("\(fixture.path)/events.json", text)
      return
    }
    let golden = FixtureFolder.read("\(fixture.path)/events.json")
    if text == golden { return }
    let lines = golden.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    for (number, event) in events.enumerated() {
      let expected = number < lines.count ? lines[number] : "nothing"
      #expect(String(decoding: event, as: UTF8.self) == expected, "line \(number + 1) of \(fixture.name)/events.json")
    }
    #expect(events.count == lines.count)
  }

  /// The same requests as OTLP/JSON say the same.
  @Test(arguments: FixtureCase.all.filter { !$0.jsonRequests.isEmpty })
  func `JSON and protobuf give the same events`(_ fixture: FixtureCase) throws {
    #expect(try fixture.events(fixture.jsonRequests) == fixture.events(fixture.requests))
  }

  /// Events must not depend on which request brought which part of a trace first.
  @Test(arguments: FixtureCase.all)
  func `the order of requests changes nothing`(_ fixture: FixtureCase) throws {
    let sorted = { (events: [[UInt8]]) in events.map { String(decoding: $0, as: UTF8.self) }.sorted() }
    #expect(
      try sorted(fixture.events(fixture.requests.reversed())) == sorted(fixture.events(fixture.requests)))
  }

  /// PostHog refuses a batch for one bad event; whatever is mapped must satisfy it.
  @Test(arguments: FixtureCase.all)
  func `every event is one that PostHog takes`(_ fixture: FixtureCase) throws {
    var seen = Set<String>()
    for event in try fixture.events(fixture.requests) {
      let text = String(decoding: event, as: UTF8.self)
      let uuid = try #require(text.firstRange(of: "\"uuid\":\"")).upperBound
      #expect(seen.insert(String(text[uuid...].prefix(36))).inserted, "a uuid is used twice")
      #expect(text.contains("\"distinct_id\":\"") && !text.contains("\"distinct_id\":\"\""))
      #expect(text.contains("\"$ai_trace_id\":\""))
      #expect(!text.contains("\"$ai_ingestion_source\""))
      var tape = JSONTape()
      let root = try tape.parse(event.span, Slice(0, event.count))
      var names = Set<String>()
      let properties = try #require(tape.member("properties", of: root, event))
      for name in tape.names(of: properties, event) { #expect(names.insert(name).inserted, "\(name) is given twice") }
    }
  }
}

/// One folder `Fixtures/<dialect>/<case>`.
struct FixtureCase: CustomTestStringConvertible {
  var name: String
  var path: String
  var testDescription: String { name }

  /// The captures of real SDKs, each with its truth.
  static let captures = all.filter { $0.name.hasPrefix("captures/") }

  /// Every case.
  static let all: [FixtureCase] = FixtureFolder.names(FixtureFolder.root)
    .filter { !$0.contains(".") }
    .flatMap { dialect in
      FixtureFolder.names("\(FixtureFolder.root)/\(dialect)")
        .filter { !$0.contains(".json") && !$0.hasSuffix(".md") }
        .map { FixtureCase(name: "\(dialect)/\($0)", path: "\(FixtureFolder.root)/\(dialect)/\($0)") }
    }

  /// What was captured is protobuf; what was written by hand is JSON only.
  var requests: [String] {
    let binary = FixtureFolder.names(path).filter { $0.hasSuffix(".pb") }.map { "\(path)/\($0)" }
    return binary.isEmpty ? jsonRequests : binary
  }
  var jsonRequests: [String] {
    FixtureFolder.names(path).filter { $0.hasSuffix(".otlp.json") }.map { "\(path)/\($0)" }
  }

  func events(_ files: [String]) throws -> [[UInt8]] {
    var offline = OfflineMapping(program: try Self.stock())
    for file in files { #expect(try offline.add(file, FixtureFolder.read(file)) == nil) }
    return try offline.events().map { try SortedJSON.text($0) }
  }

  static func stock() throws -> Program { try program.get() }

  /// Compiled once: that is most of what a case takes.
  private static let program = Result {
    let loaded = loadMappings(directory: nil)
    return Program(try #require(loaded.set, "the stock mappings have errors: \(loaded.diagnostics)"))
  }
}

extension JSONTape {
  /// The member of that name of an object.
  func member(_ name: String, of object: Int, _ bytes: [UInt8]) -> Int? {
    children(of: object).first { bytes.span.string(nodes[$0].key) == name }
  }

  func names(of object: Int, _ bytes: [UInt8]) -> [String] {
    children(of: object).map { bytes.span.string(nodes[$0].key) }
  }
}
