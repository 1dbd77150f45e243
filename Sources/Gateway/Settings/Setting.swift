/// One thing a person can set: a row of `Setting.table`. Help, documentation, checks and error messages all come from it.
package struct Setting: Sendable {
  /// As it stands in the file: `trace.quiet`.
  package let name: String
  /// What it does, in one sentence.
  package let sentence: String
  /// An environment variable without our prefix that is heeded below `HOGLET_…`, such as `POSTHOG_API_KEY`.
  package let otherEnvironmentName: String?
  package let kind: String
  package let allowed: String
  package let isSecret: Bool
  package let isBool: Bool
  /// Whether the settings file may give a list.
  package let isList: Bool
  /// The default as a person would write it.
  package let initial: String
  /// Reads a value into the settings.
  let assign: @Sendable (String, inout GatewaySettings) -> SettingComplaint?
  /// The value as a person would write it; nil when there is none, a placeholder for secrets.
  let show: @Sendable (GatewaySettings) -> String?

  /// `HOGLET_TRACE_QUIET`
  package var environmentName: String { Self.environmentPrefix + words.joined(separator: "_").uppercased() }
  /// `--trace-quiet`
  package var flag: String { "--" + words.joined(separator: "-") }

  static let environmentPrefix = "HOGLET_"

  private var words: [Substring] { name.split { $0 == "." || $0 == "_" } }

  init<Value>(
    _ name: String, _ field: any WritableKeyPath<GatewaySettings, Value> & Sendable, _ kind: SettingKind<Value>,
    or otherEnvironmentName: String? = nil, _ sentence: String
  ) {
    self.init(
      name, kind, or: otherEnvironmentName, sentence, none: "",
      assign: { value, settings in settings[keyPath: field] = value }, show: { $0[keyPath: field] })
  }

  /// A setting that may be left out; `none` says what holds then.
  init<Value>(
    _ name: String, _ field: any WritableKeyPath<GatewaySettings, Value?> & Sendable, _ kind: SettingKind<Value>,
    or otherEnvironmentName: String? = nil, none: String, _ sentence: String
  ) {
    self.init(
      name, kind, or: otherEnvironmentName, sentence, none: none,
      assign: { value, settings in settings[keyPath: field] = value }, show: { $0[keyPath: field] })
  }

  private init<Value>(
    _ name: String, _ kind: SettingKind<Value>, or otherEnvironmentName: String?, _ sentence: String, none: String,
    assign: @escaping @Sendable (Value, inout GatewaySettings) -> Void,
    show: @escaping @Sendable (GatewaySettings) -> Value?
  ) {
    self.name = name
    self.sentence = sentence
    self.otherEnvironmentName = otherEnvironmentName
    self.kind = kind.title
    self.allowed = kind.allowed
    self.isSecret = kind.isSecret
    self.isBool = Value.self == Bool.self
    self.isList = Value.self == [String].self
    self.initial = show(GatewaySettings()).map(kind.write) ?? none
    self.assign = { text, settings in
      switch kind.read(text) {
      case .success(let value):
        assign(value, &settings)
        return nil
      case .failure(let complaint):
        return complaint
      }
    }
    self.show = { settings in show(settings).map(kind.write) }
  }
}
