import ArgumentParser
import Gateway

struct MapVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Print the PostHog events that files of telemetry become.",
    discussion: """
      Reads OTLP requests, protobuf or JSON. Traces may be spread over files. With --diff, exit code 1 if anything \
      differs.
      """)

  @Argument(help: "Files that hold an OTLP request each, or folders of them.")
  var files: [String]

  @OptionGroup var mappings: MappingOptions

  @Option(help: "Another folder of mapping files: print what it changes, folder by folder of the recordings.")
  var diff: String?

  @Flag(help: "Spread each event over lines.")
  var pretty = false

  func run() throws {
    try Shell.run {
      try Commands.live.map(MapCommand(files: files, mappings: mappings.value(), isPretty: pretty, diff: diff))
    }
  }
}
