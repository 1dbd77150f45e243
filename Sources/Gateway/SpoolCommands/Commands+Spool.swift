import Glibc
import OTLP
import Spool
import Telemetry

/// `hoglet spool`. What only looks works beside a running gateway; what changes something needs the spool for itself.
extension Commands {
  static func spool(_ command: SpoolCommand) throws -> CommandStatus {
    do {
      switch command.action {
      case .status: return try status(command)
      case .list(let kind): return try list(kind, command)
      case .show(let entry): return try show(entry, command)
      case .export(let kind, let folder): return try export(kind, folder, command)
      case .retry(let kind): return try SpoolChanges(command).retry(kind)
      case .purge(let kind, let isConfirmed): return try SpoolChanges(command).purge(kind, isConfirmed: isConfirmed)
      case .compact: return try compact(command)
      }
    } catch let error as SpoolError {
      throw CommandError("\(error)", .unavailable)
    }
  }

  private static func status(_ command: SpoolCommand) throws -> CommandStatus {
    let overview = try SpoolInspection(path: command.settings.spool.path).overview()
    if command.isJSON {
      write(SpoolListing.statusJSON(overview, command.settings.spool), isPretty: false)
    } else {
      StandardOutput.write(SpoolListing.status(overview, command.settings.spool, now: WallClock.now()))
    }
    return .success
  }

  private static func list(_ kind: SpoolKind, _ command: SpoolCommand) throws -> CommandStatus {
    let rows = try SpoolRows(command).all(kind)
    if command.isJSON {
      for line in SpoolListing.json(kind, rows) { write(line, isPretty: false) }
    } else if rows.isEmpty {
      LogOutput.standardError(Array("nothing\n".utf8))
    } else {
      StandardOutput.write(SpoolListing.text(kind, rows, now: WallClock.now()))
    }
    return .success
  }

  private static func compact(_ command: SpoolCommand) throws -> CommandStatus {
    let done = try LMDBSpool.compact(path: command.settings.spool.path, settings: SpoolSettings(command.settings))
    if let repair = done.repair { LogOutput.standardError(Array("hoglet: \(repair)\n".utf8)) }
    StandardOutput.write("\(Readable.bytes(done.before)) before, \(Readable.bytes(done.after)) now\n")
    return .success
  }

  // MARK: Show and export

  private static func show(_ entry: SpoolEntry, _ command: SpoolCommand) throws -> CommandStatus {
    let content = try SpoolContent(entry, SpoolInspection(path: command.settings.spool.path))
    write(try content.json(), isPretty: !command.isJSON)
    return .success
  }

  private static func export(_ kind: SpoolKind, _ folder: String, _ command: SpoolCommand) throws -> CommandStatus {
    guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw CommandError("\(folder): \(unsafe String(cString: strerror(errno)))")
    }
    let rows = try SpoolRows(command)
    var count = 0
    try rows.each(kind) { row in
      for file in try SpoolContent(row.entry, rows.inspection).files {
        try write(file.bytes, to: "\(folder)/\(file.name)")
        count += 1
      }
      return true
    }
    StandardOutput.write("\(Readable.count(count, "file")) in \(folder)\n")
    return .success
  }

  /// For this user alone: it is what applications sent.
  private static func write(_ bytes: [UInt8], to path: String) throws(CommandError) {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw CommandError("\(path): \(unsafe String(cString: strerror(errno)))") }
    defer { close(file) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw CommandError("\(path): \(unsafe String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }
}

extension SpoolRows {
  init(_ command: SpoolCommand) throws(SpoolError) {
    let inspection = try SpoolInspection(path: command.settings.spool.path)
    try self.init(inspection, inspection.overview().lanes, command.filter, now: WallClock.now())
  }
}
