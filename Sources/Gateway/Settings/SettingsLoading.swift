import Configuration
import Synchronization

/// The settings as they are in force, and what was noticed while reading them.
package struct LoadedSettings: Sendable {
  package var settings: GatewaySettings
  /// Unknown variables, keys in places where others can see them: for the log, once.
  package var warnings: [String]
  /// The file that was read; nil without one.
  package var file: String?
}

extension GatewaySettings {
  /// Where the path of the settings file may stand beside `--config`.
  static let configEnvironmentName = Setting.environmentPrefix + "CONFIG"

  /// Reads all settings, the strongest source first: flags, `HOGLET_…` variables, the few well-known variables without
  /// our prefix, the file, the defaults. An empty value counts as not given. Reports everything that is wrong at once.
  ///
  /// - Parameter readFile: reads a file of at most so many bytes.
  package static func load(
    flags: SettingFlags, environment: [String: String],
    readFile: (String, Int) throws(FileBytes.Failure) -> [UInt8] = { (path, max) throws(FileBytes.Failure) in
      try FileBytes.read(path, bytesMax: max)
    }
  ) throws(SettingsError) -> LoadedSettings {
    var problems = [String]()
    let given = flags.configPath ?? environment[configEnvironmentName].flatMap { $0.isEmpty ? nil : $0 }
    let path = given ?? SettingsFile.standardPath
    var file: SettingsFile?
    do throws(FileBytes.Failure) {
      file = SettingsFile(path: path, bytes: try readFile(path, SettingsFile.bytesMax))
    } catch .missing where given == nil {
      // Most people have none.
    } catch {
      problems.append("settings file \(error)")
    }
    problems += file?.problems ?? []
    let layers = SettingLayers(flags: flags, environment: environment, file: file, path: path)
    var settings = GatewaySettings()
    for setting in Setting.table {
      guard let (text, origin) = layers.value(of: setting) else { continue }
      if let complaint = setting.assign(text, &settings) {
        problems.append("\(origin)\(shown(text, of: setting)): \(complaint.text)")
      }
    }
    if problems.isEmpty { problems = settings.contradictions() }
    let warnings = warnings(flags: flags, environment: environment) + settings.doubts()
    if !problems.isEmpty { throw SettingsError(problems: problems, warnings: warnings) }
    return LoadedSettings(settings: settings, warnings: warnings, file: file == nil ? nil : path)
  }

  /// How much of a wrong value an error repeats: enough to recognise it.
  private static let shownCharactersMax = 60

  /// `=value`, unless it is secret or might hold a password or a key.
  private static func shown(_ text: String, of setting: Setting) -> String {
    guard !setting.isSecret, !text.contains("@"), !text.contains("-----") else { return "" }
    let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : String($0) }.joined()
    return "=" + Redaction.scrub(printable).prefix(shownCharactersMax)
  }

  /// Settings that are right one by one but not together.
  private func contradictions() -> [String] {
    var contradictions: [String] = []
    func note(_ isWrong: Bool, _ contradiction: String) {
      if isWrong { contradictions.append(contradiction) }
    }
    note(
      admin.listen.port != 0 && server.listen.contains(admin.listen),
      "server.listen and admin.listen are the same address; give one of them another port")
    note(
      !admin.listen.isLoopback && admin.token == nil,
      "admin.listen can be reached from other machines: set admin.token (HOGLET_ADMIN_TOKEN, at least "
        + "\(SettingKind<Secret>.secretCharactersMin) characters, as from openssl rand -hex 32), or listen on 127.0.0.1"
    )
    note(
      tls.certificates.count != tls.keys.count,
      "tls.certificate names \(tls.certificates.count) files and tls.key \(tls.keys.count); each certificate needs its key"
    )
    note(
      tls.clientCA != nil && tls.certificates.isEmpty,
      "tls.client_ca is set without tls.certificate: clients show certificates in TLS only")
    note(
      redaction.privacy == .noContent && logs.forward != .off,
      "redaction.privacy keeps content here, but logs.forward sends log records as they came; set logs.forward to off")
    return contradictions
  }

  /// Settings that work together, but hardly as meant.
  private func doubts() -> [String] {
    var doubts = [String]()
    func note(_ isStrange: Bool, _ doubt: String) {
      if isStrange { doubts.append(doubt) }
    }
    note(
      access.path != nil && posthog.apiKey != nil,
      "posthog.api_key is set beside access.path: requests that bring no key are refused all the same")
    note(trace.max < trace.quiet, "trace.max is shorter than trace.quiet: every trace leaves by trace.max")
    note(trace.max < trace.rootGrace, "trace.max is shorter than trace.root_grace: every trace leaves by trace.max")
    note(
      server.memoryBytesMax < server.bodyBytesMax,
      "server.memory is smaller than server.body_max: requests above it are refused, however often they are sent")
    note(
      spool.bytesMax < server.bodyBytesMax,
      "spool.max_bytes is smaller than server.body_max: requests above it are refused, however often they are sent")
    return doubts
  }

  private static func warnings(flags: SettingFlags, environment: [String: String]) -> [String] {
    let known = Setting.table.map(\.environmentName) + [configEnvironmentName]
    var warnings = [String]()
    for (name, value) in environment.sorted(by: { $0.key < $1.key })
    where name.hasPrefix(Setting.environmentPrefix) && !known.contains(name) && !isServiceLink(name, value) {
      let nearest = Suggestion.nearest(to: name, in: known)
      warnings.append("unknown variable \(name)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
    }
    for setting in Setting.table where setting.isSecret && flags.values[setting.name]?.isEmpty == false {
      warnings.append(
        "\(setting.flag) can be seen by everyone who may list processes; prefer \(setting.environmentName)")
    }
    return warnings
  }

  /// Whether Kubernetes set the variable, because a service there is called hoglet: `HOGLET_SERVICE_HOST`,
  /// `HOGLET_PORT_4318_TCP_ADDR`, `HOGLET_PORT=tcp://…`.
  private static func isServiceLink(_ name: String, _ value: String) -> Bool {
    name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_TCP_")
      || value.hasPrefix("tcp://")
  }
}

