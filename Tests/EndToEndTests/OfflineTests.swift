import Glibc
import Testing

extension EndToEnd {
  /// The commands that people edit mappings with, as the shell sees them.
  @Suite(.timeLimit(.minutes(5))) struct OfflineTests {
    private static let fixture = "\(Stage.root)/Fixtures/captures/otel-genai-openai-latest-SPAN_ONLY"

    private func run(_ arguments: [String], _ folder: TemporaryFolder) throws -> (code: Program.Exit, program: Program)
    {
      let program = try Program(
        Stage.binary, arguments, environment: Stage.environment(["SWIFT_BACKTRACE": "enable=no"]), folder: folder.path)
      return (try program.waitForExit(within: .seconds(60)), program)
    }

    private func overlay(_ folder: TemporaryFolder) -> String {
      unsafe mkdir("\(folder.path)/mine", 0o700)
      unsafe mkdir("\(folder.path)/mine/overlays", 0o700)
      Files.replace(
        "\(folder.path)/mine/overlays/own.yaml",
        with: "overlay: gen-ai\nproperties: {$ai_temperature: none, $ai_seed: {before: {const: 7}}}\n")
      return "\(folder.path)/mine"
    }

    @Test func `explain names the file and line of what won, an overlay's too`() throws {
      let folder = TemporaryFolder()
      let (code, program) = try run(["explain", Self.fixture, "--mappings", overlay(folder)], folder)
      #expect(code == .code(0), "\(program.lastWords)")
      let seed = try #require(program.output.split(separator: "\n").first { $0.contains("$ai_seed ") })
      #expect(seed.contains("const 7") && seed.contains("overlays/own.yaml:2:"))
      #expect(program.output.contains("Mappings/gen-ai.yaml:"))
      let span = try #require(program.output.split(separator: " ").first { $0.count == 16 })
      let (one, json) = try run(["explain", Self.fixture, "--span", String(span), "--json"], folder)
      #expect(one == .code(0))
      let lines = try JSON.lines(json.output)
      #expect(lines.count == 1 && lines[0]["span"].text == String(span))
      let (none, _) = try run(["explain", Self.fixture, "--span", "00000000000000ff"], folder)
      #expect(none == .code(1))
    }

    @Test func `map --diff shows what a changed set changes, and nothing where nothing differs`() throws {
      let folder = TemporaryFolder()
      let (code, program) = try run(["map", "--diff", overlay(folder), "\(Stage.root)/Fixtures/captures"], folder)
      #expect(code == .code(1), "\(program.lastWords)")
      #expect(program.output.contains("    - $ai_temperature: 0.7"))
      #expect(program.output.contains("    ~ $ai_seed: 42 -> 7"))
      #expect(program.output.contains(" cases differ: events changed "))
      unsafe mkdir("\(folder.path)/same", 0o700)
      let same = "overlay: gen-ai\nabout: Nothing.\n"
      unsafe mkdir("\(folder.path)/same/overlays", 0o700)
      Files.replace("\(folder.path)/same/overlays/own.yaml", with: same)
      let (equal, unchanged) = try run(["map", "--diff", "\(folder.path)/same", Self.fixture], folder)
      #expect(equal == .code(0))
      #expect(unchanged.output == "no difference in 1 cases\n")
    }

    @Test func `dialects lists what was recognised and what nothing consumed`() throws {
      let folder = TemporaryFolder()
      let (code, program) = try run(["dialects", Self.fixture], folder)
      #expect(code == .code(0), "\(program.lastWords)")
      #expect(program.output.contains("gen-ai") && program.output.contains("generation"))
      #expect(program.output.contains("openai.response.service_tier"))
    }

    @Test func `a stock overlay that is named is applied`() throws {
      let folder = TemporaryFolder()
      func latency(_ more: [String]) throws -> Double {
        let (_, program) = try run(["map", Self.fixture] + more, folder)
        return try #require(try JSON.lines(program.output).first?["properties"]["$ai_latency"].number)
      }
      let (seconds, milliseconds) = (try latency([]), try latency(["--overlay", "latency-milliseconds"]))
      #expect(abs(seconds * 1000 - milliseconds) < 1e-6 && seconds > 0)
      let (code, _) = try run(["map", Self.fixture, "--overlay", "latency"], folder)
      #expect(code == .code(65))
    }
  }
}
