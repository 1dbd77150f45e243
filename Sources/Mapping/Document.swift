/// A mapping set as people write it, typed and with positions: what the YAML files say once they are read and before they
/// are compiled to a `Program`. See mapping.md sections 1 to 3 for the notation.
package struct MappingSet: Sendable {
  /// The paths of the files, as people know them, in the order in which they were read; positions refer to them by index.
  package var files: [String] = []
  /// `properties.yaml`.
  package var properties: [PropertyDeclaration] = []
  /// `dialects.yaml`: the order in which dialects are tried.
  package var order: [Located<String>] = []
  /// `<dialect>.yaml`, one each.
  package var dialects: [Dialect] = []
  /// `values.yaml`.
  package var tables: [ValueTable] = []
  /// `trace.yaml`.
  package var trace = TraceRules()
  /// `redaction.yaml`.
  package var redaction = RedactionRules()
  /// What is set beside the files.
  package var redactionSettings = RedactionSettings()

  package init() {}
}

/// Where something stands: file, line and column count from 1 (`file` is an index into `MappingSet.files`).
package struct Position: Sendable, Hashable, Comparable {
  package var file: Int
  package var line: Int
  package var column: Int
  /// How many characters of the line it spans; for the carets of a diagnostic.
  package var length: Int

  package init(file: Int, line: Int, column: Int, length: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
    self.length = length
  }

  package static func < (one: Position, other: Position) -> Bool {
    (one.file, one.line, one.column) < (other.file, other.line, other.column)
  }
}

package struct Located<Value: Sendable>: Sendable {
  package var value: Value
  package var position: Position

  package init(_ value: Value, _ position: Position) {
    self.value = value
    self.position = position
  }
}

/// The types of `properties.yaml`. Conversion follows from the type.
package enum PropertyType: String, Sendable, CaseIterable {
  case string, int, number, bool, seconds, money, json, messages, tools, object, id
}

/// One property of the vocabulary.
package struct PropertyDeclaration: Sendable {
  package var name: String
  package var type: PropertyType
  /// One sentence for people.
  package var about: String
  /// `also`: further names under which the same value goes out.
  package var also: [String] = []
  /// `parameter`: its name inside `$ai_model_parameters`.
  package var parameter: String?
  /// `on`: the events that may carry it; empty means all.
  package var on: [EventName] = []
  package var position: Position

  package init(name: String, type: PropertyType, about: String, position: Position) {
    self.name = name
    self.type = type
    self.about = about
    self.position = position
  }
}

/// The events of PostHog's AI lane that spans become.
package enum EventName: String, Sendable, CaseIterable {
  case generation = "$ai_generation"
  case embedding = "$ai_embedding"
  case span = "$ai_span"
  case trace = "$ai_trace"
  case evaluation = "$ai_evaluation"
}

/// What a span is. The event name follows from it.
package enum Kind: String, Sendable, CaseIterable {
  case generation, embedding, tool, retrieval, agent, chain, evaluation, memory, other
  case notAI = "not_ai"
}

/// A shared enum table: text to text, keys compared without case.
package struct ValueTable: Sendable {
  package var name: String
  package var entries: [(key: String, value: String)]
  package var position: Position

  package init(name: String, entries: [(key: String, value: String)], position: Position) {
    self.name = name
    self.entries = entries
    self.position = position
  }
}

/// What is decided between the spans of a trace (mapping.md section 6). Properties and records by their names.
package struct TraceRules: Sendable {
  /// `inherit`: properties that a span which does not say takes from its nearest ancestor.
  package var inherit: [Located<String>] = []
  /// `usage`: properties that stay on the call; a container keeps them only if no call below it has any of them.
  package var usage: [Located<String>] = []
  /// `failures`: properties that a failed call which does not say takes from the last failed attempt below it.
  package var failures: [Located<String>] = []
  /// `duplicates.same`: calls that agree in it are one call.
  package var same: Located<String>?
  /// `duplicates.nested`: a call inside another that agrees in it is the same call.
  package var nested: Located<String>?
  /// `duplicates.content`: of one call told twice, the one that has these is kept.
  package var content: [Located<String>] = []
  /// `records.calls`: log records that become a call where their span never came.
  package var callRecords: [Located<String>] = []
  /// `records.evaluations`: log records and span events that become an evaluation of their span.
  package var evaluationRecords: [Located<String>] = []
  /// `records.steps`: log records that are a step of the kind that their dialect says.
  package var stepRecords: [Located<String>] = []
  /// `records.same`: a step's record that agrees with a span in one of these completes it.
  package var recordSame: [Located<String>] = []
  /// `records.trace`: records without a trace id that agree in it make one trace.
  package var recordTrace: Located<String>?

  package init() {}
}

/// One dialect file.
package struct Dialect: Sendable {
  package var name: Located<String>
  package var about: String = ""
  /// Rules of this dialect come first, those of the one it extends fill what they leave unset.
  package var extends: Located<String>?
  /// How its spans are recognised; nil never matches (a base for others).
  package var match: Condition?
  /// Where that is said.
  package var matchPosition: Position?
  package var kinds: [KindRule] = []
  package var error: ErrorRule?
  package var properties: [PropertyRule] = []
  /// Rules that overlays put last: asked when this dialect and those it extends have said nothing.
  package var lastRules: [PropertyRule] = []
  /// Constant properties and, under names without `$`, switches such as `cache_reporting`; nil takes away what an
  /// extended dialect says.
  package var constants: [(name: Located<String>, value: Literal?)] = []
  /// Attribute names, or prefixes ending in `.*`, that never become `otel.*`.
  package var drop: [Located<String>] = []
  /// Its spans tell again, from further inside, what others tell with content: a provider's own SDK.
  package var isSecondary = false

  package init(name: Located<String>) { self.name = name }
}

