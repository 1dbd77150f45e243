import ArgumentParser
import Gateway

/// The mappings of a command that runs without a gateway.
struct MappingOptions: ParsableArguments {
  @Option(name: .customLong("mappings"), help: "A folder of mapping files over the built-in ones.")
  var directory: String?

  @Option(
    name: .customLong("overlay"), parsing: .unconditionalSingleValue,
    help: "A built-in overlay to apply, such as latency-milliseconds; may be given several times.")
  var overlays: [String] = []

  @Option(help: "The settings file: of the settings those of redaction count.")
  var config: String?

  func value() throws -> OfflineMappings {
    let redaction = try Shell.settings(config: config).redaction.settings
    return OfflineMappings(directory: directory, overlays: overlays, redaction: redaction)
  }
}
