import ArgumentParser
import Gateway

struct CheckVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check settings and mappings; exit code 65 for wrong mappings, 78 for wrong settings.")

  @Argument(help: "A folder of mapping files; without it, the ones that the settings name.")
  var mappings: String?

  @Flag(
    name: .customLong("posthog"),
    help: "Ask PostHog's host for a sign of life. Whether it knows the key, it does not tell.")
  var asksPostHog = false

  @Flag(name: .customLong("schema"), help: "Print the JSON schema of mapping files, for editors, and nothing else.")
  var printsSchema = false

  @Option(help: "The settings file.")
  var config: String?

  func run() throws {
    try Shell.run {
      let settings = try Shell.settings(config: config)
      return try Commands.live.check(
        CheckCommand(
          mappings: mappings, asksPostHog: asksPostHog, printsSchema: printsSchema, settings: settings))
    }
  }
}
