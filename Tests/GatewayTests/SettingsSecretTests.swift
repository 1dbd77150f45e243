import Testing

@testable import Gateway

/// Plants secrets in every setting that is one, and looks for them wherever people look.
@Suite struct SettingsSecretTests {
  static let key = "phc_PlantedSecretPlantedSecretPlantedSecret"
  static let password = "hunter2hunter2"

  @Test("a planted secret never shows in a description, a dump or a mirror")
  func planted() throws {
    let settings = try GatewaySettings.load(
      flags: SettingFlags(),
      environment: ["POSTHOG_API_KEY": Self.key, "HOGLET_POSTHOG_PROXY": "http://me:\(Self.password)@proxy"]
    ) { (path, _) throws(FileBytes.Failure) in throw .missing(path: path) }.settings
    #expect(settings.posthog.apiKey?.reveal() == Self.key)
    #expect(settings.posthog.proxy?.reveal() == "http://me:\(Self.password)@proxy")
    var dumped = ""
    dump(settings, to: &dumped)
    let rows = Setting.table.compactMap { $0.show(settings) }.joined()
    for text in ["\(settings)", String(reflecting: settings), dumped, "\(settings.mode)", rows, SettingsHelp.usage] {
      #expect(!text.contains(Self.key) && !text.contains("Planted"))
      #expect(!text.contains(Self.password))
    }
  }

  @Test("errors and warnings never repeat a secret, wherever it was put by mistake")
  func errors() {
    let mistakes: [([String], [String: String], String?)] = [
      ([], ["HOGLET_POSTHOG_API_KEY": "\(Self.key) x"], nil), ([], ["HOGLET_POSTHOG_HOST": Self.key], nil),
      ([], ["POSTHOG_HOST": "https://me:\(Self.password)@host"], nil),
      (["--posthog-proxy", "ftp://me:\(Self.password)@host"], [:], nil), ([], [:], "posthog:\n api_key: [\(Self.key)]"),
      ([], [:], "posthog:\n  api_key: \(Self.key): \(Self.key)\n"), ([], [:], "\(Self.key): 1"),
      ([], [:], "posthog:\n  api_key: \"\(Self.key)\n"), ([], [:], "posthog:\n  api_key: \(Self.key)\n \(Self.key)\n"),
      (["--\(Self.key)"], [:], nil), ([Self.key], [:], nil),
      (["--posthog-api-key=\(Self.key)", "--log-level=x"], [:], nil),
    ]
    for (arguments, environment, file) in mistakes {
      do {
        _ = try SettingsLoadingTests.load(arguments, environment, file: file)
        Issue.record("accepted: \(arguments) \(environment) \(file ?? "")")
      } catch {
        let text = "\(error)" + String(reflecting: error)
        #expect(!text.contains("Planted") && !text.contains(Self.password), "\(error)")
      }
    }
  }

  @Test("a key on the command line is warned of")
  func commandLine() throws {
    let loaded = try SettingsLoadingTests.load(["--posthog-api-key", Self.key])
    #expect(
      loaded.warnings == [
        "--posthog-api-key can be seen by everyone who may list processes; prefer HOGLET_POSTHOG_API_KEY"
      ])
  }

  @Test(
    "keys are cut out of text, their fingerprints are not",
    arguments: [
      ("key phc_0123456789abcdefghij!", "key phc_[secret]!"), ("phc_0123456789abcdef", "phc_[secret]"),
      ("phc_0123456789abcde", "phc_0123456789abcde"), ("lane phc_1a2b3c4d", "lane phc_1a2b3c4d"),
      ("phx_0123456789abcdefghijphc_0", "phx_[secret]"), ("phc_", "phc_"), ("no key", "no key"), ("", ""),
      ("a phs_0123456789abcdefgh b phc_0123456789abcdefgh", "a phs_[secret] b phc_[secret]"),
    ])
  func scrub(text: String, expected: String) {
    #expect(Redaction.scrub(text) == expected)
  }
}
