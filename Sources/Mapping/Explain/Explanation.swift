/// Why an event looks as it does: what `hoglet explain` shows.
package struct EventExplanation: Sendable {
  package var event: String
  package var trace: String
  package var span: String
  package var spanName: String
  /// The dialect that knew the span, and where its `match` stands.
  package var dialect: Named
  /// The kind, and the line of `kind` that said so.
  package var kind: Named
  /// Whose event it is.
  package var user: PropertyExplanation
  /// What was decided between the spans of the trace.
  package var decisions: [String] = []
  /// In the order of the event.
  package var properties: [PropertyExplanation] = []
  /// Properties that a source was found for and that are not in the event, each with the reason.
  package var withheld: [PropertyExplanation] = []
  /// Properties that no source was found for.
  package var unset: [String] = []
  /// Attributes that do not go out, and the `drop` that says so.
  package var dropped: [Named] = []

  /// What redaction did.
  package var redacted: [Redaction] = []

  /// A property that redaction changed or dropped.
  package struct Redaction: Sendable, Equatable {
    package var property: String
    package var action: RedactionAction
    /// The preset or pattern, or "property" where a rule takes the whole value, or "privacy".
    package var found: String
    /// `file:line:column` of the rule; nil for what is no rule.
    package var place: String?
  }

  package struct Named: Sendable {
    package var name: String
    /// `file:line:column`; nil for what stands in no file.
    package var place: String?
  }
}

package struct PropertyExplanation: Sendable {
  package var name: String
  /// As JSON, whole.
  package var value: String
  package var origin: Origin
  /// Sources that were asked before and said nothing.
  package var passedOver: [PassedOver] = []

  package enum Origin: Sendable {
    /// A source of a rule.
    case source(EventExplanation.Named)
    /// The same, of another span.
    case otherSpan(EventExplanation.Named, span: String, why: String)
    case constant(place: String?)
    /// The same value as that of another property, under a further name.
    case also(of: String)
    /// Not from a rule; the text says from what.
    case computed(String)
    /// An attribute that nothing consumed.
    case leftOver(attribute: String)
  }

  package struct PassedOver: Sendable {
    package var source: EventExplanation.Named
    package var reason: Reason
  }

  package enum Reason: String, Sendable {
    case absent = "absent"
    case condition = "its 'when' does not hold"
    case refused = "there, but its words make nothing of it"
    case unfit = "there, but not of the property's type"
  }
}
