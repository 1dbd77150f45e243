/// What redaction did: counted always, and told property by property where somebody asks why.
struct RedactionRecord {
  /// One property that was changed or dropped.
  struct Note: Equatable {
    var property: String
    var action: RedactionAction
    /// The preset, the pattern's name, or what else it was for.
    var found: String
    /// The rule's place among all; nil where none was needed.
    var rule: Int?
  }

  struct Kind: Hashable {
    var action: RedactionAction
    var found: String
  }

  var counts: [Kind: Int] = [:]
  /// Nil while nobody asks.
  var notes: [Note]?

  /// The whole value, by a rule that names the property.
  static let property = "property"
  static let privacy = "privacy"
  /// By its markers the event would have become too large.
  static let size = "size"

  mutating func add(_ action: RedactionAction, _ found: String, rule: Int?, _ property: @autoclosure () -> String) {
    counts[Kind(action: action, found: found), default: 0] += 1
    guard notes != nil else { return }
    let note = Note(property: property(), action: action, found: found, rule: rule)
    if notes?.contains(note) == false { notes?.append(note) }
  }
}
