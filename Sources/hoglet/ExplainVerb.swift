import ArgumentParser
import Gateway

struct ExplainVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Print why events look as they do: which line of which table won, and what did not.")

  @Argument(help: "Files that hold an OTLP request each, or folders of them.")
  var files: [String]

  @OptionGroup var mappings: MappingOptions

  @Option(help: "Only the event of this span (16 hexadecimal digits).")
  var span: String?

  @Flag(name: .customLong("json"), help: "One JSON object an event.")
  var isJSON = false

  func validate() throws {
    if let span, span.utf8.count != 16 || !span.allSatisfy(\.isHexDigit) {
      throw ValidationError("--span must be 16 hexadecimal digits.")
    }
  }

  func run() throws {
    try Shell.run {
      try Commands.live.explain(
        ExplainCommand(files: files, mappings: mappings.value(), span: span, isJSON: isJSON))
    }
  }
}
