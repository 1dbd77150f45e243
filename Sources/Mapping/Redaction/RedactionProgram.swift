import Bytes

/// Compiled redaction rules, shared by all mappers.
package final class RedactionProgram: Sendable {
  struct Rule: Sendable {
    /// Its place among all, and where it stands.
    var number: Int
    var position: Position
    var action: RedactionAction
    /// Names of properties, or prefixes; empty means all.
    var names: [PropertyName]
    /// Places among `Program.dialects`; nil means all.
    var dialects: [Int]?
    var services: [[UInt8]]
    /// Bits of the presets and patterns that are looked for; none of either means the whole value.
    var presets: UInt8 = 0
    var patterns: UInt64 = 0

    var isWhole: Bool { presets == 0 && patterns == 0 }

    func looksFor(_ matcher: Int) -> Bool {
      let presetCount = Preset.allCases.count
      return matcher < presetCount
        ? presets >> UInt8(matcher) & 1 == 1 : patterns >> UInt64(matcher - presetCount) & 1 == 1
    }

    func names(_ bytes: ByteSpan, _ name: Slice) -> Bool {
      names.isEmpty || names.contains { $0.matches(bytes, name) }
    }
  }

  let rules: [Rule]
  let patterns: [Pattern]
  let patternSet: PatternSet
  /// What markers call each preset and pattern.
  let labels: [[UInt8]]
  let privacy: Privacy
  let keep: [PropertyName]
  let salt: [UInt8]?
  /// Whether all that is looked for is what `SecretHint` knows.
  let hintsSuffice: Bool
  let asksService: Bool

  /// Nil if nothing is to be done.
  init?(_ document: RedactionRules, salt: [UInt8]?, dialects: [String]) {
    if document.rules.isEmpty, document.privacy == .none { return nil }
    var rules: [Rule] = []
    var patterns: [Pattern] = []
    var labels = Preset.allCases.map { Array($0.rawValue.utf8) }
    for written in document.rules.prefix(RedactionLimits.rulesMax) {
      var rule = Rule(
        number: rules.count, position: written.position, action: written.action,
        names: written.properties.map { PropertyName($0.value) },
        dialects: written.dialects.isEmpty
          ? nil : written.dialects.compactMap { name in dialects.firstIndex(of: name.value) },
        services: written.services.map { Array($0.utf8) })
      for matcher in written.matchers {
        switch matcher {
        case .preset(let preset): rule.presets |= preset.bit
        case .pattern(let text, let name):
          guard patterns.count < RedactionLimits.patternsMax,
            let pattern = try? Pattern(text, needsGroup: false)
          else { continue }
          rule.patterns |= 1 << UInt64(patterns.count)
          patterns.append(pattern)
          labels.append(Array(name.utf8))
        }
      }
      rules.append(rule)
    }
    self.rules = rules
    self.patterns = patterns
    self.labels = labels
    self.salt = salt
    patternSet = PatternSet(patterns)
    privacy = document.privacy
    keep = document.keep.map { PropertyName($0) }
    hintsSuffice =
      privacy == .none && rules.allSatisfy { !$0.isWhole && $0.patterns == 0 && $0.presets & ~Preset.secrets == 0 }
    asksService = rules.contains { !$0.services.isEmpty }
  }

  /// The rules that count for a dialect's event of a service; a dialect of -1 is that of text without one.
  func active(dialect: Int, service: [UInt8]) -> [Rule] {
    rules.filter { rule in
      rule.dialects?.contains(dialect) != false && (rule.services.isEmpty || rule.services.contains(service))
    }
  }
}

/// A property's name, or how it begins.
struct PropertyName: Sendable {
  private let bytes: [UInt8]
  private let isPrefix: Bool

  init(_ written: String) {
    isPrefix = written.hasSuffix("*")
    bytes = Array((isPrefix ? written.dropLast() : written[...]).utf8)
  }

  func matches(_ text: ByteSpan, _ name: Slice) -> Bool {
    isPrefix ? text.starts(name, with: bytes) : text.equals(name, bytes)
  }
}

extension Program {
  /// Whether content may not leave the gateway (`privacy: no_content`).
  package var keepsContent: Bool { redaction?.privacy == .noContent }
}
