import Testing

extension EndToEnd {
  /// mapping.schema.json, held against the files by a validator that is not ours: what an editor would do.
  @Suite(.timeLimit(.minutes(5))) struct SchemaTests {
    private static let schema = "\(Stage.root)/Mappings/mapping.schema.json"

    @Test func `every stock file satisfies the schema and names it`() throws {
      let folder = TemporaryFolder()
      let files =
        try Files.names("\(Stage.root)/Mappings").filter { $0.hasSuffix(".yaml") }
        + Files.names("\(Stage.root)/Mappings/overlays").map { "overlays/\($0)" }
      #expect(files.count > 5)
      for name in files {
        let line = "# yaml-language-server: $schema=\(name.contains("/") ? "../" : "")mapping.schema.json\n"
        #expect(Files.text("\(Stage.root)/Mappings/\(name)").hasPrefix(line), "\(name) begins with \(line)")
      }
      let check = try Program(
        Stage.python,
        ["\(Stage.root)/Tests/EndToEnd/schema.py", Self.schema] + files.map { "\(Stage.root)/Mappings/\($0)" },
        environment: Stage.environment([:]), folder: folder.path)
      #expect(try check.waitForExit(within: .seconds(60)) == .code(0), "\(check.lastWords)")
    }

    @Test(arguments: [
      "dialect: x\npropertes: {}", "dialect: x\nproperties: {$ai_modle: a}",
      "dialect: x\nproperties: {$ai_model: {from: a, unit: ms}}", "dialect: x\nproperties: {$ai_model: {form: a}}",
      "dialect: x\nproperties: {$ai_model: {from: a, const: b}}",
      "dialect: x\nproperties: {$ai_model: {from: a, map: provders}}", "dialect: x\nkind: [{when: a, is: generaton}]",
      "dialect: x\nproperties: {$ai_latency: {from: a, unit: minutes}}", "dialect: x\nmatch: {any: a}",
      "overlay: gen-ai\nproperties: {$ai_model: {befor: a}}", "overlay: gen-ai\nkinds: []", "$ai_new: {type: integer}",
      "order: gen-ai", "dialect: x\nconstants: {cache_reporting: both}",
    ])
    func `what the checker refuses the schema refuses`(text: String) throws {
      let folder = TemporaryFolder()
      Files.replace("\(folder.path)/wrong.yaml", with: text)
      let check = try Program(
        Stage.python, ["\(Stage.root)/Tests/EndToEnd/schema.py", Self.schema, "\(folder.path)/wrong.yaml"],
        environment: Stage.environment([:]), folder: folder.path)
      #expect(try check.waitForExit(within: .seconds(60)) == .code(1), "\(check.lastWords)")
      #expect(check.errors.isEmpty, "\(check.lastWords)")
    }
  }
}
