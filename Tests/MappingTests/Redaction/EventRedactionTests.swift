import Bytes
import Testing

@testable import Mapping

@Suite struct EventRedactionTests {
  private static let key = "sk-" + PresetSamples.random(40)

  @Test func `a key goes wherever it stands, also as a name, and nothing else changes`() throws {
    let redactor = try RedactionStage.redactor("rules: [{action: mask, match: [keys, jwt]}]")
    let key = Self.key
    let members =
      #""$ai_input":[{"role":"user","content":"\#(key)"},{"\#(key)":1,"\#(key)2":[true,null,-1.5e3,{}]}],"#
      + #""$ai_error":"bad key \#(key)\n","otel.\#(key)":"é\"\\","otel.resource.x":"AKIAIOSFODNN7EXAMPLE","n":4,"#
    let wanted =
      #""$ai_input":[{"role":"user","content":"[redacted:keys]"},"#
      + #"{"[redacted:keys]":1,"[redacted:keys] 2":[true,null,-1.5e3,{}]}],"#
      + #""$ai_error":"bad key [redacted:keys]\n","otel.[redacted:keys] 3":"é\"\\","otel.resource.x":"[redacted:keys]","n":4,"#
    #expect(RedactionStage.members(members, redactor) == wanted)
    #expect(RedactionStage.members(members, redactor, before: 1000) == wanted)
  }

  @Test(arguments: [
    #"\u0073k-"#, #"\\u0073k-"#, #"\\\\u0073k-"#, #"s\\u006b-"#, #"\\u0073\\u006b\\u002d"#, #"{\"a\":\"\\u0073k-"#,
  ])
  func `escapes hide nothing`(start: String) throws {
    let redactor = try RedactionStage.redactor("rules: [{action: mask, match: keys}]")
    let redacted = RedactionStage.members(#""otel.a":"\#(start)\#(PresetSamples.random(40)) x","#, redactor)
    #expect(!redacted.contains(PresetSamples.random(16)) && redacted.hasSuffix(#"[redacted:keys] x","#), "\(redacted)")
  }

  @Test func `escapes of plain characters become those characters when JSON is spliced`() {
    let text = Array(#"\u0073\u0022\u005c\u000a\u00e9\ud83d\ude00\ud800\n"#.utf8)
    var out = ByteBuffer()
    out.appendJSONRaw(text.span, Slice(0, text.count), hasUnicodeEscapes: true)
    #expect(out.string == #"s\"\\\n\u00e9\ud83d\ude00\ufffd\n"#)
  }

  @Test func `properties are dropped, masked and hashed whole by their names`() throws {
    let redactor = try RedactionStage.redactor(
      """
      rules:
        - {action: drop, properties: [otel.http.url, "otel.resource.process.*"]}
        - {action: hash, properties: otel.user.id}
        - {action: mask, properties: otel.note}
      """)
    let members =
      #""a":1,"otel.http.url":"x","otel.resource.process.args":["a"],"otel.user.id":"jane","otel.note":{"a":[1]},"#
      + #""otel.http.urls":"y","#
    let redacted = RedactionStage.members(members, redactor)
    #expect(redacted.hasPrefix(#""a":1,"otel.user.id":""#), "\(redacted)")
    #expect(redacted.hasSuffix(#"","otel.note":"[redacted]","otel.http.urls":"y","#))
    #expect(redacted.contains(String(decoding: redactor.hash(Array("jane".utf8)), as: UTF8.self)))
    #expect(redactor.hash(Array("jane".utf8)).count == 32)
  }

  @Test func `a property in which a rule finds what it drops goes whole`() throws {
    let redactor = try RedactionStage.redactor("rules: [{action: drop, match: email}, {action: mask, match: ip}]")
    let members = #""a":"10.0.0.1","b":["10.0.0.1",{"x":"jane@example.com"}],"c":"d","#
    #expect(RedactionStage.members(members, redactor) == #""a":"[redacted:ip]","c":"d","#)
  }

  @Test func `a rule counts only for its properties, dialects and services`() throws {
    let redactor = try RedactionStage.redactor(
      """
      rules:
        - {action: mask, match: email, properties: "$ai_*"}
        - {action: mask, match: ip, dialects: gen-ai}
        - {action: mask, match: phone, services: [billing]}
      """)
    let members = #""$ai_input":"a@example.com 8.8.8.8 +12125550100","otel.x":"a@example.com","#
    let genAI = try #require(
      MappingReader.read(files: try MappingFixtures.examples()).0.order.map(\.value).firstIndex(of: "gen-ai"))
    #expect(
      RedactionStage.members(members, redactor, dialect: genAI == 0 ? 1 : 0)
        == #""$ai_input":"[redacted:email] 8.8.8.8 +12125550100","otel.x":"a@example.com","#)
    #expect(
      RedactionStage.members(members, redactor, dialect: genAI, service: "billing")
        == #""$ai_input":"[redacted:email] [redacted:ip] [redacted:phone]","otel.x":"a@example.com","#)
  }

  @Test func `what was done is counted by action and by what was found`() throws {
    let redactor = try RedactionStage.redactor(
      """
      privacy: no_content
      rules: [{action: hash, properties: otel.user.id}, {action: mask, match: email}, {action: drop, match: ip}]
      keep: ["otel.*"]
      """)
    let members =
      #""$ai_input":"x","otel.user.id":"u","otel.a":"a@example.com b@example.com","otel.b":"10.0.0.1 10.0.0.2","#
    _ = RedactionStage.members(members, redactor)
    #expect(
      redactor.record.counts == [
        .init(action: .drop, found: "privacy"): 1, .init(action: .hash, found: "property"): 1,
        .init(action: .mask, found: "email"): 2, .init(action: .drop, found: "ip"): 1,
      ])
  }

