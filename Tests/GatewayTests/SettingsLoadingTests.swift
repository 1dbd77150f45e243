import Testing

@testable import Gateway

/// Where settings come from, which one wins, and what people are told. Files are given as text, nothing is read.
@Suite struct SettingsLoadingTests {
  static func load(
    _ arguments: [String] = [], _ environment: [String: String] = [:], file: String? = nil
  ) throws -> LoadedSettings {
    try GatewaySettings.load(flags: try SettingFlags(arguments), environment: environment) {
      (path, _) throws(FileBytes.Failure) in
      guard let file, path == "hoglet.yaml" || path == "other.yaml" else { throw .missing(path: path) }
      return Array(file.utf8)
    }
  }

  static func problems(
    _ arguments: [String] = [], _ environment: [String: String] = [:], file: String? = nil
  ) -> [String] {
    do {
      _ = try load(arguments, environment, file: file)
      return []
    } catch let error as SettingsError {
      return error.problems
    } catch {
      return ["\(error)"]
    }
  }

  @Test("nothing given means the defaults and local mode")
  func nothing() throws {
    let loaded = try Self.load()
    #expect(loaded.settings == GatewaySettings())
    #expect(loaded.settings.mode == .local)
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.file == nil)
  }

  @Test("a flag beats HOGLET_, that beats the well-known variable, that beats the file, that beats the default")
  func precedence() throws {
    let flags = ["--log-level", "error"]
    let ours = ["HOGLET_LOG_LEVEL": "debug"]
    let others = ["LOG_LEVEL": "notice"]
    let both = ours.merging(others) { one, _ in one }
    let file = "log:\n  level: critical\n"
    #expect(try Self.load(flags, both, file: file).settings.log.level == .error)
    #expect(try Self.load([], both, file: file).settings.log.level == .debug)
    #expect(try Self.load([], others, file: file).settings.log.level == .notice)
    #expect(try Self.load([], [:], file: file).settings.log.level == .critical)
    #expect(try Self.load().settings.log.level == .info)
  }

  /// Those of TLS go together only, and an address that others can reach only with a token.
  @Test(
    "every setting can be given in every way",
    arguments: Setting.table.map(\.name).filter { !$0.hasPrefix("tls.") })
  func everySetting(name: String) throws {
    let values = [
      "server.listen": "1.2.3.4:5", "admin.listen": "127.0.0.2:6", "admin.token": "sixteen-letters!",
      "access.path": "a.yaml", "server.body_max": "1MiB", "server.memory": "1GiB",
      "server.threads": "3", "posthog.host": "http://h", "posthog.api_key": "k", "posthog.compression": "none",
      "posthog.timeout": "7s", "posthog.batch_bytes": "1MiB", "posthog.batch_events": "7",
      "posthog.flush_interval": "7s", "posthog.max_retries": "7", "posthog.team_id": "7", "posthog.proxy": "http://p",
      "posthog.ai_lane": "false",
      "posthog.ca_file": "ca", "spool.path": "p", "spool.max_bytes": "1GiB", "spool.min_free": "1MiB",
      "mappings.path": "m", "mappings.overlays": "a,b", "redaction.privacy": "no_content",
      "redaction.salt": "sixteen letters!", "trace.quiet": "7s", "trace.root_grace": "7s",
      "trace.max": "7m", "policy.path": "p.yaml", "policy.late_errors": "7m", "policy.late_errors_bytes": "7MiB",
      "logs.forward": "events", "shutdown.grace": "7s",
      "log.level": "debug", "log.format": "json", "local.retention": "1d", "local.max_bytes": "7MiB",
    ]
    let value = try #require(values[name])
    let setting = try #require(Setting.table.first { $0.name == name })
    let words = name.split(separator: ".")
    let expected = try Self.load([], [setting.environmentName: value]).settings
    #expect(expected != GatewaySettings())
    #expect(try Self.load(["\(setting.flag)=\(value)"]).settings == expected)
    #expect(try Self.load([], [:], file: "\(words[0]):\n  \(words[1]): \(value)\n").settings == expected)
    #expect(try Self.load([], [:], file: "\(words[0]): {\(words[1]): '\(value)'}").settings == expected)
    if let other = setting.otherEnvironmentName { #expect(try Self.load([], [other: value]).settings == expected) }
  }

  @Test(
    "an admin listener that others can reach needs a token",
    arguments: [
      ("127.0.0.1:0", false), ("127.9.9.9:0", false), ("[::1]:0", false), ("localhost:0", false), ("0.0.0.0:0", true),
      ("[::]:0", true), ("10.0.0.1:0", true), ("127.example.com:0", true), ("127.0.0.1.example.com:0", true),
      ("127.0.0.1.5:0", true), ("[::ffff:127.0.0.1]:0", true), ("admin:0", true),
    ])
  func adminToken(address: String, needsToken: Bool) throws {
    let problems = Self.problems(["--admin-listen=\(address)"])
    #expect(problems.contains { $0.contains("HOGLET_ADMIN_TOKEN") } == needsToken, "\(problems)")
    let token = "sixteen-letters!"
    let loaded = try Self.load(["--admin-listen=\(address)"], ["HOGLET_ADMIN_TOKEN": token])
    #expect(loaded.settings.admin.token?.reveal() == token)
    #expect(Self.problems([], ["HOGLET_ADMIN_TOKEN": String(token.dropLast())]).count == 1)
    #expect(Self.problems([], ["HOGLET_ADMIN_TOKEN": "sixteen letters !"]).count == 1)
  }

  @Test("a default key beside an access file is warned of")
  func defaultKeyBesideAccess() throws {
    let loaded = try Self.load(["--access-path=a.yaml"], ["HOGLET_POSTHOG_API_KEY": "phc_k"])
    #expect(loaded.warnings.count == 1 && loaded.warnings[0].contains("access.path"))
  }

  @Test("certificates and keys go in pairs, and authorities with them")
  func certificates() throws {
    let pairs = try Self.load(["--tls-certificate=a.pem,b.pem", "--tls-key=a.key,b.key", "--tls-client-ca=ca.pem"])
    let tls = try #require(pairs.settings.tls.settings)
    #expect(tls.files == ["a.pem", "a.key", "b.pem", "b.key", "ca.pem"] && tls.clientAuthorities == "ca.pem")
    #expect(try Self.load().settings.tls.settings == nil)
    #expect(
      Self.problems(["--tls-certificate=a.pem,b.pem", "--tls-key=a.key"]).first?.contains("each certificate") == true)
    #expect(Self.problems(["--tls-client-ca=ca.pem"]).first?.contains("without tls.certificate") == true)
  }

  @Test("a key that was pasted where its path belongs is not repeated")
  func pastedKey() throws {
    let problems = Self.problems(["--tls-certificate=a.pem", "--tls-key=-----BEGIN PRIVATE KEY-----\nMIIsecret"])
    #expect(problems.contains { $0.contains("not its content") } && !problems.contains { $0.contains("secret") })
    #expect(try Self.load(["--tls-certificate=a, b", "--tls-key=c, d"]).settings.tls.keys == ["c", "d"])
  }

  @Test("a list of names may be written as one in the file")
  func listOfNames() throws {
    for file in [
      "mappings: {overlays: [a, b]}", "mappings:\n  overlays: a, b", "mappings:\n  overlays:\n    - a\n    - b",
    ] {
      #expect(try Self.load([], [:], file: file).settings.mappings.overlays == ["a", "b"], "\(file)")
    }
    #expect(throws: SettingsError.self) { try Self.load(["--mappings-overlays", "../a"]) }
  }

  @Test("everything that is wrong is reported at once, each with the name of its place")
  func allAtOnce() {
    let problems = Self.problems(
      ["--server-threads", "0"], ["HOGLET_TRACE_QUIET": "10x", "LOG_LEVEL": "loud"],
      file: "spool:\n  max_bytes: lots\ntrase:\n  quiet: 1s\n")
    #expect(
      problems == [
        "hoglet.yaml: trase.quiet: no such setting; did you mean trace.quiet?",
        "--server-threads=0: out of range; allowed is 1 to 64",
        "hoglet.yaml: spool.max_bytes=lots: not a byte count; write for example 64MiB, 1GiB, 500kB",
        "HOGLET_TRACE_QUIET=10x: not a duration; write for example 250ms, 10s, 5m",
        "LOG_LEVEL=loud: unknown; choose one of trace, debug, info, notice, warning, error, critical",
      ])
  }

  @Test(
    "a file that cannot be meant is explained",
    arguments: [
      ("server: 5", "hoglet.yaml: server: a section; write its settings below it"),
      ("trace:\n  quiet: [1s, 2s]", "hoglet.yaml: trace.quiet: a list; write one value"),
      ("trace:\n  quiet:\n    long: 1s", "hoglet.yaml: trace.quiet.long: no such setting"),
      ("trace.quiet.: 1s", "hoglet.yaml: trace.quiet.: no such setting; did you mean trace.quiet?"),
      ("just words", "hoglet.yaml: Top level YAML value is not a mapping."),
      ("a: b: c", "hoglet.yaml: 1:5: error: scanner: mapping values are not allowed in this context"),
      ("trace: {}\ntrace: {}", "hoglet.yaml: Parser: expected all keys to be unique"),
      ("banana: 1", "hoglet.yaml: banana: no such setting"),
    ])
  func strangeFile(file: String, problem: String) throws {
    let found = Self.problems(file: file)
    #expect(found.count == 1)
    #expect(try #require(found.first).hasPrefix(problem), "\(found)")
  }

  @Test(
    "a file may be empty or have empty sections",
    arguments: [
      "", "\n\n", "# nothing\n", "---\n", "trace:\n", "trace:\n  quiet:\n", "trace: null", "trace:\n  quiet: ~",
    ])
  func emptyFile(file: String) throws {
    #expect(try Self.load([], [:], file: file).settings == GatewaySettings())
  }

  @Test("a dotted key in the file is the setting of that name")
  func dottedKey() throws {
    #expect(try Self.load([], [:], file: "trace.quiet: 3s").settings.trace.quiet == .seconds(3))
  }

  @Test("a file that was asked for must be there")
  func missingFile() throws {
    #expect(Self.problems(["--config", "gone.yaml"]) == ["settings file gone.yaml: no such file"])
    #expect(Self.problems([], ["HOGLET_CONFIG": "gone.yaml"]) == ["settings file gone.yaml: no such file"])
    let loaded = try Self.load(["--config", "other.yaml"], ["HOGLET_CONFIG": "gone.yaml"], file: "log: {format: json}")
    #expect(loaded.settings.log.format == .json)
    #expect(loaded.file == "other.yaml")
  }

  @Test("real files are read, and the limit on their size holds at the edge")
  func realFile() throws {
    #expect(throws: FileBytes.Failure.missing(path: "/nowhere/hoglet.yaml")) {
      try FileBytes.read("/nowhere/hoglet.yaml", bytesMax: 1)
    }
    let size = try FileBytes.read(#filePath, bytesMax: .max / 2).count
    #expect(try FileBytes.read(#filePath, bytesMax: size).count == size)
    #expect(throws: FileBytes.Failure.tooLarge(path: #filePath, bytesMax: size - 1)) {
      try FileBytes.read(#filePath, bytesMax: size - 1)
    }
    #expect(throws: FileBytes.Failure.self) { try FileBytes.read("/", bytesMax: 1) }
  }

  @Test("empty values count as not given, blanks around values are cut")
  func blanks() throws {
    let loaded = try Self.load(
      [], ["HOGLET_POSTHOG_API_KEY": "", "HOGLET_TRACE_QUIET": " 3s\n", "POSTHOG_HOST": "  "],
      file: "posthog:\n  api_key: phc_file\n")
    #expect(loaded.settings.trace.quiet == .seconds(3))
    #expect(loaded.settings.posthog.host == nil)
    #expect(loaded.settings.posthog.apiKey?.reveal() == "phc_file")
  }

  @Test("a host or a key turns forwarding on")
  func mode() throws {
    #expect(
      try Self.load([], ["POSTHOG_API_KEY": "phc_a"]).settings.mode
        == .forward(host: "https://us.i.posthog.com", key: Secret("phc_a")))
    #expect(
      try Self.load([], ["POSTHOG_HOST": "https://eu.i.posthog.com/"]).settings.mode
        == .forward(host: "https://eu.i.posthog.com", key: nil))
  }

  @Test("unknown variables are warned of, those that Kubernetes sets are not")
  func unknownVariables() throws {
    let loaded = try Self.load(
      [],
      [
        "HOGLET_TRACE_QUITE": "1s", "HOGLET_SERVICE_HOST": "10.0.0.1", "HOGLET_PORT": "tcp://10.0.0.1:4318",
        "HOGLET_PORT_4318_TCP_ADDR": "10.0.0.1", "HOGLET_XYZZYPLUGH": "1", "PATH": "/bin", "HOGLET_CONFIG": "",
      ])
    #expect(
      loaded.warnings == [
        "unknown variable HOGLET_TRACE_QUITE; did you mean HOGLET_TRACE_QUIET?", "unknown variable HOGLET_XYZZYPLUGH",
      ])
  }

  @Test(
    "settings that hardly work together as meant are warned of",
    arguments: [
      (["--trace-max=7s"], ["trace.max is shorter than trace.quiet"]),
      (["--trace-max=5s", "--trace-quiet=1s"], ["trace.max is shorter than trace.root_grace"]),
      (["--server-memory=32MiB"], ["server.memory is smaller"]), (["--server-memory=64MiB"], []),
      (["--spool-max-bytes=64MiB", "--server-body-max=65MiB"], ["spool.max_bytes is smaller"]),
    ])
  func doubt(arguments: [String], expected: [String]) throws {
    let found = try Self.load(arguments).warnings
    #expect(found.count == expected.count)
    for (warning, part) in zip(found, expected) { #expect(warning.contains(part)) }
  }

  @Test("two listeners cannot share an address")
  func sameAddress() {
    #expect(
      Self.problems(["--admin-listen=127.0.0.1:4318"]) == [
        "server.listen and admin.listen are the same address; give one of them another port"
      ])
  }

  @Test("two listeners may both ask for any free port")
  func freePorts() {
    #expect(Self.problems(["--server-listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]).isEmpty)
  }

  @Test("flags may be written in every usual way")
  func flagForms() throws {
    #expect(try SettingFlags(["--trace-quiet", "3s"]).values == ["trace.quiet": "3s"])
    #expect(try SettingFlags(["--trace-quiet=3s", "--trace-quiet=4s"]).values == ["trace.quiet": "4s"])
    #expect(try SettingFlags(["--posthog-ai-lane"]).values == ["posthog.ai_lane": "true"])
    #expect(try SettingFlags(["--no-posthog-ai-lane"]).values == ["posthog.ai_lane": "false"])
    #expect(try SettingFlags(["--posthog-ai-lane=off"]).values == ["posthog.ai_lane": "off"])
    #expect(try SettingFlags(["--posthog-proxy", ""]).values == ["posthog.proxy": ""])
    #expect(try SettingFlags(["--config=a.yaml"]).configPath == "a.yaml")
    #expect(try SettingFlags(["-h"]).wantsHelp)
  }

  @Test("words on the command line that mean nothing are refused together")
  func usageErrors() {
    #expect(
      throws: UsageError([
        "unknown flag --trace-quite; did you mean --trace-quiet?", "unexpected word 'false'",
        "--server-listen needs a value", "unknown flag --no-trace-quiet; did you mean --trace-quiet?",
        "--log-level needs a value",
      ])
    ) {
      try SettingFlags([
        "--trace-quite=1s", "--posthog-ai-lane", "false", "--server-listen", "--no-trace-quiet", "--log-level",
      ])
    }
  }
}
