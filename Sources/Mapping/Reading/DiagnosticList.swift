/// Gathers diagnostics while files are read; knows the files' texts, to show the lines.
struct DiagnosticList {
  /// By the number that positions carry.
  private(set) var files: [SourceText] = []
  private var found: [Diagnostic] = []
  private(set) var hasErrors = false

  /// Makes a file known; returns its number.
  mutating func add(_ file: SourceText) -> Int {
    files.append(file)
    return files.count - 1
  }

  mutating func report(
    _ severity: Diagnostic.Severity, _ message: String, at position: Position, suggestion: String? = nil
  ) {
    if severity == .error { hasErrors = true }
    let file = files[position.file]
    found.append(
      Diagnostic(
        severity, message, file: file.path, position: position, line: file.line(position.line), suggestion: suggestion))
  }

  /// About a whole file, or one that is not there.
  mutating func report(_ severity: Diagnostic.Severity, _ message: String, file: String) {
    if severity == .error { hasErrors = true }
    found.append(Diagnostic(severity, message, file: file))
  }

  /// Sorted by position; what concerns no line comes first, and of one place errors before notes.
  var sorted: [Diagnostic] {
    let start = Position(file: -1, line: 0, column: 0)
    return found.enumerated().sorted {
      ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset)
    }.map(\.element)
  }
}
