import Glibc
import Testing

@testable import Mapping

/// Small changes in `overlays/` to files that stay as they are.
@Suite struct OverlayTests {
  /// The good set with these overlays, and what is told about it.
  static func set(_ overlays: String...) throws -> (MappingSet, String) {
    let files = overlays.enumerated().map { number, text in
      MappingFile(name: "overlays/\(number).yaml", path: "overlays/\(number).yaml", text: Array(text.utf8))
    }
    let (set, diagnostics) = MappingReader.read(files: MappingFiles.merged(try MappingFixtures.examples(), files))
    return (set, Diagnostic.render(diagnostics))
  }

  static func dialect(_ name: String, _ overlays: String) throws -> Dialect {
    let (set, told) = try set(overlays)
    #expect(told.isEmpty, "\(told)")
    return try #require(set.dialects.first { $0.name.value == name })
  }

  private func paths(_ sources: [Source]?) -> [String] { (sources ?? []).map { $0.path?.description ?? "none" } }

  @Test func `a rule takes the place of the dialect's`() throws {
    let dialect = try Self.dialect("gen-ai", "overlay: gen-ai\nproperties: {$ai_provider: app.provider}\n")
    let rule = try #require(dialect.properties.first { $0.property.value == "$ai_provider" })
    #expect(paths(rule.sources) == ["app.provider"])
    #expect(rule.sources[0].position == Position(file: 3, line: 2, column: 28, length: 12), "explain shows the overlay")
  }

