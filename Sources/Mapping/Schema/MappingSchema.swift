/// `mapping.schema.json`: what may stand in mapping files, for editors that complete and explain while a person types.
/// Made from the tables that the checker reads with, for the vocabulary, tables and dialects of one set.
package struct MappingSchema {
  private let mappings: MappingSet

  package init(_ set: MappingSet) { mappings = set }

  /// The schema as JSON, draft-07: what editors' language servers know.
  package var text: String { root.text }

  /// One schema for all files: which of them it is shows in the keys they begin with.
  private var root: SchemaNode {
    [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Mapping files of Hoglet",
      "type": "object",
      // Offered in an empty file.
      "properties": [
        "dialect": .text(DialectKey.dialect.about), "overlay": .text(OverlayKey.overlay.about),
        "order": ["description": "dialects.yaml: the order in which dialects are tried."],
        "duplicates": ["description": .string("trace.yaml: " + TraceKey.duplicates.about)],
        "rules": ["description": .string("redaction.yaml: " + RedactionKey.rules.about)],
      ],
      "allOf": .array(files.map { file in ["if": file.test, "then": file.schema] }),
      "definitions": .object(definitions),
    ]
  }

  /// The kinds of files, each with the test by which it is told from the others.
  private var files: [(test: SchemaNode, schema: SchemaNode)] {
    let named: [(key: String, schema: SchemaNode)] = [
      (DialectKey.dialect.rawValue, .ref("dialect")),
      (OverlayKey.overlay.rawValue, .ref("overlay")),
      ("order", .ref("dialects")),
      (TraceKey.duplicates.rawValue, .ref("trace")),
      (RedactionKey.rules.rawValue, .ref("redaction")),
    ]
    let keys = SchemaNode.array(named.map { ["required": [.string($0.key)]] })
    // Overlays have an order too.
    var files: [(test: SchemaNode, schema: SchemaNode)] = named.enumerated().map { number, file in
      let earlier = SchemaNode.array(named[..<number].map { ["required": [.string($0.key)]] })
      let test: SchemaNode = ["required": [.string(file.key)]]
      return (number == 0 ? test : ["allOf": [test, ["not": ["anyOf": earlier]]]], file.schema)
    }
    files.append((["not": ["anyOf": keys]], .ref("propertiesOrValues")))
    return files
  }

  private var definitions: [(String, SchemaNode)] {
    notation + rules + [
      ("dialect", dialect), ("overlay", overlay), ("kinds", kinds), ("error", error),
      ("constants", constants),
      ("dialects", .map([("order", .ref("dialectNames", "The first dialect whose match holds names a span's."))])),
      ("trace", trace), ("redaction", redaction),
      ("dialectNames", ["type": "array", "items": dialectName]),
      ("declaration", declaration),
      (
        "propertiesOrValues",
        [
          "patternProperties": ["^[$]": .ref("declaration")],
          "additionalProperties": .anyOf(.ref("declaration"), .ref("table")),
        ]
      ),
    ]
  }

  private var dialectName: SchemaNode {
    .anyOf(.words(mappings.dialects.filter { $0.match != nil }.map(\.name.value).sorted()), ["type": "string"])
  }

  // MARK: Paths, values, conditions

  private var notation: [(String, SchemaNode)] {
    [
      (
        "path",
        [
          "description": .string(Path.about), "type": "string", "minLength": .int(1),
          "maxLength": .int(ReadingLimits.pathBytesMax), "examples": .array(Path.examples.map { .string($0) }),
        ]
      ),
      ("paths", .oneOrMany(.ref("path"))),
      ("scalar", ["type": ["string", "number", "boolean"]]),
      (
        "table",
        [
          "type": "object", "minProperties": .int(1),
          "additionalProperties": ["type": ["string", "number", "boolean"]],
        ]
      ),
      ("condition", condition),
      ("comparison", comparison),
      ("drops", .oneOrMany(.text("'name', 'prefix.*', 'resource:name' or 'resource:prefix.*'."))),
    ]
  }

  private var condition: SchemaNode {
    let list: SchemaNode = ["type": "array", "minItems": .int(1), "items": .ref("condition")]
    return [
      "description": "A path: it is present. A list: any of these. A map: all of these, {path: value or values}.",
      "anyOf": [
        .ref("path"), list,
        [
          "type": "object", "minProperties": .int(1),
          "properties": [
            "any": .object([("description", "One of these holds."), ("allOf", [list])]),
            "all": .object([("description", "All of these hold."), ("allOf", [list])]),
            "not": .ref("condition", "This does not hold."),
          ],
          "additionalProperties": .anyOf(.ref("comparison"), .oneOrMany(.ref("scalar"))),
        ],
      ],
    ]
  }

  private var comparison: SchemaNode {
    let members = Comparison.allCases.map { word -> (String, SchemaNode) in
      let value: SchemaNode =
        switch word {
        case .prefix, .suffix: .oneOrMany(["type": ["string", "number"]])
        case .present: ["type": "boolean"]
        case .atLeast, .below: ["type": ["string", "number"]]
        }
      return (word.rawValue, ["description": .string(word.about), "allOf": [value]])
    }
    return .map(members, ("minProperties", .int(1)))
  }

  // MARK: Files

  private var dialect: SchemaNode {
    let members = DialectKey.allCases.map { key -> (String, SchemaNode) in
      let value: SchemaNode =
        switch key {
        case .dialect, .about: ["type": "string"]
        case .extends: .anyOf(.words(mappings.dialects.map(\.name.value).sorted()), ["type": "string"])
        case .match: .ref("condition")
        case .secondary: ["type": "boolean"]
        case .kind: .ref("kinds")
        case .error: .ref("error")
        case .properties: .ref("rules")
        case .constants: .ref("constants")
        case .drop: .ref("drops")
        }
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .map(members, required: [DialectKey.dialect.rawValue])
  }

  private var trace: SchemaNode {
    let property = SchemaNode.words(mappings.properties.map(\.name))
    let members = TraceKey.allCases.map { key -> (String, SchemaNode) in
      let value: SchemaNode =
        switch key {
        case .inherit, .usage, .failures: .oneOrMany(property)
        case .duplicates:
          .map(
            DuplicateKey.allCases.map { word in
              let value = word == .content ? SchemaNode.oneOrMany(property) : property
              return (word.rawValue, ["description": .string(word.about), "allOf": [value]])
            })
        case .records:
          .map(
            RecordKey.allCases.map { word in
              let named = word.takesNames ? SchemaNode.oneOrMany(["type": "string"]) : .oneOrMany(property)
              let value = word == .trace ? property : named
              return (word.rawValue, ["description": .string(word.about), "allOf": [value]])
            })
        }
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .map(members)
  }

  private var overlay: SchemaNode {
    let members = OverlayKey.allCases.map { key -> (String, SchemaNode) in
      let value: SchemaNode =
        switch key {
        case .overlay: .anyOf(.words(targets), ["type": "string"])
        case .about: ["type": "string"]
        case .match:
          .anyOf(
            .words([Self.none]), .map([("or", .ref("condition"))]), .map([("and", .ref("condition"))]),
            .ref("condition"))
        case .kind: aroundOrInstead("kinds")
        case .error: .anyOf(.words([Self.none]), .ref("error"))
        case .properties:
          .anyOf(.ref("overlayRules"), ["additionalProperties": .anyOf(.words([Self.none]), .ref("declaration"))])
        case .constants: .ref("constants")
        case .drop, .keep: .ref("drops")
        case .tables: tables
        case .order: aroundOrInstead("dialectNames")
        case .privacy: .words(Privacy.allCases.map(\.rawValue))
        case .rules: overlaidRedactionRules
        }
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .map(members, required: [OverlayKey.overlay.rawValue])
  }

  private var targets: [String] {
    mappings.dialects.map(\.name.value).sorted() + OverlayTarget.allCases.filter { $0 != .dialect }.map(\.rawValue)
  }

  private var tables: SchemaNode {
    let known = mappings.tables.map { ($0.name, SchemaNode.ref("table")) }
    return ["type": "object", "properties": .object(known), "additionalProperties": .ref("table")]
  }

  private func aroundOrInstead(_ name: String) -> SchemaNode {
    .anyOf(
      .map([
        ("before", .ref(name, "Before what is there.")), ("after", .ref(name, "After what is there.")),
      ]), .ref(name))
  }

  private var kinds: SchemaNode {
    let kind = SchemaNode.words(Kind.allCases.map(\.rawValue))
    func member(_ key: KindKey, _ value: SchemaNode) -> (String, SchemaNode) {
      (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    let map: SchemaNode = ["type": "object", "minProperties": .int(1), "additionalProperties": kind]
    return [
      "type": "array",
      "items": .anyOf(
        .map([member(.when, .ref("condition")), member(.is, kind)], required: ["when", "is"]),
        .map([member(.by, .ref("paths")), member(.map, map)], required: ["by", "map"])),
    ]
  }

  private var error: SchemaNode {
    let members = ErrorKey.allCases.map { key -> (String, SchemaNode) in
      let value = SchemaNode.ref(key == .when ? "condition" : "rule-string")
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .map(members, ("minProperties", .int(1)))
  }

  private var constants: SchemaNode {
    var members = mappings.properties.map { property -> (String, SchemaNode) in
      (property.name, ["description": .string(property.sentence), "allOf": [property.type.constant]])
    }
    members += Switch.allCases.map { word in
      (
        word.rawValue,
        ["description": .string(word.about), "enum": .array((word.choices + [Self.none]).map { .string($0) })]
      )
    }
    return .map(members)
  }

  private var declaration: SchemaNode {
    let type = SchemaNode.array(
      PropertyType.allCases.map { ["const": .string($0.rawValue), "description": .string($0.about)] })
    let members = PropertyKey.allCases.map { key -> (String, SchemaNode) in
      let value: SchemaNode =
        switch key {
        case .type: ["oneOf": type]
        case .about, .parameter: ["type": "string"]
        case .also: .oneOrMany(["type": "string"])
        case .on: .oneOrMany(.words(EventName.allCases.map(\.rawValue)))
        }
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .anyOf(["oneOf": type], .map(members, required: [PropertyKey.type.rawValue]))
  }

  // MARK: Rules

  private static let none = "none"

  private var rules: [(String, SchemaNode)] {
    let types = PropertyType.allCases
    let each = mappings.properties.map { property in
      (property.name, SchemaNode.ref("rule-\(property.type.rawValue)", property.sentence))
    }
    let changes = mappings.properties.map { property in
      (property.name, SchemaNode.ref("change-\(property.type.rawValue)", property.sentence))
    }
    return types.map { ("source-\($0.rawValue)", source(of: $0)) }
      + types.map { ("rule-\($0.rawValue)", rule(of: $0)) }
      + types.map { ("change-\($0.rawValue)", change(of: $0)) }
      + [("rules", .map(each)), ("overlayRules", .map(changes))]
  }

  private func rule(of type: PropertyType) -> SchemaNode {
    let one = SchemaNode.ref("source-\(type.rawValue)")
    return .anyOf(one, ["type": "array", "minItems": .int(1), "items": one])
  }

  private func change(of type: PropertyType) -> SchemaNode { aroundOrInstead("rule-\(type.rawValue)") }

  /// A path, a map of the words that make sense for the type, or `none`.
  private func source(of type: PropertyType) -> SchemaNode {
    let words = RuleWord.allCases.filter { $0.restriction?.types.contains(type) != false }
    let members = words.map { word in
      (word.rawValue, SchemaNode.object([("description", .string(word.about)), ("allOf", [value(of: word, type)])]))
    }
    let origins: SchemaNode = .array(
      words.filter(\.isOrigin).map { ["required": [.string($0.rawValue)]] })
    return .anyOf(
      .ref("path"), ["const": .string(Self.none), "description": "Nobody else is asked."],
      .map(members, ("oneOf", origins)))
  }

  private func value(of word: RuleWord, _ type: PropertyType) -> SchemaNode {
    switch word {
    case .from, .sum, .minus, .prepend: .ref("paths")
    case .map: .anyOf(.words(mappings.tables.map(\.name)), .ref("table"))
    case .unit, .writtenIn: .words(TimeUnit.allCases.map(\.rawValue))
    case .take: .words(Take.allCases.map(\.rawValue))
    case .split: ["type": "string", "minLength": .int(1), "maxLength": .int(1)]
    case .role: .words(MessageRole.allCases.map(\.rawValue))
    case .extract, .unwrap: ["type": "string", "minLength": .int(1)]
    case .sinceStart: ["type": "boolean"]
    case .strip: .oneOrMany(["type": "string", "pattern": #"^(\*[^*]+|[^*]+\*)$"#])
    case .skip: .oneOrMany(.ref("scalar"))
    case .const, .fallback: type.constant
    case .when: .ref("condition")
    }
  }
}

extension PropertyDeclaration {
  /// What an editor shows beside the name.
  fileprivate var sentence: String { about.isEmpty ? "(\(type.rawValue))" : "\(about) (\(type.rawValue))" }
}

extension PropertyType {
  fileprivate var about: String {
    switch self {
    case .string: "Text."
    case .int: "A whole number."
    case .number: "A number."
    case .bool: "true or false."
    case .seconds: "A time, in seconds."
    case .money: "US dollars."
    case .json: "A structure, or text."
    case .messages: "Messages of a conversation, brought into one form."
    case .tools: "Definitions of tools, in OpenAI's form."
    case .object: "A map."
    case .id: "An identifier: text that is never changed."
    }
  }

  /// What a constant of this type may be.
  fileprivate var constant: SchemaNode {
    switch self {
    case .int: .anyOf(["type": "integer"], .words(["none"]))
    case .number, .seconds, .money: .anyOf(["type": "number"], .words(["none"]))
    case .bool: .anyOf(["type": "boolean"], .words(["none"]))
    case .tools, .object: .words(["none"])
    case .string, .id, .json, .messages: ["type": ["string", "number", "boolean"]]
    }
  }
}

extension Path {
  fileprivate static var about: String {
    "An attribute's name, or resource:NAME, scope:name, scope:version, span:name, event:NAME#ATTRIBUTE, "
      + "log:NAME#ATTRIBUTE, log:NAME#body; family.* and family.** gather; #/a/0/* points into JSON."
  }

  fileprivate static var examples: [String] {
    Self.spanFields.map { "span:\($0)" } + [
      "scope:name", "scope:version", "scope:schema_url", "resource:service.name", "event:exception#exception.type",
      "log:gen_ai.choice#body",
    ]
  }
}

extension RuleWord {
  /// Whether it says where the value comes from; a rule has one of these.
  var isOrigin: Bool { self == .from || self == .sum || self == .const }
}
