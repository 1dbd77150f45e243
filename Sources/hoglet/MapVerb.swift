import ArgumentParser
import Gateway

struct MapVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Print the PostHog events that files of telemetry become.",
    discussion: "Reads OTLP requests, protobuf or JSON. Traces may be spread over files.")

  @Argument(help: "Files that hold an OTLP request each.")
  var files: [String]

  @Option(help: "A folder of mapping files instead of the built-in ones.")
  var mappings: String?

  @Flag(help: "Spread each event over lines.")
  var pretty = false

  func run() throws {
    try Shell.run {
      try Commands.live.map(MapCommand(files: files, mappings: mappings, isPretty: pretty))
    }
  }
}
