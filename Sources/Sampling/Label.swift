/// What units are grouped by: the name of a model or of a service.
package struct Label: Sendable {
  /// Longer names are cut: these come from clients, and many are held at once. The longest model name seen is 96 bytes.
  package static let bytesMax = 200

  package let text: String
  /// Computed once, since a label is looked up more often than it is made; differs from process to process.
  let hash: Int

  package init(_ text: String) {
    self.text = text.utf8.count <= Self.bytesMax ? text : Self.cut(text)
    var hasher = Hasher()
    hasher.combine(self.text)
    hash = hasher.finalize()
  }

  /// Stands for those that a bounded table has no room for.
  package static let other = Label("(other)")

  private static func cut(_ text: String) -> String {
    var kept = ""
    var count = 0
    for character in text.unicodeScalars {
      count += UTF8.width(character)
      if count > bytesMax { break }
      kept.unicodeScalars.append(character)
    }
    return kept
  }
}

extension Label: Hashable {
  package static func == (left: Self, right: Self) -> Bool { left.hash == right.hash && left.text == right.text }
  package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
