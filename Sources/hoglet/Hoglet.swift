import ArgumentParser
import Gateway

/// The words that a person types.
@main
struct Hoglet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hoglet",
    abstract: "A gateway between OpenTelemetry and PostHog for LLM applications.",
    discussion: "Start it with 'hoglet serve' and point OTEL_EXPORTER_OTLP_ENDPOINT at http://127.0.0.1:4318.",
    version: GatewayVersion.current,
    subcommands: [
      ServeVerb.self, MapVerb.self, ExplainVerb.self, DialectsVerb.self, CheckVerb.self, EventsVerb.self,
      ReplayVerb.self, SpoolVerb.self, PatternsVerb.self,
    ])
}