  @Test func `findings over one another become one`() throws {
    let redactor = try RedactionStage.redactor(
      #"rules: [{action: mask, match: [email, {pattern: "com and more", name: own}]}]"#)
    #expect(redactor.redact("a@example.com and more") == "[redacted:email]")
  }

  @Test func `hashes stand in place of what is found, the same for the same`() throws {
    let redactor = try RedactionStage.redactor("rules: [{action: hash, match: email}]")
    let hash = String(decoding: redactor.hash(Array("a@example.com".utf8)), as: UTF8.self)
    #expect(redactor.redact("from a@example.com to a@example.com") == "from \(hash) to \(hash)")
    let other = try RedactionStage.redactor(
      "rules: [{action: hash, match: email}]", salt: Array("another salt of that size".utf8))
    #expect(other.redact("a@example.com") != hash)
  }

  @Test func `what the gateway says itself stays`() throws {
    let redactor = try RedactionStage.redactor(#"rules: [{action: mask, properties: "*"}]"#, privacy: .noContent)
    #expect(
      RedactionStage.members(#""$ai_span_type":"agent","$ai_model":"m","#, redactor)
        == #""$ai_span_type":"agent","$ai_model":"[redacted]","#)
  }

  @Test func `an event does not grow beyond what PostHog takes`() throws {
    let redactor = try RedactionStage.mask(.email)
    let member = #""otel.a":""# + String(repeating: "a@b.co ", count: 1_000) + #"","#
    let redacted = RedactionStage.members(
      #""otel.b":"a@b.co","# + member, redactor, before: MappingLimits.eventBytesMax - 10_000, countsBefore: true)
    #expect(redacted == #""otel.b":"[redacted:email]","#)
  }

  @Test func `an event that cannot be read leaves nothing but who and when`() throws {
    let redactor = try RedactionStage.mask(.email)
    for broken in [#""a":"b@example.com"#, #""a" 1"#, "\"a\":\"\u{1}\"", "}"] {
      var out = ByteBuffer()
      out.append(RedactionStage.head)
      let body = out.count
      out.append(broken)
      redactor.redact(&out, event: 0, body: body, dialect: 0, service: [])
      #expect(broken == "}" || out.string == RedactionStage.head + #""$ai_truncated":["*"]}}"#, "\(out.string)")
    }
  }

  // MARK: Users

  @Test func `a user is hashed by the rule that says so`() throws {
    let redactor = try RedactionStage.redactor("rules: [{action: hash, properties: distinct_id}]")
    let jane = redactor.identity(Array("jane".utf8), dialect: 0, service: [])
    #expect(jane == redactor.hash(Array("jane".utf8)))
    #expect(jane != redactor.identity(Array("john".utf8), dialect: 0, service: []))
  }

  @Test func `a user is never masked`() throws {
    let user = Array("jane@example.com".utf8)
    let salted = try RedactionStage.mask(.email)
    #expect(salted.identity(user, dialect: 0, service: []) == salted.hash(user))
    #expect(salted.identity(Array("jane".utf8), dialect: 0, service: []) == nil)
    let unsalted = try RedactionStage.redactor("rules: [{action: mask, match: [email, keys]}]", salt: nil)
    #expect(unsalted.identity(user, dialect: 0, service: []) == nil)
    #expect(unsalted.identity(Array(Self.key.utf8), dialect: 0, service: [])?.count == 32)
  }

  // MARK: Privacy

  @Test func `without content, numbers and what is known to be harmless stay`() throws {
    let redactor = try RedactionStage.redactor("{privacy: no_content, keep: [otel.mine, \"otel.ok.*\"]}")
    let members =
      #""$ai_input":[{"role":"user","content":"secret"}],"$ai_model":"gpt","$ai_input_tokens":3,"$ai_error":"secret","#
      + #""$ai_instructions":"secret","otel.tool.arguments":"{\"a\":\"secret\"}","otel.n":1.5,"otel.yes":true,"#
      + #""otel.word":"secret","otel.list":[1,2],"otel.mine":"kept","otel.ok.a":"kept","$ai_output_choices":[],"#
      + #""$ai_input_state":"secret","$ai_tools":[{"a":"secret"}],"$groups":{"company":"acme"},"otel.null":null,"#
      + #""$ai_latency":0.25,"$ai_session_id":"s","$ai_request_url":"https://x/?q=secret","#
    let wanted =
      #""$ai_model":"gpt","$ai_input_tokens":3,"otel.n":1.5,"otel.yes":true,"otel.mine":"kept","otel.ok.a":"kept","#
      + #""$groups":{"company":"acme"},"otel.null":null,"$ai_latency":0.25,"$ai_session_id":"s","#
    #expect(RedactionStage.members(members, redactor) == wanted)
  }

  @Test func `the setting wins over the file`() throws {
    let files = try MappingFixtures.examples(with: "redaction.yaml", "privacy: no_content")
    for privacy in Privacy.allCases {
      let (set, _) = MappingReader.read(files: files, redaction: RedactionSettings(privacy: privacy))
      #expect(set.redaction.privacy == privacy)
    }
    #expect(MappingReader.read(files: files).0.redaction.privacy == .noContent)
    let (set, _) = MappingReader.read(
      files: try MappingFixtures.examples(), redaction: RedactionSettings(privacy: .noContent))
    #expect(Program(set).redaction?.privacy == .noContent)
  }

  @Test func `nothing to do is no redactor`() throws {
    let (set, _) = MappingReader.read(files: try MappingFixtures.examples())
    #expect(Program(set).redaction == nil)
  }
}