/// The four places a value may come from, as swift-configuration's providers.
private struct SettingLayers {
  private let reader: ConfigReader
  private let last = LastAccess()
  /// How each layer names a setting in messages, in the order of the providers.
  private let origins: [@Sendable (Setting) -> String]

  init(flags: SettingFlags, environment: [String: String], file: SettingsFile?, path: String) {
    let prefix = Setting.environmentPrefix
    let secretNames = Set(Setting.table.filter(\.isSecret).map(\.environmentName))
    let variables = environment.filter { $0.key.hasPrefix(prefix) }.compactMapValues(Self.trimmed)
    var others = [String: String]()
    for setting in Setting.table { others[setting.name] = setting.otherEnvironmentName.flatMap { environment[$0] } }
    reader = ConfigReader(
      providers: [
        Self.provider("flags", flags.values),
        EnvironmentVariablesProvider(environmentVariables: variables, secretsSpecifier: .specific(secretNames))
          .prefixKeys(with: ConfigKey([prefix.dropLast().lowercased()])),
        Self.provider("well-known variables", others),
        Self.provider("file", file?.values ?? [:]),
      ], accessReporter: last)
    origins = [
      { $0.flag }, { $0.environmentName }, { $0.otherEnvironmentName ?? $0.environmentName }, { "\(path): \($0.name)" },
    ]
  }

  /// The strongest value, trimmed, and how its place calls it; nil when nobody says anything.
  func value(of setting: Setting) -> (text: String, origin: String)? {
    guard let text = reader.string(forKey: ConfigKey(setting.name), isSecret: setting.isSecret),
      let layer = last.layer
    else { return nil }
    return (text, origins[layer](setting))
  }

  private static func provider(_ name: String, _ values: [String: String]) -> InMemoryProvider {
    var content = [AbsoluteConfigKey: ConfigValue]()
    for setting in Setting.table {
      guard let value = values[setting.name].flatMap(trimmed) else { continue }
      let key = AbsoluteConfigKey(ConfigKey(setting.name))
      content[key] = ConfigValue(.string(value), isSecret: setting.isSecret)
    }
    return InMemoryProvider(name: name, values: content)
  }

  /// Secrets mounted as files often end in a newline; an empty value is no value.
  private static func trimmed(_ text: String) -> String? {
    func isBlank(_ character: Character) -> Bool { character.isWhitespace }
    guard let first = text.firstIndex(where: { !isBlank($0) }), let end = text.lastIndex(where: { !isBlank($0) }) else {
      return nil
    }
    return String(text[first...end])
  }
}

/// Notes which provider answered: `ConfigReader` says it only to an access reporter.
private final class LastAccess: AccessReporter {
  private let answered = Mutex<Int?>(nil)

  func report(_ event: AccessEvent) {
    // Providers are asked in order until one answers.
    answered.withLock { $0 = event.providerResults.count - 1 }
  }

  var layer: Int? { answered.withLock { $0 } }
}
