import Testing

@testable import Mapping

/// The good set becomes exactly the values that the compiler of programs expects.
@Suite struct ReadingTests {
  let set: MappingSet

  init() throws {
    let (set, diagnostics) = MappingReader.read(files: try MappingFixtures.examples())
    self.set = set
    #expect(diagnostics.isEmpty, "\(Diagnostic.render(diagnostics))")
  }

  private func rule(_ property: String, in dialect: String = "gen-ai") -> [Source] {
    let dialect = set.dialects.first { $0.name.value == dialect }
    return dialect?.properties.first { $0.property.value == property }?.sources ?? []
  }

  @Test func `properties have types, further names, parameters and events`() {
    let byName = Dictionary(uniqueKeysWithValues: set.properties.map { ($0.name, $0) })
    #expect(set.properties.count == 17)
    #expect(byName["$ai_model"]?.type == .string)
    #expect(byName["distinct_id"]?.about == "The user.")
    #expect(byName["$ai_input"]?.on == [.generation, .embedding])
    #expect(byName["$ai_tools"]?.on == [.generation])
    #expect(byName["$ai_input_tokens"]?.also == ["$ai_prompt_tokens"])
    #expect(byName["$ai_temperature"]?.parameter == "temperature")
    #expect(byName["$ai_model"]?.position == Position(file: 3, line: 4, column: 1, length: 9))
  }

