import Bytes

/// A file cut into lines of Unicode scalars, the units in which YAML counts columns.
struct SourceText {
  let path: String
  let lines: [[Unicode.Scalar]]

  /// Breaks lines where YAML 1.1 does: after CR, LF, CR LF, NEL, LS and PS.
  init(path: String, text: String) {
    self.path = path
    var lines: [[Unicode.Scalar]] = [[]]
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n" where previous == "\r": break
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
      default: lines[lines.count - 1].append(scalar)
      }
      previous = scalar
    }
    self.lines = lines
  }

  /// The text of a line counted from 1; nil if there is none or it is too long to show.
  func line(_ number: Int) -> String? {
    guard lines.indices.contains(number - 1), lines[number - 1].count <= ReadingLimits.shownLineMax else { return nil }
    return String(String.UnicodeScalarView(lines[number - 1]))
  }

  /// How many characters a plain or quoted scalar that begins here takes on its line.
  func scalarLength(line: Int, column: Int, text: String, isQuoted: Bool) -> Int {
    guard lines.indices.contains(line - 1) else { return 1 }
    let rest = lines[line - 1].dropFirst(column - 1)
    guard isQuoted, let quote = rest.first else { return max(1, min(text.unicodeScalars.count, rest.count)) }
    var previous: Unicode.Scalar = " "
    for (offset, scalar) in rest.enumerated().dropFirst() {
      if scalar == quote, previous != "\\" { return offset + 1 }
      previous = previous == "\\" ? " " : scalar
    }
    return max(1, rest.count)
  }
}
