import ArgumentParser
import Gateway

struct DialectsVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dialects",
    abstract: "Print which dialects recognise the spans of files, and which attributes nothing consumes.")

  @Argument(help: "Files that hold an OTLP request each, or folders of them.")
  var files: [String]

  @OptionGroup var mappings: MappingOptions

  func run() throws {
    try Shell.run { try Commands.live.dialects(DialectsCommand(files: files, mappings: mappings.value())) }
  }
}
