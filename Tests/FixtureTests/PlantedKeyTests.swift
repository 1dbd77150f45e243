import Bytes
import Gateway
import Mapping
import Testing

/// Real exports with keys put into the middle of what people and models wrote: none comes out.
@Suite struct PlantedKeyTests {
  /// Random letters behind real prefixes.
  private static let keys = [
    "sk-" + "proj-Zk3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0n", "AKIA" + "Z0SFODNN7EXAMPLE",
    "ghp_" + "Zk3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7j", "xoxb-" + "2418-3120-Zk3dEf6hIj9lMn2pQr5t",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.Zk3jgNryP4J3jVmNHl0w5N",
    "phx_" + "Zk3dEf6hIj9lMn2pQr5tUv8xYz1bCd4f",
    "\\\\u0073k-" + "ant-Zk3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0n",
  ]
  private static let stock = loadMappings(directory: nil).set.map { Program($0) }
  private static let withoutContent =
    loadMappings(directory: nil, redaction: RedactionSettings(privacy: .noContent)).set.map { Program($0) }

  /// In all of them, and in no export.
  private static let marks = ["Zk3", "Z0SFODNN7"]

  @Test(arguments: FixtureCase.all.filter { !$0.jsonRequests.isEmpty })
  func `no key that was planted in a real export comes out`(fixture: FixtureCase) throws {
    var program = try #require(Self.stock)
    let requests = fixture.jsonRequests.map { Self.planted(Self.keys, in: FixtureFolder.read($0)) }
    let redacted = try Self.events(requests, program)
    #expect(redacted.allSatisfy { event in Self.marks.allSatisfy { !event.contains($0) } }, "\(fixture.name)")
    program.redaction = nil
    let bare = try Self.events(requests, program)
    #expect(bare.count == redacted.count)
    let isLeaking = bare.contains { event in Self.marks.contains { event.contains($0) } }
    #expect(isLeaking == redacted.contains { $0.contains("[redacted:") }, "\(fixture.name)")
  }

  @Test func `a user that is hashed has one hash in all events, and is nowhere else`() throws {
    var set = try #require(
      loadMappings(directory: nil, redaction: RedactionSettings(salt: Array("sixteen letters!".utf8))).set)
    let place = Position(file: 0, line: 1, column: 1)
    var rule = RedactionRule(action: .hash, position: place)
    rule.properties = ["distinct_id", "otel.user.id"].map { Located($0, place) }
    set.redaction.rules.append(rule)
    let user = #",{"key":"user.id","value":{"stringValue":"jane@example.com"}}"#
    let spans = ["0000000000000001", "0000000000000002"].map { HostileSpanTests.span($0, attributes: user) }
    let events = try Self.events([Array(HostileSpanTests.request(spans).utf8)], Program(set))
    #expect(events.count == 2 && events.allSatisfy { !$0.contains("jane") })
    let users = events.map { $0.split(separator: "\"distinct_id\":\"").last.map { $0.prefix { $0 != "\"" } } ?? "" }
    #expect(Set(users).count == 1 && users.allSatisfy { $0.count == 32 && $0 != "1ee0adb32cb106d4a2b1514ccbcefa55" })
    #expect(events.allSatisfy { !$0.contains("$process_person_profile") }, "somebody known stays somebody known")
  }

  /// What names steps and people is written by developers, and stays.
  private static let named: Set<String> = [
    "$ai_span_name", "$ai_trace_name", "$ai_agent_name", "$ai_tool_name", "$ai_prompt_name", "$ai_model",
  ]

  @Test(arguments: FixtureCase.all.filter { !$0.jsonRequests.isEmpty })
  func `without content nothing that anybody wrote comes out, and every number does`(fixture: FixtureCase) throws {
    let requests = fixture.jsonRequests.map { Self.planted(["Quixotry"], in: FixtureFolder.read($0)) }
    let hidden = try Self.events(requests, try #require(Self.withoutContent))
    let open = try Self.events(requests, try #require(Self.stock))
    #expect(hidden.count == open.count)
    for (hidden, open) in zip(hidden, open) {
      let left = try Self.properties(hidden)
      for (name, value) in left where value.contains("Quixotry") {
        #expect(Self.named.contains(name), "\(fixture.name): \(name) is \(value)")
      }
      let all = try Self.properties(open)
      for (name, value) in all where name.hasSuffix("_tokens") || name == "$ai_latency" || name.hasSuffix("_usd") {
        #expect(left[name] == value, "\(fixture.name): \(name)")
      }
      #expect(left["$ai_input"] == nil && left["$ai_output_choices"] == nil && left["$ai_error"] == nil)
    }
  }

  /// The members of `properties`, each value as JSON.
  private static func properties(_ event: String) throws -> [String: String] {
    let bytes = Array(event.utf8)
    var tape = JSONTape()
    let root = try tape.parse(bytes.span, Slice(0, bytes.count))
    let properties = try #require(tape.member("properties", of: root, bytes))
    var found: [String: String] = [:]
    for child in tape.children(of: properties) {
      found[bytes.span.string(tape.nodes[child].key)] = bytes.span.string(tape.nodes[child].text)
    }
    return found
  }

  private static func events(_ requests: [[UInt8]], _ program: Program) throws -> [String] {
    var offline = OfflineMapping(program: program)
    for request in requests { _ = try offline.add("request", request) }
    return try offline.events().map { String(decoding: $0, as: UTF8.self) }
  }

  /// Puts a key, each time another one, between two words of every text.
  private static func planted(_ keys: [String], in json: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var number = 0
    var isNewText = true
    for (index, byte) in json.enumerated() {
      out.append(byte)
      if byte == UInt8(ascii: "\"") { isNewText = true }
      guard isNewText, byte == 0x20, index > 0, index + 1 < json.count, isLetter(json[index - 1]),
        isLetter(json[index + 1])
      else { continue }
      out += Array(keys[number % keys.count].utf8) + [0x20]
      number += 1
      isNewText = false
    }
    return out
  }

  private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a }
}
