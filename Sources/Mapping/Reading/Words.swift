/// The words that one place of a file knows, each with a sentence: the checker refuses all others, and
/// `mapping.schema.json` offers them while a person types.
protocol FileWord: RawRepresentable<String>, CaseIterable, Sendable {
  /// One sentence for people.
  var about: String { get }
}

extension FileWord {
  static var words: [String] { allCases.map(\.rawValue) }
}

/// The keys of a dialect's file.
enum DialectKey: String, FileWord {
  case dialect, about, extends, match, secondary, kind, error, properties, constants, drop

  var about: String {
    switch self {
    case .dialect: "The dialect's name, the same as the file's without '.yaml'."
    case .about: "One sentence: whose spans these are."
    case .extends: "Another dialect whose rules fill what these leave unset."
    case .match: "How its spans are recognised. Without it no span is; others may extend it all the same."
    case .secondary: "true: its calls tell again what others tell with content; they are never the one that is kept."
    case .kind: "What a span is: the first line that holds decides."
    case .error: "What failed although the span's status does not say so, and what the error says."
    case .properties: "Where each property comes from: the first source that is present wins."
    case .constants: "Properties that always have the same value, and switches such as cache_reporting."
    case .drop: "Attributes that never go out: 'name', 'prefix.*', 'resource:name', 'resource:prefix.*'."
    }
  }
}

/// The keys of a file in `overlays/`.
enum OverlayKey: String, FileWord {
  case overlay, about, match, kind, error, properties, constants, drop, keep, tables, order
  case privacy, rules

  var about: String {
    switch self {
    case .overlay: "What it changes: a dialect's name, or properties, values, dialects or redaction for that file."
    case .about: "One sentence: what it is for."
    case .match: "Another condition in place of the dialect's, or {or: condition}, {and: condition} beside it."
    case .kind: "Other lines in place of the dialect's, or {before: lines, after: lines} around them."
    case .error: "In place of the dialect's, or none."
    case .properties: "Rules that take the place of the dialect's, {before: …, after: …} around them, or none."
    case .constants: "Constants beside the dialect's or in place of them; none takes one away."
    case .drop: "Further attributes that never go out."
    case .keep:
      "Entries of the dialect's 'drop' that no longer hold; of redaction, further properties that privacy lets out."
    case .tables: "Entries beside those of values.yaml or in place of them, table by table."
    case .order: "Another order of dialects, or {before: names, after: names} around it."
    case .privacy: "In place of that of redaction.yaml."
    case .rules:
      "Redaction rules in place of all, or {before: rules, after: rules} around them; a rule's name gives another in its place, or none."
    }
  }

  /// Whether a file that changes a dialect, or one of the other files, may have it.
  func fits(_ target: OverlayTarget) -> Bool {
    switch self {
    case .overlay, .about: true
    case .match, .kind, .error, .constants, .drop: target == .dialect
    case .keep: target == .dialect || target == .redaction
    case .privacy, .rules: target == .redaction
    case .properties: target == .dialect || target == .properties
    case .tables: target == .values
    case .order: target == .dialects
    }
  }
}

/// What an overlay changes.
enum OverlayTarget: String, CaseIterable {
  case dialect, properties, values, dialects, redaction

  /// The file is known by its name; every other name is a dialect's.
  init(named name: String) { self = OverlayTarget(rawValue: name).flatMap { $0 == .dialect ? nil : $0 } ?? .dialect }
}

/// The keys of a property in properties.yaml.
enum PropertyKey: String, FileWord {
  case type, about, also, parameter, on

  var about: String {
    switch self {
    case .type: "How a value is converted."
    case .about: "One sentence for people."
    case .also: "Further names under which the same value goes out."
    case .parameter: "Its name inside $ai_model_parameters."
    case .on: "The events that carry it; all of them without this."
    }
  }
}

/// The keys of `error`.
enum ErrorKey: String, FileWord {
  case when, message

  var about: String {
    switch self {
    case .when: "The condition under which a span has failed, whatever its status."
    case .message: "A rule for the error's text; where it says nothing, the exception tells, or the status."
    }
  }
}

/// The keys of a line of `kind`.
enum KindKey: String, FileWord {
  case when, `is`, by, map

  var about: String {
    switch self {
    case .when: "The condition under which the span is of this kind."
    case .is: "The kind."
    case .by: "Paths whose value tells the kind."
    case .map: "The values and the kind that each means; compared without case."
    }
  }
}

/// How a path's value is compared in a condition.
enum Comparison: String, FileWord {
  case prefix, suffix, present
  case atLeast = "at_least"
  case below

  var about: String {
    switch self {
    case .prefix: "The text begins with this, or with one of these."
    case .suffix: "The text ends with this, or with one of these."
    case .present: "true: it is there; false: it is not."
    case .atLeast: "Its version is this or later, compared number by number."
    case .below: "Its version is earlier than this, compared number by number."
    }
  }
}

