import Logging
import Mapping
import OTLP

/// The commands that map files without a gateway.
extension Commands {
  static func map(_ command: MapCommand) throws -> CommandStatus {
    if let changed = command.diff { return try diff(command, changed) }
    var offline = try loaded(command.files, command.mappings)
    for event in try offline.events() { write(event, isPretty: command.isPretty) }
    return .success
  }

  static func explain(_ command: ExplainCommand) throws -> CommandStatus {
    var offline = try loaded(command.files, command.mappings)
    let explanations = try offline.explanations().filter {
      command.span == nil || $0.span == command.span?.lowercased()
    }
    if explanations.isEmpty {
      throw CommandError(
        command.span.map { "no event is made of span \($0); 'hoglet dialects' shows what was recognised" }
          ?? "no event is made of these files; 'hoglet dialects' shows what was recognised")
    }
    for (number, explanation) in explanations.enumerated() {
      if command.isJSON {
        StandardOutput.write(ExplanationText.json(explanation))
      } else {
        StandardOutput.write((number > 0 ? "\n" : "") + ExplanationText.text(explanation))
      }
    }
    return .success
  }

  static func dialects(_ command: DialectsCommand) throws -> CommandStatus {
    var offline = try loaded(command.files, command.mappings)
    StandardOutput.write(RecognitionText.text(try offline.recognition()))
    return .success
  }

  /// What another mapping set changes, case by case; 1 if anything, as diff(1) has it.
  private static func diff(_ command: MapCommand, _ changed: String) throws -> CommandStatus {
    let before = try program(command.mappings)
    var mappings = command.mappings
    mappings.directory = changed
    let after = try program(mappings)
    let cases = try RecordedCase.collect(command.files)
    var summary = MappingDifference.Summary()
    for recorded in cases {
      let difference = try MappingDifference(recorded.events(before), recorded.events(after))
      summary.add(difference)
      if !difference.isEmpty { StandardOutput.write("\(recorded.name)\n\(difference.text)\n") }
    }
    StandardOutput.write("\(summary)\n")
    return summary.isEmpty ? .success : .failure
  }

  private static func loaded(_ files: [String], _ mappings: OfflineMappings) throws -> OfflineMapping {
    var offline = OfflineMapping(program: try program(mappings))
    for recorded in try RecordedCase.collect(files) { try recorded.add(to: &offline) }
    return offline
  }

  private static func program(_ mappings: OfflineMappings) throws -> Program {
    do {
      return try Gateway.program(
        mappings.directory, overlays: mappings.overlays, redaction: mappings.redaction, log: Logger(label: "hoglet"))
    } catch {
      throw CommandError("\(error)", .badData)
    }
  }
}

/// The recorded requests of one folder, or the files that were named: what belongs together.
struct RecordedCase {
  var name: String
  private var requests: [RecordedRequest]

  /// One case a folder, in the order of the paths; the files of all paths that are files are one.
  static func collect(_ paths: [String]) throws -> [RecordedCase] {
    let found = try ReplayFiles.collect(paths) { bytes in
      ContentKind.identify(bytes).map { (signal: $0.signal, isJSON: $0.encoding == .json) }
    }
    let named = Set(paths)
    var cases: [RecordedCase] = []
    for request in found.requests {
      let folder = request.path.lastIndex(of: "/").map { String(request.path[..<$0]) } ?? "."
      let name =
        named.contains(request.path) ? paths.filter { FolderListing.names($0) == nil }.joined(separator: " ") : folder
      if cases.last?.name != name { cases.append(RecordedCase(name: name, requests: [])) }
      cases[cases.count - 1].requests.append(request)
    }
    return cases
  }

  func add(to offline: inout OfflineMapping) throws {
    for request in requests {
      do {
        if let note = try offline.add(request.path, request.body) {
          LogOutput.standardError(Array("\(note)\n".utf8))
        }
      } catch {
        throw CommandError("\(error)", .badData)
      }
    }
  }

  func events(_ program: Program) throws -> [[UInt8]] {
    var offline = OfflineMapping(program: program)
    try add(to: &offline)
    return try offline.events()
  }
}