  @Test func `files, order and tables are read`() {
    #expect(
      set.files
        == ["common.yaml", "dialects.yaml", "gen-ai.yaml", "properties.yaml", "traceloop.yaml", "values.yaml"].sorted())
    #expect(set.order.map(\.value) == ["traceloop", "gen-ai"])
    #expect(set.order.last?.position == Position(file: 1, line: 3, column: 5, length: 6))
    #expect(set.tables.map(\.name) == ["providers", "error_status"])
    #expect(set.tables.first?.entries.map(\.key) == ["az.ai.openai", "vertex ai"])
    #expect(set.tables.last?.entries.map(\.value) == ["429", "408"])
  }

  @Test func `a dialect has a name, a base, what it drops and constants`() throws {
    let dialect = try #require(set.dialects.first { $0.name.value == "gen-ai" })
    #expect(dialect.about == "OpenTelemetry's semantic conventions.")
    #expect(dialect.extends?.value == "common")
    #expect(dialect.constants.map(\.name.value) == ["$ai_lib", "cache_reporting"])
    #expect(dialect.constants.map(\.value) == [.string("opentelemetry"), .string("inclusive")])
    let common = try #require(set.dialects.first { $0.name.value == "common" })
    #expect(common.match == nil)
    #expect(common.drop.map(\.value) == ["posthog.distinct_id", "resource:host.*"])
  }

  @Test func `conditions nest, and several keys of a map all count`() throws {
    let dialect = try #require(set.dialects.first { $0.name.value == "gen-ai" })
    let name = Path(place: .scope, name: "name")
    let version = Path(place: .scope, name: "version")
    #expect(
      dialect.match
        == .any([
          .present(Path(name: "gen_ai.operation.name")),
          .all([
            .equals(Path(name: "gen_ai.system"), [.string("openai"), .string("anthropic")]),
            .all([.atLeast(version, "1.30"), .below(version, "2")]),
          ]),
          .all([
            .not(.all([.prefix(name, ["opentelemetry.instrumentation.httpx"]), .present(name)])),
            .suffix(Path(name: "gen_ai.request.model"), ["-mini", "-nano"]),
          ]),
        ]))
  }

  @Test func `kinds follow from conditions or from a value`() throws {
    let dialect = try #require(set.dialects.first { $0.name.value == "gen-ai" })
    #expect(dialect.kinds.count == 2)
    guard case .when(let condition, let kind, let position) = dialect.kinds[0],
      case .by(let paths, let map, _) = dialect.kinds[1]
    else {
      Issue.record("other kinds than expected: \(dialect.kinds)")
      return
    }
    #expect(condition == .equals(Path(place: .span, name: "name"), [.string("agent run")]))
    #expect(kind == .agent)
    #expect(position.line == 13)
    #expect(paths == [Path(name: "gen_ai.operation.name"), Path(name: "gen_ai.request.type")])
    #expect(map.map(\.value) == ["chat", "embeddings", "framework"])
    #expect(map.map(\.kind) == [.generation, .embedding, .notAI])
  }

  @Test func `each path of from becomes a source with all the words`() {
    let sources = rule("$ai_provider")
    #expect(sources.map(\.path) == [Path(name: "gen_ai.provider.name"), Path(name: "gen_ai.system")])
    for source in sources {
      #expect(source.table?.name == "providers")
      #expect(source.table?.entries.isEmpty == true)
      #expect(source.strip == ["openai/*", "*.chat"])
    }
    #expect(sources.map(\.position.column) == [25, 47])
  }

  @Test func `paths lead to events, logs, JSON and families`() {
    #expect(
      rule("$ai_input").map(\.path) == [
        Path(name: "gen_ai.input.messages"), Path(place: .log("gen_ai.*.message"), name: ""),
        Path(place: .log("gen_ai.content"), name: "body", pointer: ["messages"]),
      ])
    #expect(rule("$ai_output_choices").last?.path?.pointer == ["choices", "*", "message"])
    #expect(rule("$ai_metadata").first?.path == Path(name: "metadata.", shape: .object))
    #expect(rule("$ai_input", in: "traceloop").first?.path == Path(name: "gen_ai.prompt.", shape: .gather))
    #expect(rule("$ai_http_status").last?.path == Path(place: .event("exception"), name: "exception.type"))
  }

  @Test func `the words of rules are kept`() {
    #expect(rule("$ai_input").first?.prepend == [Path(name: "gen_ai.system_instructions")])
    #expect(rule("$ai_input").last?.role == .user)
    #expect(rule("$ai_input").last?.unwrap == "message")
    #expect(rule("$ai_input_tokens")[1].sum == [Path(name: "gen_ai.usage.fresh"), Path(name: "gen_ai.usage.cached")])
    #expect(rule("$ai_input_tokens")[1].path == nil)
    #expect(rule("$ai_input_tokens")[1].when == .present(Path(name: "gen_ai.usage.fresh")))
    #expect(rule("$ai_temperature").first?.skip == [.string("Infinity"), .string("1.0")])
    #expect(rule("$ai_temperature").first?.fallback == .number(0.5))
    #expect(rule("$ai_stop_reason").first?.take == .first)
    #expect(rule("$ai_stop_reason").first?.table?.entries.first?.value == "tool_calls")
    #expect(rule("$ai_time_to_first_token").first?.unit == .milliseconds)
    #expect(rule("$ai_time_to_first_token").last?.sinceStart == true)
    #expect(rule("$ai_http_status").first?.const == .int(200))
    #expect(rule("$ai_http_status")[1].extract == #"(?i)error code:\s*([1-5]\d\d)\b"#)
    #expect(rule("$ai_tags").first?.split == ",")
  }

  @Test func `only the last path of from has the default`() throws {
    let files = try MappingFixtures.examples(
      with: "traceloop.yaml",
      "dialect: traceloop\nmatch: a\nproperties: {$ai_model: {from: [a, b], default: x}}\n")
    let (set, diagnostics) = MappingReader.read(files: files)
    let sources = set.dialects.first { $0.name.value == "traceloop" }?.properties.first?.sources
    #expect(sources?.map(\.fallback) == [nil, .string("x")])
    #expect(diagnostics.isEmpty, "\(Diagnostic.render(diagnostics))")
  }

  @Test func `what is missing altogether is told`() {
    let (_, diagnostics) = MappingReader.read(files: [])
    #expect(
      Diagnostic.render(diagnostics)
        == "properties.yaml: error: this file is missing\ndialects.yaml: error: this file is missing")
  }
}
