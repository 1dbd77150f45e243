extension MappingSchema {
  /// redaction.yaml.
  var redaction: SchemaNode {
    let members = RedactionKey.allCases.map { key -> (String, SchemaNode) in
      let value: SchemaNode =
        switch key {
        case .privacy: .words(Privacy.allCases.map(\.rawValue))
        case .keep: .oneOrMany(["type": "string"])
        case .rules: redactionRules
        }
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .map(members)
  }

  var redactionRules: SchemaNode { ["type": "array", "items": rule] }

  /// The rules of an overlay: all, or what stands around them, or in place of one.
  var overlaidRedactionRules: SchemaNode {
    .anyOf(
      redactionRules,
      [
        "type": "object", "properties": ["before": redactionRules, "after": redactionRules],
        "additionalProperties": .anyOf(rule, .words(["none"])),
      ])
  }

  private var rule: SchemaNode {
    let pattern = SchemaNode.map(
      [
        ("pattern", .text("What is looked for, a regular expression that is matched in linear time.")),
        ("name", .text("What stands in the marker in its place.")),
      ], required: ["pattern"])
    let members = RedactionRuleKey.allCases.map { key -> (String, SchemaNode) in
      let value: SchemaNode =
        switch key {
        case .name: ["type": "string"]
        case .action: .words(RedactionAction.allCases.map(\.rawValue))
        case .properties, .services, .dialects: .oneOrMany(["type": "string"])
        case .match: .oneOrMany(.anyOf(.words(Preset.allCases.map(\.rawValue)), pattern))
        }
      return (key.rawValue, ["description": .string(key.about), "allOf": [value]])
    }
    return .map(members, required: [RedactionRuleKey.action.rawValue])
  }
}
