import ArgumentParser
import Gateway

struct ReplayVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Send recorded OTLP requests to a gateway, as an exporter would.",
    discussion: """
      Files and folders are sent in order: traces-1.pb, run.logs.pb, traces.json, or whatever is recognised as an OTLP \
      request. Without --rate and --speed, as fast as answers come. Exit code 69 if anything was refused.
      """)

  @Argument(help: "Files that hold an OTLP request each, or folders of them.")
  var paths: [String]

  @Option(name: .customLong("to"), help: "The gateway's address, such as http://127.0.0.1:4318.")
  var url: String

  @Option(help: "Times as fast as recorded, by the times in the telemetry; 1 is the recorded pace.")
  var speed: Double?

  @Option(help: "Requests a second.")
  var rate: Double?

  @Option(help: "Requests in flight, 1 to \(ReplayCommand.concurrencyMax).")
  var concurrency = 1

  @Option(name: .customLong("repeat"), help: "How often everything is sent.")
  var repetitions = 1

  @Option(help: "How often a request is sent again when the gateway asks for it or does not answer.")
  var retries = 5

  @Option(
    name: .customLong("header"), parsing: .unconditionalSingleValue,
    help: "A further header, 'Name: value'; may be given several times.")
  var headers: [String] = []

  @Option(help: "The project API key, sent as 'Authorization: Bearer KEY'.")
  var key: String?

  func validate() throws {
    if let problem = ReplayCommand.problem(url: url, headers: headers, key: key) { throw ValidationError(problem) }
    if speed != nil, rate != nil { throw ValidationError("--speed and --rate exclude each other.") }
    if !(1...ReplayCommand.concurrencyMax).contains(concurrency) {
      throw ValidationError("--concurrency must be 1 to \(ReplayCommand.concurrencyMax).")
    }
    if !(1...ReplayCommand.repetitionsMax).contains(repetitions) {
      throw ValidationError("--repeat must be 1 to \(ReplayCommand.repetitionsMax).")
    }
    if retries < 0 { throw ValidationError("--retries must be 0 or more.") }
    for pace in [speed, rate].compactMap({ $0 }) where !ReplayCommand.paces.contains(pace) {
      throw ValidationError("--speed and --rate must be \(ReplayCommand.paces.lowerBound) or more, and finite.")
    }
  }

  func run() throws {
    try Shell.run { try Commands.live.replay(command) }
  }

  var command: ReplayCommand {
    let pace: ReplayCommand.Pace = rate.map { .rate($0) } ?? speed.map { .speed($0) } ?? .unlimited
    return ReplayCommand(
      paths: paths, url: url, headers: headers, key: key.map { Secret($0) }, pace: pace, concurrency: concurrency,
      repetitions: repetitions, retriesMax: retries)
  }
}