  @Test func `sources go before or after those that are there`() throws {
    let dialect = try Self.dialect(
      "gen-ai",
      "overlay: gen-ai\nproperties: {$ai_provider: {before: a, after: {from: [b, c], map: providers}}, $ai_stream: {before: d}}"
    )
    let rule = try #require(dialect.properties.first { $0.property.value == "$ai_provider" })
    #expect(paths(rule.sources) == ["a", "gen_ai.provider.name", "gen_ai.system"])
    #expect(paths(dialect.lastRules.first?.sources) == ["b", "c"])
    #expect(
      paths(dialect.properties.first { $0.property.value == "$ai_stream" }?.sources) == ["d", "gen_ai.is_streaming"])
  }

  @Test func `none takes a rule away, for good or from here on`() throws {
    let dialect = try Self.dialect(
      "traceloop", "overlay: traceloop\nproperties: {$ai_provider: none, $ai_model: [mine, none], $ai_lib: 'none'}")
    let rules = Dictionary(uniqueKeysWithValues: dialect.properties.map { ($0.property.value, $0) })
    #expect(rules["$ai_provider"]?.sources.isEmpty == true && rules["$ai_provider"]?.isFinal == true)
    #expect(paths(rules["$ai_model"]?.sources) == ["mine"] && rules["$ai_model"]?.isFinal == true)
    #expect(paths(rules["$ai_lib"]?.sources) == ["none"] && rules["$ai_lib"]?.isFinal == false, "quoted, it is a name")
  }

  @Test func `none with nothing to take away is told`() throws {
    let (_, told) = try Self.set("overlay: common\nproperties: {$ai_tags: none}")
    #expect(
      told.hasPrefix("overlays/0.yaml:2:14: warning: this takes nothing away: 'common' has no rule for '$ai_tags'"))
  }

  @Test func `conditions are replaced, widened and narrowed`() throws {
    func match(_ change: String) throws -> Condition? {
      try Self.dialect("traceloop", "overlay: traceloop\nmatch: \(change)\n").match
    }
    let stock = try #require(
      MappingReader.read(files: MappingFixtures.examples()).0.dialects.first { $0.name.value == "traceloop" }?.match)
    let own = Condition.present(Path(name: "app.llm"))
    #expect(try match("app.llm") == own)
    #expect(try match("{or: app.llm}") == .any([stock, own]))
    #expect(try match("{and: app.llm}") == .all([stock, own]))
    let (set, _) = try Self.set("overlay: traceloop\nmatch: none\n")
    #expect(set.dialects.first { $0.name.value == "traceloop" }?.match == nil)
  }

  @Test func `kinds, constants and drops change one by one`() throws {
    let dialect = try Self.dialect(
      "gen-ai",
      """
      overlay: gen-ai
      kind: {before: [{when: app.tool, is: tool}], after: [{when: app.rest, is: other}]}
      constants: {$ai_lib: mine, cache_reporting: none}
      drop: app.secret
      """)
    #expect(dialect.kinds.count == 4)
    guard case .when(.present(let first), .tool, _) = dialect.kinds[0],
      case .when(.present(let last), .other, _) = dialect.kinds[3]
    else {
      Issue.record("\(dialect.kinds)")
      return
    }
    #expect(first.name == "app.tool" && last.name == "app.rest")
    #expect(dialect.constants.map(\.name.value) == ["$ai_lib", "cache_reporting"])
    #expect(dialect.constants.map(\.value) == [.string("mine"), nil])
    #expect(dialect.drop.last?.value == "app.secret")
    let common = try Self.dialect("common", "overlay: common\nkeep: posthog.distinct_id\n")
    #expect(common.drop.map(\.value) == ["resource:host.*"])
  }

  @Test func `the vocabulary, tables and the order change too`() throws {
    let (set, told) = try Self.set(
      "overlay: properties\nproperties: {$ai_new: int, $ai_tags: none, $ai_model: {type: id, about: x}}\n",
      "overlay: values\ntables: {providers: {Vertex AI: mine, new: one}, levels: {a: b}}\n",
      "overlay: dialects\norder: {before: [mine], after: [traceloop]}\n",
      "overlay: gen-ai\nproperties: {$ai_new: {from: app.new, map: levels}, $ai_tags: none}\n")
    #expect(told.contains("no dialect 'mine'") && told.contains("no property '$ai_tags'"))
    #expect(set.properties.first { $0.name == "$ai_new" }?.type == .int)
    #expect(set.properties.first { $0.name == "$ai_model" }?.type == .id)
    let providers = try #require(set.tables.first { $0.name == "providers" })
    #expect(providers.entries.map(\.key) == ["az.ai.openai", "Vertex AI", "new"])
    #expect(providers.entries.map(\.value).suffix(2) == ["mine", "one"])
    #expect(set.order.map(\.value) == ["mine", "gen-ai", "traceloop"])
  }

  @Test func `overlays apply in the order of their names, over each other`() throws {
    let (set, told) = try Self.set(
      "overlay: gen-ai\nproperties: {$ai_stream: {before: one}}\n",
      "overlay: gen-ai\nproperties: {$ai_stream: {before: two}}\n")
    #expect(told.isEmpty)
    let rule = set.dialects.first { $0.name.value == "gen-ai" }?.properties.first { $0.property.value == "$ai_stream" }
    #expect(paths(rule?.sources) == ["two", "one", "gen_ai.is_streaming"])
  }

  @Test func `a stock overlay counts when it is named, and a folder's own takes its place`() throws {
    func unit(_ set: MappingSet?) -> TimeUnit? {
      set?.dialects.first { $0.name.value == "common" }?.properties.first { $0.property.value == "$ai_latency" }?
        .sources.first?.writtenIn
    }
    #expect(unit(loadMappings(directory: nil).set) == nil)
    let named = loadMappings(directory: nil, overlays: ["latency-milliseconds"])
    #expect(unit(named.set) == .milliseconds, "\(Diagnostic.render(named.diagnostics))")
    let (set, diagnostics) = loadMappings(directory: nil, overlays: ["latency-miliseconds"])
    #expect(set == nil)
    #expect(
      diagnostics.first?.description
        == "overlays/latency-miliseconds.yaml: error: no such overlay; there are overlays/latency-milliseconds.yaml; "
        + "did you mean 'overlays/latency-milliseconds.yaml'?")
  }

  @Test func `nothing is wrong with any stock overlay`() {
    for file in StockMappings.files where file.isOverlay {
      let name = String(file.name.dropFirst("overlays/".count).dropLast(".yaml".count))
      let (set, diagnostics) = loadMappings(directory: nil, overlays: [name])
      let wrong = diagnostics.filter { $0.severity != .note }
      #expect(set != nil && wrong.isEmpty, "\(Diagnostic.render(wrong))")
    }
  }
}
