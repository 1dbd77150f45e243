import Bytes
import Gateway
import Mapping
import Testing

/// Every form of path and every word of a rule (mapping.md, section 2), from a request to the property that comes out.
@Suite struct LanguageTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var type: String
    var rule: String
    var testDescription: String { "\(rule) as \(type)" }
    /// Attributes of the span as OTLP/JSON values by name.
    var attributes: [String: String] = [:]
    /// Further members of the span, each with a comma before it.
    var more = ""
    var resource: [String: String] = [:]
    /// Members of a log record that belongs to the span.
    var logs: [String] = []
    /// The property's JSON; nil if there is none.
    var expected: String?

    init(
      _ type: String, _ rule: String, _ attributes: [String: String], more: String = "",
      resource: [String: String] = [:], logs: [String] = [], _ expected: String?
    ) {
      (self.type, self.rule, self.attributes, self.more) = (type, rule, attributes, more)
      (self.resource, self.logs, self.expected) = (resource, logs, expected)
    }

    init(
      _ type: String, _ rule: String, more: String = "", resource: [String: String] = [:], logs: [String] = [],
      _ expected: String?
    ) {
      self.init(type, rule, [:], more: more, resource: resource, logs: logs, expected)
    }
  }

  static func text(_ value: String) -> String { "{\"stringValue\":\(quoted(value))}" }
  static func int(_ value: Int) -> String { "{\"intValue\":\(value)}" }
  static func list(_ values: String...) -> String {
    "{\"arrayValue\":{\"values\":[\(values.map(text).joined(separator: ","))]}}"
  }

  private static func quoted(_ text: String) -> String {
    var out = ByteBuffer()
    out.appendJSONString(text)
    return out.string
  }

  private static func attributes(_ values: [String: String]) -> String {
    values.sorted { $0.key < $1.key }.map { "{\"key\":\"\($0.key)\",\"value\":\($0.value)}" }.joined(separator: ",")
  }

  private static func event(_ name: String, _ values: [String: String], time: String = "1700000000250000000") -> String
  {
    ",\"events\":[{\"name\":\"\(name)\",\"timeUnixNano\":\"\(time)\",\"attributes\":[\(attributes(values))]}]"
  }

  /// Two events of a name, the later one first.
  private static let tokens = """
    ,"events":[{"name":"token","timeUnixNano":"1700000001000000000"},{"name":"token","timeUnixNano":"1700000000250000000"}]
    """
  private static let error = ",\"status\":{\"code\":2,\"message\":\"Error code: 429 slow down\"}"

  // MARK: Paths

  static let paths: [Row] = [
    Row("string", "a.b", ["a.b": text("x")], #""x""#),
    Row("string", "'genkit:type'", ["genkit:type": text("x")], #""x""#),
    Row("string", "attribute:span:name", ["span:name": text("x")], #""x""#),
    Row("string", "resource:r", resource: ["r": text("x")], #""x""#),
    Row("string", "scope:name", #""the.scope""#),
    Row("string", "scope:version", #""1.37.2""#),
    Row("string", "scope:schema_url", #""https://s""#),
    Row("string", "scope:team", #""blue""#),
    Row("string", "span:name", #""chat""#),
    Row("string", "span:kind", #""client""#),
    Row("string", "span:status", more: error, #""error""#),
    Row("string", "span:status_message", more: error, #""Error code: 429 slow down""#),
    Row("seconds", "span:duration", "1.5"),
    Row("string", "event:exception#exception.type", more: event("exception", ["exception.type": text("E")]), #""E""#),
    Row("string", "event:*.done#k", more: event("app.done", ["k": text("x")]), #""x""#),
    Row(
      "messages", "event:gen_ai.*.message", more: event("gen_ai.tool.message", ["content": text("x")]),
      #"[{"content":"x","role":"tool"}]"#),
    Row(
      "string", "log:done#k", logs: [#""eventName":"done","attributes":[{"key":"k","value":{"stringValue":"x"}}]"#],
      #""x""#),
    Row("string", "log:done#body", logs: [#""eventName":"done","body":{"stringValue":"x"}"#], #""x""#),
    Row(
      "string", "log:done#body#/a/1", logs: [#""eventName":"done","body":{"stringValue":"{\"a\":[1,\"x\"]}"}"#],
      #""x""#),
    Row(
      "messages", "log:gen_ai.*.message",
      logs: [
        #""eventName":"gen_ai.user.message","body":{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"x"}}]}}"#
      ],
      #"[{"content":"x","role":"user"}]"#),
    Row(
      "json", "p.*", ["p.1.b.0": text("y"), "p.0.a": text("x"), "p.1.b.1": text("z")],
      #"[{"a":"x"},{"b":["y","z"]}]"#),
    Row("object", "p.**", ["p.a": text("x"), "p.b.c": int(1)], #"{"a":"x","b.c":1}"#),
    Row("object", "p.**", ["p.a": text(#""pro""#), "p.b": text(#""a\"b""#)], #"{"a":"pro","b":"a\"b"}"#),
    Row("object", "p.**", ["p.a": text(#""a" or "b""#), "p.b": text("\"")], #"{"a":"\"a\" or \"b\"","b":"\""}"#),
    Row("string", "j#/a/0/b", ["j": text(#"{"a":[{"b":"x"}]}"#)], #""x""#),
    Row("string", "j#/a~1b/~0", ["j": text(#"{"a/b":{"~":"x"}}"#)], #""x""#),
    Row("json", "j#/*/m", ["j": text(#"[{"m":1},{},{"m":2}]"#)], "[1,2]"),
    Row("string", "j#/a", ["j": text(#""{\"a\":\"x\"}""#)], #""x""#),
    Row("string", "j#/a", ["j": #"{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"x"}}]}}"#], #""x""#),
    Row("string", "j#/a/b", ["j": text("no JSON")], nil),
    Row("string", "[a, b]", ["a": text(""), "b": text("x")], #""x""#),
    Row(
      "string", "[a, b, c, d, e]",
      ["a": text("{}"), "b": text("[]"), "c": text("__REDACTED__"), "d": "{}", "e": text("x")], #""x""#),
    Row(
      "string", "[a, b, c]", ["a": text("<REDACTED>"), "b": text("<Redacted>"), "c": text("<retracted>")],
      #""<retracted>""#),
    Row("string", "[a, b]", ["a": text("<redacted?"), "b": text("x")], #""<redacted?""#),
    Row("string", "[a, none]", ["b": text("x")], nil),
  ]

  // MARK: Words

  static let words: [Row] = [
    Row("string", "{from: a, map: {X: y}}", ["a": text("x")], #""y""#),
    Row("string", "{from: a, map: providers}", ["a": text("az.ai.openai")], #""azure""#),
    Row("string", "{from: a, map: {x: y}}", ["a": text("other")], #""other""#),
    Row("seconds", "{from: a, unit: ms}", ["a": int(250)], "0.25"),
    Row("seconds", "{from: a, unit: us}", ["a": text("1500")], "0.0015"),
    Row("seconds", "{from: a, unit: ns, as: us}", ["a": int(2000)], "2"),
    Row("seconds", "{from: a, as: ms}", ["a": int(2)], "2000"),
    Row("seconds", "{from: 'span:duration', as: ms}", "1500"),
    Row("string", "{from: a, take: first}", ["a": list("x", "y")], #""x""#),
    Row("string", "{from: a, take: last}", ["a": list("x", "y")], #""y""#),
    Row("json", "{from: a, split: ','}", ["a": text("x, y")], #"["x","y"]"#),
    Row("int", "{from: a, extract: 'code: (\\d+)'}", ["a": text("Error code: 429 x")], "429"),
    Row("int", "[{from: a, extract: 'code: (\\d+)'}, b]", ["a": text("none here"), "b": int(7)], "7"),
    Row("int", "{sum: [a, b, c]}", ["a": int(3), "b": text("4")], "7"),
    Row("int", "{sum: [a, b]}", nil),
    Row("int", "{sum: a, minus: b}", ["a": int(10), "b": text("4")], "6"),
    Row("int", "{sum: [a, b], minus: [c, d]}", ["a": int(10), "b": int(5), "c": int(4), "d": int(1)], "10"),
    Row("int", "{sum: a, minus: b}", ["a": int(10)], "10"),
    Row("int", "{sum: a, minus: b}", ["b": int(10)], nil),
    Row("int", "{sum: a, minus: b}", ["a": int(3), "b": int(3)], "0"),
    Row("int", "{sum: a, minus: b}", ["a": int(3), "b": int(4)], "0"),
    Row("seconds", "{from: a, since_start: true}", ["a": text("1970-01-01T00:00:00Z")], nil),
    Row("seconds", "{from: a, since_start: true}", ["a": text("2023-11-14T22:13:20.25Z")], "0.25"),
    Row("seconds", "{from: 'event:token', since_start: true}", more: tokens, "0.25"),
    Row("seconds", "{from: 'event:tok*', since_start: true}", more: tokens, "0.25"),
    Row("seconds", "[{from: 'event:other', since_start: true}, a]", ["a": int(2)], more: tokens, "2"),
    Row("seconds", "{from: a, since_start: true, unit: ms}", ["a": int(1_700_000_000_500)], "0.5"),
    Row(
      "messages", "{from: a, unwrap: message}", ["a": text(#"[{"message":{"role":"user","content":"x"}}]"#)],
      #"[{"content":"x","role":"user"}]"#),
    Row("string", "{from: a, unwrap: id}", ["a": text(#"{"id":"x"}"#)], #""x""#),
    Row("messages", "{from: a, role: system}", ["a": text("x")], #"[{"content":"x","role":"system"}]"#),
    Row(
      "messages", "{from: a, prepend: s}", ["a": text("x"), "s": text("be terse")],
      #"[{"content":"be terse","role":"system"},{"content":"x","role":"user"}]"#),
    Row(
      "messages", "{from: a, prepend: s}", ["a": text(#"[{"role":"system","content":"x"}]"#), "s": text("y")],
      #"[{"content":"x","role":"system"}]"#),
    Row("string", "{from: a, strip: ['openai/*', '*:free']}", ["a": text("openai/gpt:free")], #""gpt""#),
    Row("number", "[{from: a, skip: [-1, unknown]}, b]", ["a": int(-1), "b": int(2)], "2"),
    Row("string", "{const: x, when: a}", ["a": text("1")], #""x""#),
    Row("string", "{const: x, when: a}", nil),
    Row("string", "{from: a, default: x}", #""x""#),
    Row("string", "{from: [a, b], default: x}", ["b": text("y")], #""y""#),
  ]

  // MARK: Conditions

  static let conditions: [Row] = [
    ("a", true), ("b", false), ("[b, a]", true), ("{all: [a, b]}", false), ("{any: [a, b]}", true),
    ("{not: b}", true), ("{a: x}", true), ("{a: [y, x]}", true), ("{a: y}", false), ("{a: {prefix: x}}", true),
    ("{a: {suffix: [z, x]}}", true), ("{a: {present: false}}", false), ("{a: x, b: y}", false),
    ("{'scope:name': {prefix: the.}}", true), ("{'scope:version': {at_least: 1.37}}", true),
    ("{'scope:version': {at_least: 1.38}}", false), ("{'scope:version': {below: 1.37.10}}", true),
    ("{'scope:version': {below: '1.37'}}", false), ("{'scope:version': {at_least: 1.4, below: 1.38}}", true),
    ("{'resource:r': y}", true), ("{'span:kind': client}", true), ("{'span:status': error}", false), ("f.*", true),
    ("{'j#/k': 1}", true),
  ].map { condition, holds in
    Row(
      "bool", "{const: true, when: \(condition)}", ["a": text("x"), "f.0.g": text("h"), "j": text(#"{"k":1}"#)],
      resource: ["r": text("y")], holds ? "true" : nil)
  }

  // MARK: Types

  static let types: [Row] = [
    Row("int", "a", ["a": text("120")], "120"), Row("int", "a", ["a": text("many")], nil),
    Row("int", "a", ["a": "{\"doubleValue\":3.9}"], "3"), Row("bool", "a", ["a": text("False")], "false"),
    Row("bool", "a", ["a": int(1)], "true"), Row("money", "a", ["a": text("0.25")], "0.25"),
    Row("string", "a", ["a": int(7)], #""7""#), Row("id", "a", ["a": int(7)], #""7""#),
    Row("json", "a", ["a": text(#"{"b":1}"#)], #"{"b":1}"#), Row("json", "a", ["a": text("plain")], #""plain""#),
    Row("object", "a", ["a": text("plain")], nil),
    Row(
      "tools", "a", ["a": text(#"[{"name":"f","input_schema":{}}]"#)],
      #"[{"function":{"name":"f","parameters":{}},"type":"function"}]"#),
  ]

  @Test(arguments: paths + words + conditions + types)
  func `a rule gives what the language says`(row: Row) throws {
    let event = try Self.map(row)
    let found = event.firstRange(of: "\"$ai_x\":").map { event[$0.upperBound...] }
    if let expected = row.expected {
      #expect(found?.hasPrefix(expected + ",") == true, "\(String(found?.prefix(300) ?? "nothing"))")
    } else {
      #expect(found == nil, "\(String(found?.prefix(300) ?? ""))")
    }
  }

  @Test func `what says nothing does not go out`() throws {
    let event = try Self.map(
      Row(
        "string", "x.none",
        [
          "left": Self.text("x"), "zero": Self.int(0), "e1": Self.text(""), "e2": Self.text("[]"),
          "e3": Self.text("{}"),
          "e4": "{}", "e5": Self.list(), "e6": Self.text("<redacted>"),
        ], nil))
    #expect(event.contains(#""otel.left":"x","otel.x.chat":"yes","otel.zero":0"#))
    #expect(!event.contains("otel.e"))
  }

  /// The smallest set there can be: one dialect, one property, one table.
  private static func map(_ row: Row) throws -> String {
    func file(_ name: String, _ text: String) -> MappingFile {
      MappingFile(name: "\(name).yaml", path: "\(name).yaml", text: Array(text.utf8))
    }
    let (set, diagnostics) = MappingReader.read(files: [
      file("properties", "$ai_x: \(row.type)\n"), file("dialects", "order: [x]\n"),
      file("values", "providers: {az.ai.openai: azure}\n"),
      file(
        "x", "dialect: x\nmatch: x.chat\nkind: [{when: x.chat, is: generation}]\nproperties:\n  $ai_x: \(row.rule)\n"),
    ])
    let wrong = diagnostics.filter { $0.severity == .error }
    try #require(wrong.isEmpty, "\(Diagnostic.render(wrong))")
    var offline = OfflineMapping(program: Program(set))
    let ids = "\"traceId\":\"1ee0adb32cb106d4a2b1514ccbcefa55\",\"spanId\":\"00000000000000a1\""
    var values = row.attributes
    values["x.chat"] = text("yes")
    let span = """
      {"resourceSpans":[{"resource":{"attributes":[\(attributes(row.resource))]},"scopeSpans":[{"scope":{"name":"the.scope",
      "version":"1.37.2","attributes":[\(attributes(["team": text("blue")]))]},"schemaUrl":"https://s","spans":[{\(ids),
      "name":"chat","kind":3,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001500000000"\(row.more),
      "attributes":[\(attributes(values))]}]}]}]}
      """
    _ = try offline.add("span", Array(span.utf8))
    for log in row.logs {
      let text =
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\(ids),\"timeUnixNano\":\"1700000001000000000\",\(log)}]}]}]}"
      _ = try offline.add("log", Array(text.utf8))
    }
    let events = try offline.events()
    try #require(events.count == 1)
    return String(decoding: try SortedJSON.text(events[0]), as: UTF8.self)
  }
}
