import ArgumentParser
import Gateway

struct EventsVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Print the events that local mode has kept, as JSON, oldest first.")

  @Option(help: "Only events of this name, such as '$ai_generation'.")
  var name: String?

  @Option(help: "Only events of this trace (32 hexadecimal digits).")
  var trace: String?

  @Option(help: "At most so many, the newest.")
  var limit = 100

  @Flag(help: "Spread each event over lines.")
  var pretty = false

  @Option(help: "The settings file.")
  var config: String?

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    if let trace, trace.utf8.count != 32 || !trace.allSatisfy(\.isHexDigit) {
      throw ValidationError("--trace must be 32 hexadecimal digits.")
    }
  }

  func run() throws {
    try Shell.run {
      let settings = try Shell.settings(config: config)
      return try Commands.live.events(
        EventsCommand(name: name, trace: trace, limit: limit, isPretty: pretty, settings: settings))
    }
  }
}
