import ArgumentParser
import Gateway

struct ServeVerb: ParsableCommand {
  // The settings' own table reads the words and writes the help.
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Receive OpenTelemetry, deliver to PostHog.",
    discussion: "'hoglet serve --help' lists all settings.", helpNames: [])

  @Argument(parsing: .captureForPassthrough, help: "Settings, such as --trace-quiet 5s.")
  var settings: [String] = []

  func run() throws {
    try Shell.run {
      let flags = try SettingFlags(settings)
      if flags.wantsHelp {
        StandardOutput.write(SettingsHelp.usage)
        return .success
      }
      let loaded = try GatewaySettings.load(flags: flags, environment: ProcessEnvironment.variables)
      return try Commands.live.serve(loaded)
    }
  }
}
