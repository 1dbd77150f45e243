import ArgumentParser
import Gateway

struct SpoolVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spool", abstract: "Look at what waits on the disk, save it, put it back or delete it.",
    discussion: """
      status, ls, show and export work beside a running gateway; retry, purge and compact need it stopped. Content and \
      prompts appear only in what show and export print, project keys never.
      """,
    subcommands: [
      Status.self, List.self, Show.self, Export.self, Retry.self, Purge.self, Compact.self,
    ])

  /// Where the spool is.
  struct Place: ParsableArguments {
    @Option(help: "The spool's folder; without it, the one that the settings name.")
    var spool: String?

    @Option(help: "The settings file.")
    var config: String?

    func settings() throws -> GatewaySettings {
      var settings = try Shell.settings(config: config)
      if let spool { settings.spool.path = spool }
      return settings
    }
  }

  /// Which of what it holds.
  struct Filter: ParsableArguments {
    @Option(
      name: .customLong("entry"), parsing: .unconditionalSingleValue,
      help: "Only this one, as 'ls' names it; may be given several times.")
    var entries: [String] = []

    @Option(help: "Only the project key with this fingerprint, such as phc_1a2b3c4d.")
    var key: String?

    @Option(help: "Only what holds something of this trace (32 hexadecimal digits).")
    var trace: String?

    @Option(help: "Only what is older than this, such as 90s, 2h or 7d.")
    var olderThan: String?

    @Option(help: "At most so many, the first in the order of 'ls'.")
    var limit: Int?

    func validate() throws {
      if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
      _ = try value()
    }

    func value() throws -> SpoolFilter {
      var filter = SpoolFilter()
      filter.entries = try entries.map { try SpoolVerb.entry($0) }
      filter.key = key
      filter.limit = limit
      if let trace, !filter.pick(trace: trace) { throw ValidationError("--trace must be 32 hexadecimal digits.") }
      if let olderThan, !filter.pick(olderThan: olderThan) {
        throw ValidationError("--older-than must be a number and a unit: 90s, 15m, 2h or 7d.")
      }
      return filter
    }
  }

  static func entry(_ text: String) throws -> SpoolEntry {
    guard let entry = SpoolEntry(text) else {
      throw ValidationError(
        "'\(text)' names nothing in a spool; 'hoglet spool ls' prints names such as 1/42 or dead/1/3.")
    }
    return entry
  }

  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print what the spool holds, in all and key by key.")
    @Flag(name: .customLong("json"), help: "One JSON object.") var isJSON = false
    @OptionGroup var place: Place

    func run() throws {
      try SpoolVerb.run(.status, place, isJSON: isJSON)
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List requests, traces, dead letters or what is damaged.")
    @Argument(help: "requests, traces, dead or damaged.") var kind = SpoolKind.requests
    @Flag(name: .customLong("json"), help: "One JSON object a line.") var isJSON = false
    @OptionGroup var filter: Filter
    @OptionGroup var place: Place

    func run() throws {
      try SpoolVerb.run(.list(kind), place, filter, isJSON: isJSON)
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print one entry with its content: a request as OTLP/JSON, a dead letter with PostHog's answer.")
    @Argument(help: "A name that 'ls' prints, such as 1/42 or dead/1/3.") var name: String
    @Flag(name: .customLong("json"), help: "On one line.") var isJSON = false
    @OptionGroup var place: Place

    func validate() throws { _ = try SpoolVerb.entry(name) }

    func run() throws {
      try SpoolVerb.run(.show(SpoolVerb.entry(name)), place, isJSON: isJSON)
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Save entries as OTLP protobuf files, which 'hoglet map' and 'hoglet replay' read.")
    @Argument(help: "The folder to write to.") var folder: String
    @Argument(help: "requests, dead or damaged.") var kind = SpoolKind.requests
    @OptionGroup var filter: Filter
    @OptionGroup var place: Place

    func validate() throws { try SpoolVerb.refuseTraces(kind) }

    func run() throws {
      try SpoolVerb.run(.export(kind, folder: folder), place, filter)
    }
  }

  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put dead letters, or damaged requests whose content is sound, back into delivery.")
    @Argument(help: "dead or damaged.") var kind = SpoolKind.dead
    @OptionGroup var filter: Filter
    @OptionGroup var place: Place

    func validate() throws {
      if kind != .dead, kind != .damaged { throw ValidationError("only dead or damaged entries can be retried.") }
    }

    func run() throws {
      try SpoolVerb.run(.retry(kind), place, filter)
    }
  }

  struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete entries for good; without --yes, say what would go.")
    @Argument(help: "requests, dead or damaged.") var kind: SpoolKind
    @Flag(name: .customLong("yes"), help: "Do it.") var isConfirmed = false
    @OptionGroup var filter: Filter
    @OptionGroup var place: Place

    func validate() throws { try SpoolVerb.refuseTraces(kind) }

    func run() throws {
      try SpoolVerb.run(.purge(kind, isConfirmed: isConfirmed), place, filter)
    }
  }

  struct Compact: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give the disk space back that the spool's file has grown to and no longer uses.")
    @OptionGroup var place: Place

    func run() throws {
      try SpoolVerb.run(.compact, place)
    }
  }

  private static func run(
    _ action: SpoolCommand.Action, _ place: Place, _ filter: Filter? = nil, isJSON: Bool = false
  ) throws {
    let filter = try filter?.value() ?? SpoolFilter()
    try Shell.run {
      try Commands.live.spool(SpoolCommand(action, filter: filter, isJSON: isJSON, settings: place.settings()))
    }
  }

  /// A trace lies in requests that hold others too.
  private static func refuseTraces(_ kind: SpoolKind) throws {
    if kind == .traces { throw ValidationError("name requests, dead or damaged; --trace picks those of one trace.") }
  }
}

extension SpoolKind: ExpressibleByArgument {}
