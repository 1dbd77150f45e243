/// `redaction.yaml` as people write it: what never leaves. Typed and with positions, before it is compiled.
package struct RedactionRules: Sendable {
  package var privacy = Privacy.none
  /// Properties that privacy keeps beside those it knows to be harmless.
  package var keep: [String] = []
  package var rules: [RedactionRule] = []

  package init() {}
}

package enum Privacy: String, Sendable, CaseIterable {
  case none
  /// Prompts, answers, tool arguments and error texts stay here; numbers, names and ids go out.
  case noContent = "no_content"
}

package enum RedactionAction: String, Sendable, CaseIterable {
  /// The property goes, the event stays.
  case drop
  /// The text gives way to a marker.
  case mask
  /// It gives way to its HMAC under the salt.
  case hash
}

package struct RedactionRule: Sendable {
  /// What overlays know it by.
  package var name: Located<String>?
  package var action: RedactionAction
  /// Names of properties, or prefixes that end in `*`; empty means all.
  package var properties: [Located<String>] = []
  /// Only events of these dialects; empty means all.
  package var dialects: [Located<String>] = []
  /// Only events of these services (`service.name`); empty means all.
  package var services: [String] = []
  /// What is looked for; empty means the whole value.
  package var matchers: [RedactionMatcher] = []
  package var position: Position

  package init(action: RedactionAction, position: Position) {
    self.action = action
    self.position = position
  }
}

package enum RedactionMatcher: Sendable {
  case preset(Preset)
  /// A pattern that `Pattern` can compile, and what the marker calls it.
  case pattern(String, name: String)
}

/// What a person sets beside the mapping files.
package struct RedactionSettings: Sendable, Equatable {
  /// Wins over `privacy` of redaction.yaml.
  package var privacy: Privacy?
  /// The key of the hashes; nil where there is none.
  package var salt: [UInt8]?

  package init(privacy: Privacy? = nil, salt: [UInt8]? = nil) {
    self.privacy = privacy
    self.salt = salt
  }
}

/// Limits of redaction.
package enum RedactionLimits {
  /// Rules of redaction.yaml: a bit each in one word.
  package static let rulesMax = 64
  /// Patterns of all rules together: likewise.
  package static let patternsMax = 64
  /// States of the automaton that are remembered; beyond it begins anew. A few dozen serve most patterns.
  package static let statesMax = 1024
  /// How often each byte of a text may be looked at again for one pattern before the rest of the text is masked whole.
  package static let rereadsMax = 8
}
