import Glibc

/// Everything an end-to-end test needs around it: the stand-in for PostHog, Python, the gateway's binary and its spool.
final class Stage {
  let folder = TemporaryFolder()
  let standIn: Program
  let standInURL: String

  static let root: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/")
  }()

  /// A Python that has scripts/test-requirements.txt installed; `./test.sh` makes one.
  static let python = setting("HOGLET_TEST_PYTHON") ?? "\(root)/.build/test-venv/bin/python"
  static let binary = setting("HOGLET_TEST_BINARY") ?? "\(root)/.build/debug/hoglet"

  private static func setting(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

  init(standIn options: [String] = []) throws {
    standIn = try Program(
      Self.python, ["\(Self.root)/Tests/StandIn/posthog_standin.py", "--until-stdin-closes"] + options,
      environment: Self.environment([:]), folder: folder.path)
    standInURL = "http://127.0.0.1:\(try standIn.line("listening "))"
  }

  /// What every program gets, and nothing that happens to be set where the tests run.
  static func environment(_ more: [String: String]) -> [String: String] {
    var all = ["PATH": setting("PATH") ?? "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"]
    all.merge(more) { _, new in new }
    return all
  }

  func python(_ script: String, _ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> Program {
    try Program(
      Self.python, ["\(Self.root)/Tests/EndToEnd/\(script)"] + arguments, environment: Self.environment(environment),
      folder: folder.path)
  }

  /// Starts the gateway on this stage's spool; traces ripen fast, so that a test need not wait.
  func gateway(_ more: [String: String] = [:]) throws -> RunningGateway {
    let program = try Program(
      Self.binary, ["serve"],
      environment: Self.environment(
        [
          "HOGLET_SERVER_LISTEN": "127.0.0.1:0",
          "HOGLET_ADMIN_LISTEN": "127.0.0.1:0",
          "HOGLET_POSTHOG_HOST": standInURL,
          "HOGLET_SPOOL_PATH": "\(folder.path)/spool",
          "HOGLET_TRACE_QUIET": "500ms",
          "HOGLET_TRACE_ROOT_GRACE": "200ms",
          "SWIFT_BACKTRACE": "enable=no",
        ].merging(more) { _, new in new }), folder: folder.path)
    let address = try program.line("listening on ")
    let admin = try program.line("admin on ")
    return RunningGateway(program: program, endpoint: "\(address)/api/public/otel", admin: admin)
  }

  /// What a GET of `url` answers.
  func get(_ url: String, _ more: [String] = []) throws -> String { try curl(more + [url]) }

  /// Sends a request of OTLP/JSON traces and returns the answer's body.
  @discardableResult
  func post(
    _ body: String, to gateway: RunningGateway, key: String, team: String? = nil, status: Int = 200
  ) throws -> String {
    Files.replace("\(folder.path)/request.json", with: body)
    let program = try Program(
      "/usr/bin/env",
      [
        "curl", "--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", "--header",
        "Content-Type: application/json", "--header", "Authorization: Bearer \(key)", "--data-binary",
        "@\(folder.path)/request.json", "\(gateway.endpoint)/v1/traces",
      ] + (team.map { ["--header", "X-PostHog-Team-Id: \($0)"] } ?? []), environment: Self.environment([:]),
      folder: folder.path)
    guard try program.waitForExit(within: .seconds(30)) == .code(0), program.output.hasSuffix("\n\(status)") else {
      throw Program.Failure(description: program.lastWords)
    }
    return program.output
  }

  /// Tells the stand-in to misbehave; see the top of posthog_standin.py.
  func fault(_ json: String) throws { _ = try curl(["--data-binary", json, "\(standInURL)/_fault"]) }

  /// The stand-in forgets what it got and behaves again.
  func reset() throws { _ = try curl(["--data-binary", "", "\(standInURL)/_reset"]) }

  private func curl(_ arguments: [String]) throws -> String {
    let program = try Program(
      "/usr/bin/env", ["curl", "--silent", "--show-error", "--fail", "--max-time", "20"] + arguments,
      environment: Self.environment([:]), folder: folder.path)
    guard try program.waitForExit(within: .seconds(30)) == .code(0) else {
      throw Program.Failure(description: program.lastWords)
    }
    return program.output
  }

  /// Every event that PostHog would have, in order of arrival.
  func events() throws -> [Delivered] {
    try JSON.lines(get("\(standInURL)/_events")).map(Delivered.init)
  }
}

/// A gateway that has said where it listens.
struct RunningGateway {
  let program: Program
  let endpoint: String
  /// Where metrics and health are.
  let admin: String
}

/// An event as it reached the stand-in.
struct Delivered {
  let lane: String?
  let key: String?
  let event: JSON

  init(_ line: JSON) {
    lane = line["lane"].text
    key = line["api_key"].text
    event = line["event"]
  }

  var name: String? { event["event"].text }
  var properties: JSON { event["properties"] }
  var span: String? { properties["$ai_span_id"].text }

  /// What PostHog tells events apart by.
  struct Identity: Hashable {
    var uuid, timestamp, distinctID, event: String?
  }

  var identity: Identity {
    Identity(
      uuid: event["uuid"].text, timestamp: event["timestamp"].text, distinctID: event["distinct_id"].text,
      event: event["event"].text)
  }
}
