import Bytes

/// Something to tell the person who wrote a mapping file: what is wrong, where, and what was probably meant.
package struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
  package enum Severity: String, Sendable, CaseIterable {
    /// The set cannot be used.
    case error
    /// It can, but surely not as it was meant.
    case warning
    /// Worth knowing.
    case note
  }

  package var severity: Severity
  package var message: String
  /// The file's path as given by whoever loaded it.
  package var file: String
  /// Nil where a whole file is meant, or one that is not there.
  package var position: Position?
  /// The line at `position`; nil if it is too long to show.
  package var line: String?
  /// A name that was probably meant.
  package var suggestion: String?

  package init(
    _ severity: Severity, _ message: String, file: String, position: Position? = nil, line: String? = nil,
    suggestion: String? = nil
  ) {
    self.severity = severity
    self.message = message
    self.file = file
    self.position = position
    self.line = line
    self.suggestion = suggestion
  }

  /// `file:line:column: error: message`, on one line.
  package var headline: String { head + hint(before: "; ") }

  private var head: String {
    guard let position else { return "\(file): \(severity.rawValue): \(message)" }
    return "\(file):\(position.line):\(position.column): \(severity.rawValue): \(message)"
  }

  /// The headline, and below it the line with carets.
  package var description: String {
    guard let position, let line else { return headline }
    let number = String(position.line)
    let blank = String(repeating: " ", count: number.count)
    let before = line.unicodeScalars.prefix(position.column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
    let room = line.unicodeScalars.count - (position.column - 1)
    let carets = String(repeating: "^", count: max(1, min(position.length, room)))
    return "\(head)\n \(number) | \(line)\n \(blank) | \(before)\(carets)\(hint(before: " "))"
  }

  private func hint(before: String) -> String { suggestion.map { "\(before)did you mean '\($0)'?" } ?? "" }

  /// All of them for a terminal or a log, one below the other.
  package static func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map(\.description).joined(separator: "\n")
  }

  /// All of them for programs: one JSON object a line with `severity`, `file`, `message` and, where known, `line`,
  /// `column`, `length` (from 1, in characters) and `suggestion`.
  package static func renderJSON(_ diagnostics: [Diagnostic]) -> String {
    var out = ByteBuffer()
    for diagnostic in diagnostics {
      out.append("{\"severity\":")
      out.appendJSONString(diagnostic.severity.rawValue)
      out.append(",\"file\":")
      out.appendJSONString(diagnostic.file)
      if let position = diagnostic.position {
        for (name, number) in [("line", position.line), ("column", position.column), ("length", position.length)] {
          out.append(",\"\(name)\":\(number)")
        }
      }
      out.append(",\"message\":")
      out.appendJSONString(diagnostic.message)
      if let suggestion = diagnostic.suggestion {
        out.append(",\"suggestion\":")
        out.appendJSONString(suggestion)
      }
      out.append("}\n")
    }
    return out.string
  }
}
