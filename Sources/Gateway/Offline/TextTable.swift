/// Columns that line up, for terminals.
struct TextTable {
  private var rows: [[String]] = []

  var isEmpty: Bool { rows.isEmpty }

  mutating func add(_ cells: String...) { rows.append(cells) }

  /// One row a line, each behind `indent`; the last column is as wide as it is.
  func text(indent: String) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      var line = indent
      for (column, cell) in row.enumerated() {
        line += cell
        if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// Text on one line of at most so many characters, without what would move a terminal's cursor.
  static func short(_ text: String, _ charactersMax: Int) -> String {
    let printable = String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(charactersMax * 4).map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
    return printable.count > charactersMax ? "\(printable.prefix(charactersMax - 1))…" : printable
  }
}
