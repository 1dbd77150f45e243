/// What a command tells the shell: 0, 1, or a code of sysexits.h.
package struct CommandStatus: Sendable, Equatable {
  package let code: Int32

  package static let success = CommandStatus(code: 0)
  package static let failure = CommandStatus(code: 1)
  /// EX_USAGE: words on the command line that mean nothing.
  package static let usage = CommandStatus(code: 64)
  /// EX_DATAERR: files that were given hold what they must not.
  package static let badData = CommandStatus(code: 65)
  /// EX_UNAVAILABLE: the other side does not answer as it should.
  package static let unavailable = CommandStatus(code: 69)
  /// EX_CONFIG: wrong settings.
  package static let configuration = CommandStatus(code: 78)
}

/// Why a command ended early, told for a person.
package struct CommandError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  package let status: CommandStatus

  package init(_ description: String, _ status: CommandStatus = .failure) {
    self.description = description
    self.status = status
  }
}

/// The words of the command line, as functions: `hoglet` reads the words, the gateway does the work. Each runs on the main
/// thread and returns when it is done.
package struct Commands: Sendable {
  package var serve: @Sendable (LoadedSettings) throws -> CommandStatus
  package var map: @Sendable (MapCommand) throws -> CommandStatus
  package var check: @Sendable (CheckCommand) throws -> CommandStatus
  package var events: @Sendable (EventsCommand) throws -> CommandStatus
  package var replay: @Sendable (ReplayCommand) throws -> CommandStatus

  package init(
    serve: @escaping @Sendable (LoadedSettings) throws -> CommandStatus,
    map: @escaping @Sendable (MapCommand) throws -> CommandStatus,
    check: @escaping @Sendable (CheckCommand) throws -> CommandStatus,
    events: @escaping @Sendable (EventsCommand) throws -> CommandStatus,
    replay: @escaping @Sendable (ReplayCommand) throws -> CommandStatus
  ) {
    self.serve = serve
    self.map = map
    self.check = check
    self.events = events
    self.replay = replay
  }
}

/// `hoglet map`: print the events that files of telemetry become.
package struct MapCommand: Sendable, Equatable {
  package var files: [String]
  /// A folder of mapping files; nil for the ones built in.
  package var mappings: String?
  /// Spread over lines, for people.
  package var isPretty: Bool

  package init(files: [String], mappings: String?, isPretty: Bool) {
    self.files = files
    self.mappings = mappings
    self.isPretty = isPretty
  }
}

/// `hoglet check`: are the mappings in order, and does PostHog answer?
package struct CheckCommand: Sendable {
  /// A folder of mapping files; nil for the ones that the settings name.
  package var mappings: String?
  /// Whether to ask PostHog for a sign of life.
  package var asksPostHog: Bool
  package var settings: GatewaySettings

  package init(mappings: String?, asksPostHog: Bool, settings: GatewaySettings) {
    self.mappings = mappings
    self.asksPostHog = asksPostHog
    self.settings = settings
  }
}

/// `hoglet events`: print what local mode has kept, oldest first.
package struct EventsCommand: Sendable {
  /// Only this event name.
  package var name: String?
  /// Only this trace, 32 hexadecimal digits.
  package var trace: String?
  package var limit: Int
  package var isPretty: Bool
  package var settings: GatewaySettings

  package init(name: String?, trace: String?, limit: Int, isPretty: Bool, settings: GatewaySettings) {
    self.name = name
    self.trace = trace
    self.limit = limit
    self.isPretty = isPretty
    self.settings = settings
  }
}
