package import Mapping

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
  package var explain: @Sendable (ExplainCommand) throws -> CommandStatus
  package var dialects: @Sendable (DialectsCommand) throws -> CommandStatus
  package var check: @Sendable (CheckCommand) throws -> CommandStatus
  package var events: @Sendable (EventsCommand) throws -> CommandStatus
  package var replay: @Sendable (ReplayCommand) throws -> CommandStatus
  package var spool: @Sendable (SpoolCommand) throws -> CommandStatus
  package var patterns: @Sendable (PatternsCommand) throws -> CommandStatus

  package init(
    serve: @escaping @Sendable (LoadedSettings) throws -> CommandStatus,
    map: @escaping @Sendable (MapCommand) throws -> CommandStatus,
    explain: @escaping @Sendable (ExplainCommand) throws -> CommandStatus,
    dialects: @escaping @Sendable (DialectsCommand) throws -> CommandStatus,
    check: @escaping @Sendable (CheckCommand) throws -> CommandStatus,
    events: @escaping @Sendable (EventsCommand) throws -> CommandStatus,
    replay: @escaping @Sendable (ReplayCommand) throws -> CommandStatus,
    spool: @escaping @Sendable (SpoolCommand) throws -> CommandStatus,
    patterns: @escaping @Sendable (PatternsCommand) throws -> CommandStatus
  ) {
    self.serve = serve
    self.map = map
    self.explain = explain
    self.dialects = dialects
    self.check = check
    self.events = events
    self.replay = replay
    self.spool = spool
    self.patterns = patterns
  }
}

/// `hoglet map`: print the events that files of telemetry become.
package struct MapCommand: Sendable, Equatable {
  package var files: [String]
  package var mappings: OfflineMappings
  /// Spread over lines, for people.
  package var isPretty: Bool
  /// Another folder of mapping files: what it changes is printed instead.
  package var diff: String?

  package init(files: [String], mappings: OfflineMappings, isPretty: Bool, diff: String? = nil) {
    self.files = files
    self.mappings = mappings
    self.isPretty = isPretty
    self.diff = diff
  }
}

/// The mappings of a command that runs without a gateway.
package struct OfflineMappings: Sendable, Equatable {
  /// A folder of mapping files; nil for the ones built in.
  package var directory: String?
  /// Built-in overlays to apply.
  package var overlays: [String]
  /// What the settings say about redaction.
  package var redaction: RedactionSettings

  package init(
    directory: String? = nil, overlays: [String] = [], redaction: RedactionSettings = RedactionSettings()
  ) {
    self.directory = directory
    self.overlays = overlays
    self.redaction = redaction
  }
}

/// `hoglet explain`: print why events look as they do.
package struct ExplainCommand: Sendable, Equatable {
  package var files: [String]
  package var mappings: OfflineMappings
  /// Only the event of this span, 16 hexadecimal digits.
  package var span: String?
  package var isJSON: Bool

  package init(files: [String], mappings: OfflineMappings, span: String?, isJSON: Bool) {
    self.files = files
    self.mappings = mappings
    self.span = span
    self.isJSON = isJSON
  }
}

/// `hoglet dialects`: print what was recognised, and what nothing consumed.
package struct DialectsCommand: Sendable, Equatable {
  package var files: [String]
  package var mappings: OfflineMappings

  package init(files: [String], mappings: OfflineMappings) {
    self.files = files
    self.mappings = mappings
  }
}

/// `hoglet check`: are the mappings in order, and does PostHog answer?
package struct CheckCommand: Sendable {
  /// A folder of mapping files; nil for the ones that the settings name.
  package var mappings: String?
  /// Whether to ask PostHog for a sign of life.
  package var asksPostHog: Bool
  /// Whether to print `mapping.schema.json` instead.
  package var printsSchema: Bool
  package var settings: GatewaySettings

  package init(mappings: String?, asksPostHog: Bool, printsSchema: Bool = false, settings: GatewaySettings) {
    self.mappings = mappings
    self.asksPostHog = asksPostHog
    self.printsSchema = printsSchema
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
