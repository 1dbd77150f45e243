import Bytes
import Glibc
import Sampling

/// `hoglet patterns`: which lines of a file are of one kind.
package struct PatternsCommand: Sendable, Equatable {
  package enum Form: Sendable, Equatable {
    /// Each line with its pattern as it is known at the end of the input.
    case resolved
    /// Each line at once, with its pattern as it is known then.
    case stream
    /// Each pattern with the number of its lines.
    case summary
  }

  /// A path, `-` for standard input.
  package var file: String
  package var form: Form

  package init(file: String = "-", form: Form = .resolved) {
    self.file = file
    self.form = form
  }
}

extension Commands {
  static func patterns(_ command: PatternsCommand) throws -> CommandStatus {
    let (file, name) = try open(command.file)
    defer { if file != STDIN_FILENO { close(file) } }
    var reader = LineReader(file: file, name: name)
    var run = PatternsRun()
    switch command.form {
    case .resolved: try run.resolved(&reader, file)
    case .stream: try run.stream(&reader)
    case .summary: try run.summary(&reader)
    }
    if reader.cutLines > 0 {
      let (lines, size) = (reader.cutLines, LineReader.lineBytesMax)
      LogOutput.standardError(Array("hoglet: \(name): \(lines) lines of more than \(size) bytes were cut there\n".utf8))
    }
    return .success
  }

  private static func open(_ path: String) throws(CommandError) -> (file: Int32, name: String) {
    let isInput = path == "-"
    let name = isInput ? "standard input" : path
    let file = isInput ? STDIN_FILENO : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if file < 0 {
      throw CommandError(
        errno == ENOENT ? "\(name): no such file" : "\(name): cannot be read: \(LineReader.reason(errno))", .badData)
    }
    var about = stat()
    if unsafe fstat(file, &about) == 0, about.st_mode & S_IFMT == S_IFDIR {
      if !isInput { close(file) }
      throw CommandError("\(name): a folder; name a file of lines, or - for standard input", .badData)
    }
    return (file, name)
  }
}

/// One pass or two over the lines.
private struct PatternsRun {
  private static let outputBytes = 65_536
  /// Aliases are taken before there can be more than the miner keeps.
  private static let aliasesAtOnce = 1_024

  private var miner = PatternMiner()
  private var output: [UInt8] = []
  /// Somebody reads what is written.
  private var isRead = true

  mutating func stream(_ reader: inout LineReader) throws {
    repeat {
      while isRead, let line = reader.line() {
        let id = miner.pattern(of: reader.buffer.span, line).id
        write(id, miner.templateBytes(of: id), reader, line)
        if miner.aliasCount > 0 { _ = miner.takeAliases() }
      }
      // Whoever follows a growing log sees each line as it comes.
      flush()
    } while try isRead ? reader.fill() : false
  }

  mutating func summary(_ reader: inout LineReader) throws {
    var summary = PatternSummary()
    repeat {
      while let line = reader.line() {
        summary.count(miner.pattern(of: reader.buffer.span, line), &miner)
        if miner.aliasCount >= Self.aliasesAtOnce { summary.move(miner.takeAliases(), &miner) }
      }
    } while try reader.fill()
    summary.move(miner.takeAliases(), &miner)
    for row in summary.sorted(&miner) where isRead {
      writeRow("\(row.id)", row.lines, row.template)
    }
    if summary.rareLines > 0 { writeRow("-", summary.rareLines, Array("(patterns too rare to be listed)".utf8)) }
    flush()
  }

  /// The ids of all lines wait on disk until the last one is known, and so do the lines of what can be read only once.
  mutating func resolved(_ reader: inout LineReader, _ file: Int32) throws {
    let offset = lseek(file, 0, SEEK_CUR)
    var ids = try TemporaryFile()
    var lines = try TemporaryFile()
    var aliases: [PatternID: PatternID] = [:]
    repeat {
      while let line = reader.line() {
        let id = miner.pattern(of: reader.buffer.span, line).id
        unsafe try withUnsafeBytes(of: id.value) { bytes throws(CommandError) in unsafe try ids.append(bytes) }
        if offset < 0 {
          try lines.append(reader.buffer[line.range])
          // The carriage return is what reading takes off.
          try lines.append([0x0d, 0x0a])
        }
        if miner.aliasCount >= Self.aliasesAtOnce { Self.add(miner.takeAliases(), to: &aliases) }
      }
    } while try reader.fill()
    Self.add(miner.takeAliases(), to: &aliases)
    try ids.rewind()
    if offset < 0 {
      try lines.rewind()
      var again = LineReader(file: lines.file, name: "temporary file")
      try writeResolved(&again, ids, aliases)
    } else {
      reader.rewind(to: offset)
      try writeResolved(&reader, ids, aliases)
    }
    withExtendedLifetime(lines) {}
  }

  private mutating func writeResolved(
    _ reader: inout LineReader, _ ids: borrowing TemporaryFile, _ aliases: [PatternID: PatternID]
  ) throws(CommandError) {
    var scanner = LineScanner()
    var known: [UInt8] = []
    var next = 0
    repeat {
      while isRead, let line = reader.line() {
        if next == known.count {
          known = try ids.read()
          next = 0
          if known.isEmpty { return flush() }
        }
        let value = known.span.word(at: next)
        next += 8
        var id = PatternID(UInt64(littleEndian: value))
        while let new = aliases[id] { id = new }
        var template = miner.templateBytes(of: id)
        if template.isEmpty { template = scanner.template(of: reader.buffer.span, line) }
        write(id, template, reader, line)
      }
    } while try isRead ? reader.fill() : false
    flush()
  }

  private static func add(_ taken: [PatternAlias], to aliases: inout [PatternID: PatternID]) {
    for alias in taken { aliases[alias.old] = alias.new }
  }

  // MARK: output

  private mutating func write(_ id: PatternID, _ template: [UInt8], _ reader: LineReader, _ line: Slice) {
    output.append(contentsOf: "\(id)\t".utf8)
    output.append(contentsOf: template)
    output.append(UInt8(ascii: "\t"))
    output.append(reader.buffer.span, line)
    endLine()
  }

  private mutating func writeRow(_ id: String, _ lines: UInt64, _ template: [UInt8]) {
    output.append(contentsOf: "\(id)\t\(lines)\t".utf8)
    output.append(contentsOf: template)
    endLine()
  }

  private mutating func endLine() {
    output.append(0x0a)
    if output.count >= Self.outputBytes { flush() }
  }

  private mutating func flush() {
    if isRead, !output.isEmpty { isRead = StandardOutput.write(output) }
    output.removeAll(keepingCapacity: true)
  }
}