/// Constants that are no properties but tell the code something.
enum Switch: String, FileWord {
  case cacheReporting = "cache_reporting"

  var about: String {
    switch self {
    case .cacheReporting: "Whether input tokens include cached ones; decides what PostHog bills."
    }
  }

  /// What it may be.
  var choices: [String] {
    switch self {
    case .cacheReporting: ["inclusive", "exclusive"]
    }
  }
}

/// The words of a rule.
enum RuleWord: String, FileWord {
  case from, map, unit
  case writtenIn = "as"
  case take, split, extract, sum, minus
  case sinceStart = "since_start"
  case unwrap, role, prepend, strip, skip, const
  case fallback = "default"
  case when

  var about: String {
    switch self {
    case .from: "Where it is read: a path, or several of which the first present one wins."
    case .map: "A table of values.yaml, or one written in place; what it does not know passes unchanged."
    case .unit: "What the number counts, where that is not seconds."
    case .writtenIn: "What the number counts when it goes out, where that is not seconds."
    case .take: "Which element of a list."
    case .split: "Text to a list, at this character."
    case .extract: "The one group of this pattern; text that does not match counts as absent."
    case .sum: "The total of these paths, where at least one is present."
    case .minus: "Taken away from the sum, as far as present; never below 0."
    case .sinceStart: "true: a time, or that of the first span event of a name, as seconds since the span began."
    case .unwrap: "The member of each element that holds the value."
    case .role: "Given to messages that have none."
    case .prepend: "System instructions put before the messages unless there is a system message."
    case .strip: "What is cut from text: 'prefix*' or '*suffix'."
    case .skip: "Values that mean 'unknown'."
    case .const: "This value, where 'when' holds."
    case .fallback: "This value where the path is absent."
    case .when: "The condition under which the source counts."
    }
  }

  /// The types of property it makes sense for, and why; nil for all.
  var restriction: (types: [PropertyType], why: String)? {
    switch self {
    case .unit, .writtenIn: ([.seconds], "counts time")
    case .sinceStart: ([.seconds], "gives a time")
    case .sum, .minus: ([.int, .number, .money, .seconds], "gives a number")
    case .role, .prepend: ([.messages], "belongs to messages")
    default: nil
    }
  }
}

/// The keys of trace.yaml.
enum TraceKey: String, FileWord {
  case inherit, usage, failures, duplicates, records

  var about: String {
    switch self {
    case .inherit: "Properties that a span which does not say takes from its nearest ancestor."
    case .usage: "Properties that stay on the call: a container keeps them only where no call below it has any of them."
    case .failures: "Properties that a failed call which does not say takes from the last failed attempt below it."
    case .duplicates: "When two calls are one, and which of them is kept."
    case .records: "Log records and span events that stand for a step of their own."
    }
  }
}

/// The keys of `duplicates`.
enum DuplicateKey: String, FileWord {
  case same, nested, content

  var about: String {
    switch self {
    case .same: "Calls that agree in this property are one call."
    case .nested: "A call inside another that agrees in this property is the same call."
    case .content: "Of one call told twice, the one that has these is kept."
    }
  }
}

/// The keys of `records`.
enum RecordKey: String, FileWord {
  case calls, evaluations, steps, same, trace

  /// Whether it takes names of records; the others take properties.
  var takesNames: Bool { self != .same && self != .trace }

  var about: String {
    switch self {
    case .calls: "Names of log records that become a call where their span never came, with at most one '*'."
    case .evaluations: "Names of log records and span events that become an evaluation of their span."
    case .steps: "Names of log records that are a step of their own, of the kind that their dialect says."
    case .same: "A step's record that agrees with a span in one of these completes it, and is no step beside it."
    case .trace: "Records without a trace id that agree in this property make one trace."
    }
  }
}

/// The keys of redaction.yaml.
enum RedactionKey: String, FileWord {
  case privacy, keep, rules

  var about: String {
    switch self {
    case .privacy: "none, or no_content: prompts, answers, tool arguments and error texts stay here."
    case .keep: "Properties whose text privacy lets out beside those that it knows to be harmless."
    case .rules: "What is dropped, masked or hashed, and where."
    }
  }
}

/// The keys of a redaction rule.
enum RedactionRuleKey: String, FileWord {
  case name, action, properties, dialects, services, match

  var about: String {
    switch self {
    case .name: "What overlays know the rule by."
    case .action: "drop takes the property away, mask puts a marker, hash a digest under redaction.salt."
    case .properties: "Only in these; a name may end in *. Without match all of them."
    case .dialects: "Only in events of these dialects."
    case .services: "Only in events of these services."
    case .match: "What is looked for: a preset, or a pattern of your own."
    }
  }
}
