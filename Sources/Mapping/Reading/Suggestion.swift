/// Finding the name that was probably meant.
enum Suggestion {
  /// The nearest of the candidates, if it is near enough to be a slip of the fingers.
  static func nearest(to name: String, of candidates: some Sequence<String>) -> String? {
    let wanted = Array(name.unicodeScalars)
    guard wanted.count <= ReadingLimits.suggestedNameMax else { return nil }
    // A third of the letters wrong is another word.
    var best = max(1, wanted.count / 3) + 1
    var found: String?
    for candidate in candidates where candidate != name {
      let letters = Array(candidate.unicodeScalars)
      guard letters.count <= ReadingLimits.suggestedNameMax, abs(letters.count - wanted.count) < best else { continue }
      let distance = distance(wanted, letters)
      if distance < best { (best, found) = (distance, candidate) }
    }
    return found
  }

  /// Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other (the optimal
  /// string alignment distance).
  static func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for (row, letter) in one.enumerated() {
      var current = [row + 1]
      for (column, candidate) in other.enumerated() {
        var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == candidate ? 0 : 1))
        if row > 0, column > 0, letter == other[column - 1], one[row - 1] == candidate {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      (beforeLast, last) = (last, current)
    }
    return last[other.count]
  }
}
