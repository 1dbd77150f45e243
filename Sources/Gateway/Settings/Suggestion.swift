/// "Did you mean": the known word nearest to a mistyped one.
enum Suggestion {
  /// The nearest of `known` if it is near enough to be a slip: a third of the letters at most.
  static func nearest(to word: String, in known: [String]) -> String? {
    let letters = Array(word.lowercased().utf8)
    let distances = known.map { (word: $0, distance: distance(letters, Array($0.lowercased().utf8))) }
    guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance * 3 <= letters.count else {
      return nil
    }
    return best.word
  }

  /// How many letters must be put in, taken out or replaced (Levenshtein).
  static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var row = Array(0...other.count)
    for (index, letter) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in other.indices {
        let replaced = diagonal + (letter == other[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return row[other.count]
  }
}