/// A scalar of YAML.
package enum Literal: Sendable, Equatable {
  case string(String)
  case int(Int64)
  case number(Double)
  case bool(Bool)
}

/// A test on one span.
package indirect enum Condition: Sendable, Equatable {
  case any([Condition])
  case all([Condition])
  case not(Condition)
  /// The path is present (mapping.md section 2).
  case present(Path)
  /// The path's value, as text, equals one of these (`{path: value}`, `{path: [values]}`).
  case equals(Path, [Literal])
  /// The path's text begins with one of these (`{path: {prefix: text}}`).
  case prefix(Path, [String])
  /// The path's text ends with one of these (`{path: {suffix: text}}`).
  case suffix(Path, [String])
  /// The path's dotted version is at least this (`{path: {at_least: 1.37}}`), compared number by number after any
  /// leading non-digits of its last path component.
  case atLeast(Path, String)
  /// The path's dotted version is below this (`{path: {below: 1.37}}`).
  case below(Path, String)
}

/// One line of `kind:`: either `{when: …, is: kind}` or `{by: path, map: {value: kind}}`.
package enum KindRule: Sendable {
  case when(Condition, Kind, Position)
  case by([Path], [(value: String, kind: Kind)], Position)
}

/// What a rule says: its sources, and whether `none` ends it.
package struct RuleSources: Sendable {
  package var sources: [Source] = []
  package var isFinal = false
}

/// `error: {when: …, message: …}`: failures that the span's status does not tell, and the text of an error.
package struct ErrorRule: Sendable {
  package var when: Located<Condition>?
  package var messages = RuleSources()

  package init() {}
}

/// One property and where it comes from: the first source that is present wins.
package struct PropertyRule: Sendable {
  package var property: Located<String>
  package var sources: [Source]
  /// `none` at its end: what the dialect extends is not asked.
  package var isFinal: Bool

  package init(property: Located<String>, sources: [Source], isFinal: Bool = false) {
    self.property = property
    self.sources = sources
    self.isFinal = isFinal
  }
}

/// One source of a property: where it is read and how it is changed on the way.
package struct Source: Sendable {
  /// Several paths in one `from` list share the words that follow; each becomes a `Source` of its own.
  /// Nil for a source that is only a `const` or a `sum`.
  package var path: Path?
  /// `map`: a table of values.yaml, or one written in place; a value the table does not know passes unchanged.
  package var table: ValueTable?
  /// `unit`: what the number counts, for times.
  package var unit: TimeUnit?
  /// `as`: what it counts when it goes out; nil for seconds.
  package var writtenIn: TimeUnit?
  /// `take`: which element of a list.
  package var take: Take?
  /// `split`: text to a list, at this separator.
  package var split: String?
  /// `extract`: the one group of this pattern.
  package var extract: String?
  /// `sum`: the total of these, where at least one is present.
  package var sum: [Path] = []
  /// `minus`: what is taken away from the sum, as far as it is present; never below 0.
  package var minus: [Path] = []
  /// `since_start`: a time, as seconds since the span began.
  package var sinceStart = false
  /// `unwrap`: the member of each element that holds the value.
  package var unwrap: String?
  /// `role`: given to messages that have none.
  package var role: MessageRole?
  /// `prepend`: system instructions put before the messages unless there is a system message.
  package var prepend: [Path] = []
  /// `strip`: prefixes (`text*`) or suffixes (`*text`) cut from text.
  package var strip: [String] = []
  /// `skip`: values that mean "unknown".
  package var skip: [Literal] = []
  /// `const`: this value, where `when` holds.
  package var const: Literal?
  /// `default`: this value where the path is absent.
  package var fallback: Literal?
  /// `when`: the source counts only where this holds.
  package var when: Condition?
  package var position: Position

  package init(path: Path?, position: Position) {
    self.path = path
    self.position = position
  }
}

package enum TimeUnit: String, Sendable, CaseIterable {
  case nanoseconds = "ns"
  case microseconds = "us"
  case milliseconds = "ms"
  case seconds = "s"
}

/// The roles that messages may have.
package enum MessageRole: String, Sendable, CaseIterable {
  case user, assistant, system, tool
}

package enum Take: String, Sendable, CaseIterable {
  case first, last
}

/// Where a value is read (mapping.md section 2).
package struct Path: Sendable, Hashable {
  package enum Place: Sendable, Hashable {
    /// An attribute of the span (or of a log record, for calls that have no span).
    case attribute
    case resource
    /// `scope:name`, `scope:version`, `scope:schema_url`, or an attribute of the scope.
    case scope
    /// `span:name|kind|status|status_message|duration`.
    case span
    /// Span events of this name (last one for a scalar; the list of all for messages).
    case event(String)
    /// Log records joined to the span, of this event name.
    case log(String)
  }

  package enum Shape: Sendable, Hashable {
    /// The attribute itself.
    case single
    /// `name.*`: an indexed family, gathered to a list of objects; `name` is the prefix with its final dot.
    case gather
    /// `name.**`: everything below the prefix, as one object; `name` is the prefix with its final dot.
    case object
  }

  package var place: Place = .attribute
  /// The attribute's name or the family's prefix. For `event:` and `log:` what follows the `#`; empty means the whole.
  package var name: String
  package var shape: Shape = .single
  /// The segments of a JSON pointer after `#/`; `*` maps over a list.
  package var pointer: [String] = []

  package init(place: Place = .attribute, name: String, shape: Shape = .single, pointer: [String] = []) {
    self.place = place
    self.name = name
    self.shape = shape
    self.pointer = pointer
  }
}
