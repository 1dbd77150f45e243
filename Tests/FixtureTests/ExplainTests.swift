import Bytes
import Gateway
import Mapping
import Testing

/// What `hoglet explain` and `hoglet dialects` are made of.
@Suite struct ExplainTests {
  /// A small set of which every position is known.
  static let dialect = """
    dialect: x
    match: x.kind
    kind:
      - {when: {x.kind: agent}, is: agent}
      - {by: x.kind, map: {chat: generation}}
    properties:
      distinct_id: x.user
      $ai_a: [x.none, {from: x.a, when: {x.kind: agent}}, {from: x.text, extract: '^(no)$'}, x.a]
      $ai_number: x.text
      $ai_session_id: x.session
      $ai_unset: x.unset
    constants: {$ai_lib: mine}
    drop: [x.secret]
    """

  private static func program(redaction: String) throws -> Program {
    func file(_ name: String, _ text: String) -> MappingFile {
      MappingFile(name: name, path: name, text: Array(text.utf8))
    }
    let properties = """
      distinct_id: id
      $ai_a: {type: string, also: $ai_also}
      $ai_number: int
      $ai_session_id: id
      $ai_unset: string
      $ai_lib: string
      """
    let (set, diagnostics) = MappingReader.read(files: [
      file("properties.yaml", properties), file("dialects.yaml", "order: [x]\n"), file("x.yaml", dialect),
      file("trace.yaml", "inherit: $ai_session_id\n"), file("redaction.yaml", redaction),
    ])
    try #require(diagnostics.allSatisfy { $0.severity != .error }, "\(Diagnostic.render(diagnostics))")
    return Program(set)
  }

  private static func offline(redaction: String = "privacy: none\n") throws -> OfflineMapping {
    func span(_ id: Int, parent: Int?, _ attributes: [String: String]) -> String {
      let above = parent.map { ",\"parentSpanId\":\"000000000000000\($0)\"" } ?? ""
      let values = attributes.sorted { $0.key < $1.key }.map {
        "{\"key\":\"\($0.key)\",\"value\":{\"stringValue\":\"\($0.value)\"}}"
      }
      return """
        {"traceId":"1ee0adb32cb106d4a2b1514ccbcefa55","spanId":"000000000000000\(id)"\(above),"name":"s\(id)",
        "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001000000000",
        "attributes":[\(values.joined(separator: ","))]}
        """
    }
    let long = String(repeating: "z", count: 500)
    let spans = [
      span(1, parent: nil, ["x.kind": "agent", "x.session": "s-1", "x.user": "ada"]),
      span(2, parent: 1, ["http.method": "GET"]),
      span(3, parent: 2, ["x.kind": "chat", "x.a": "A", "x.text": "text", "x.secret": "s", "app.other": long]),
    ]
    let request =
      "{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{\"name\":\"lib\"},\"spans\":[\(spans.joined(separator: ","))]}]}]}"
    var offline = OfflineMapping(program: try program(redaction: redaction))
    _ = try offline.add("request", Array(request.utf8))
    return offline
  }

  private static func call() throws -> EventExplanation {
    var offline = try offline()
    return try #require(try offline.explanations().first { $0.span == "0000000000000003" })
  }

  @Test func `the source that won has its place, and so have those before it, with the reason`() throws {
    let call = try Self.call()
    #expect(call.event == "$ai_generation" && call.dialect.name == "x" && call.dialect.place == "x.yaml:2:1")
    #expect(call.kind.name == "generation" && call.kind.place == "x.yaml:5:5")
    let property = try #require(call.properties.first { $0.name == "$ai_a" })
    guard case .source(let winner) = property.origin else {
      Issue.record("\(property.origin)")
      return
    }
    #expect(winner.name == "x.a" && winner.place == "x.yaml:8:90" && property.value == "\"A\"")
    #expect(property.passedOver.map(\.source.name) == ["x.none", "x.a", "x.text"])
    #expect(property.passedOver.map(\.source.place) == ["x.yaml:8:11", "x.yaml:8:26", "x.yaml:8:62"])
    #expect(property.passedOver.map(\.reason) == [.absent, .condition, .refused])
    let also = try #require(call.properties.first { $0.name == "$ai_also" })
    guard case .also(of: "$ai_a") = also.origin else {
      Issue.record("\(also.origin)")
      return
    }
  }

  @Test func `what was inherited, constant, left, dropped, unfit and absent is told`() throws {
    let call = try Self.call()
    let session = try #require(call.properties.first { $0.name == "$ai_session_id" })
    guard case .otherSpan(let source, "0000000000000001", "inherited") = session.origin else {
      Issue.record("\(session.origin)")
      return
    }
    #expect(source.place == "x.yaml:10:19")
    let lib = try #require(call.properties.first { $0.name == "$ai_lib" })
    guard case .constant(place: "x.yaml:12:13") = lib.origin else {
      Issue.record("\(lib.origin)")
      return
    }
    guard case .leftOver("app.other") = call.properties.first(where: { $0.name == "otel.app.other" })?.origin else {
      Issue.record("\(call.properties.map(\.name))")
      return
    }
    #expect(call.dropped.map(\.name) == ["x.secret"] && call.dropped.first?.place == "x.yaml:13:8")
    #expect(call.withheld.map(\.name) == ["$ai_number"] && call.withheld.first?.passedOver.map(\.reason) == [.unfit])
    #expect(call.unset == ["$ai_unset"])
  }

  @Test func `what redaction changed and dropped is told with the rule that did`() throws {
    var offline = try Self.offline(
      redaction: """
        rules:
          - {action: drop, properties: otel.app.other}
          - {action: mask, match: [{pattern: 'A', name: letter}]}
        """)
    let call = try #require(try offline.explanations().first { $0.span == "0000000000000003" })
    let told = call.redacted.map { "\($0.property) \($0.action) \($0.found) \($0.place ?? "")" }
    #expect(
      Set(told) == [
        "$ai_a mask letter redaction.yaml:3:14", "$ai_also mask letter redaction.yaml:3:14",
        "otel.app.other drop property redaction.yaml:2:14",
      ])
    #expect(call.properties.first { $0.name == "$ai_a" }?.value == #""[redacted:letter]""#)
    #expect(try Self.call().redacted.isEmpty)
  }

  @Test func `users and the tree are told`() throws {
    let call = try Self.call()
    guard case .otherSpan(let source, "0000000000000001", _) = call.user.origin else {
      Issue.record("\(call.user.origin)")
      return
    }
    #expect(source.place == "x.yaml:7:16" && call.user.value == "\"ada\"")
    #expect(call.decisions == ["hangs below 0000000000000001: 1 spans between them are no AI"])
    var offline = try Self.offline()
    let root = try #require(try offline.explanations().first { $0.span == "0000000000000001" })
    #expect(root.event == "$ai_trace" && root.decisions.first?.contains("stands for the trace") == true)
  }

  /// Every property of every event of every case has its reason, and it is not a guess that contradicts the event.
  @Test(arguments: FixtureCase.all)
  func `every property of every fixture is explained`(_ fixture: FixtureCase) throws {
    var offline = OfflineMapping(program: try FixtureCase.stock())
    for file in fixture.requests { _ = try offline.add(file, FixtureFolder.read(file)) }
    let explanations = try offline.explanations()
    #expect(try explanations.count == offline.events().count)
    let computed = Set(["$lib", "$lib_version", "$geoip_disable"])
    for event in explanations {
      #expect(!event.properties.isEmpty && event.kind.place != nil)
      for property in event.properties {
        #expect(!property.value.isEmpty, "\(property.name)")
        if case .computed("the gateway") = property.origin {
          #expect(computed.contains(property.name), "\(fixture.name): \(property.name) has no reason")
        }
      }
    }
  }

  @Test func `recognition counts spans by dialect, kind and scope, and what nothing consumed`() throws {
    var offline = try Self.offline()
    let found = try offline.recognition()
    #expect(found.groups[.init(dialect: "x", kind: "generation", scope: "lib")]?.spans == 1)
    #expect(found.groups[.init(dialect: nil, kind: "not_ai", scope: "lib")]?.names == ["s2"])
    #expect(found.unknown.keys.sorted() == ["http.method"])
    #expect(found.left["app.other"]?.spans == 1 && found.left["app.other"]?.dialects == ["x"])
    #expect(found.left["app.other"]?.example.count == Recognition.exampleMax, "never more of a prompt than this")
    #expect(found.left["x.secret"] == nil && found.left["x.a"] == nil)
  }
}
