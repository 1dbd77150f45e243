import Bytes
import Codec
import Mapping
import Sampling

/// Reads policies: YAML, or JSON, which is YAML too, to a `SamplingPolicy`, and everything that is wrong with it at once.
struct PolicyReader {
  let path: String
  let signatures: Signatures
  private var diagnostics: [Diagnostic] = []
  /// What was read.
  private(set) var document: JSONValue = [:]
  /// Where the fields stand that the problems of a policy name.
  private var places: [String: YAMLNode] = [:]

  /// Words of the simple face; a policy has those of one face.
  static let rateWords = [
    "global_rate", "sampling_rate", "severity_rates", "pattern_rates", "max_per_minute", "max_logs_per_minute",
    "anomaly_boost",
  ]
  static let budgetWords = ["target", "replicas", "guards", "objectives", "severity", "rules", "calibrated"]
  static let commonWords = ["version", "about"]

  enum Signatures {
    /// The gateway's own: 16 hexadecimal digits.
    case gateway
    /// Whatever clients name their patterns by. The sampler knows those of the gateway's form only.
    case any
  }

  /// Of a signature: a SHA-512 in hexadecimal digits, the longest that is used for such a thing.
  static let signatureBytesMax = 128

  /// A few paragraphs; it is shown with every version.
  static let aboutBytesMax = 4_096

  init(path: String, signatures: Signatures = .gateway) {
    self.path = path
    self.signatures = signatures
  }

  /// What is wrong, without the places, for a text that no file holds.
  var complaints: [String] {
    diagnostics.map { $0.message + ($0.suggestion.map { "; did you mean '\($0)'?" } ?? "") }
  }

  /// In the order of the lines.
  var errors: [String] {
    diagnostics.enumerated().sorted {
      ($0.element.position?.line ?? 0, $0.offset) < ($1.element.position?.line ?? 0, $1.offset)
    }.map(\.element.headline)
  }

  /// Nil if there are errors. Without a `version` the text itself gives one.
  mutating func read(_ text: [UInt8]) -> SamplingPolicy? {
    let (root, found) = YAMLDocument.read(path: path, text: text)
    diagnostics = found.map {
      Diagnostic($0.severity, AccessReader.masked($0.message), file: path, position: $0.position)
    }
    let words = Self.commonWords + Self.rateWords + Self.budgetWords
    guard let root, let parts = members(root, "a policy", words) else { return nil }
    document = JSONValue(root)
    var policy = SamplingPolicy(version: Self.version(of: text))
    if let node = parts["about"] { checkAbout(node) }
    if let node = parts["version"] {
      places["version"] = node
      policy.version = wholeNumber(node, "version", most: Int(UInt32.max)).map { UInt32($0) } ?? 0
    }
    let rates = Self.rateWords.first { parts[$0] != nil }
    let budget = Self.budgetWords.first { parts[$0] != nil }
    switch (rates, budget) {
    case (let rates?, let budget?):
      error("\(rates) and \(budget) belong to two kinds of policies: fixed rates, or a budget (target)", parts[budget])
    case (_?, nil): policy.target = .rates(readRates(parts))
    case (nil, _?): policy.target = readBudget(parts, root)
    case (nil, nil) where diagnostics.isEmpty:
      error("says nothing; give rates (global_rate, severity_rates, …) or a target", root)
    case (nil, nil): break
    }
    if diagnostics.contains(where: { $0.severity == .error }) { return nil }
    for problem in policy.problems { error(problem.description, places[problem.field] ?? root) }
    return diagnostics.contains { $0.severity == .error } ? nil : policy
  }

  private mutating func checkAbout(_ node: YAMLNode) {
    guard case .scalar(let text, _) = node.content, !node.isNull else {
      return error("about is text; this is \(node.kindName)", node)
    }
    if text.utf8.count > Self.aboutBytesMax { error("about: more than \(Self.aboutBytesMax) bytes", node) }
  }

  /// From 1 to 2^32 - 1, the same for the same text.
  static func version(of text: [UInt8]) -> UInt32 {
    max(1, SHA256.digest(text.span).prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
  }

  // MARK: The simple face

  private mutating func readRates(_ parts: [String: YAMLNode]) -> SamplingRates {
    var rates = SamplingRates()
    if let node = oneOf("global_rate", "sampling_rate", parts) { rates.global = number(node, "global_rate") ?? 1 }
    if let node = parts["severity_rates"] { rates.severities = severities(node, "severity_rates") }
    if let node = parts["pattern_rates"] { rates.patterns = patternRates(node) }
    if let node = oneOf("max_per_minute", "max_logs_per_minute", parts) {
      places["max_per_minute"] = node
      rates.maxPerMinute = wholeNumber(node, "max_per_minute", most: Int(SamplingBudget.eventsMax))
    }
    if let node = parts["anomaly_boost"] { rates.anomalyBoost = number(node, "anomaly_boost") ?? 1 }
    return rates
  }

  /// Two words for one thing.
  private mutating func oneOf(_ one: String, _ other: String, _ parts: [String: YAMLNode]) -> YAMLNode? {
    if parts[one] != nil, let second = parts[other] { error("\(other) is another word for \(one); give one", second) }
    return parts[one] ?? parts[other]
  }

  mutating func severities(_ node: YAMLNode, _ field: String) -> [Severity: Double] {
    var found: [Severity: Double] = [:]
    for entry in entries(node, "\(field) is a map of severities, such as DEBUG: 0.05") {
      guard let severity = severity(entry.key.value, at: entry.key.position) else { continue }
      guard let value = number(entry.value, "\(field).\(severity)") else { continue }
      if let other = found.updateValue(value, forKey: severity), other != value {
        error("\(field): \(severity) is given twice (WARNING is WARN, TRACE is DEBUG)", at: entry.key.position)
      }
    }
    return found
  }

  mutating func severity(_ name: String, at position: Position) -> Severity? {
    if let severity = Severity(name: name) { return severity }
    let known = ["DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL", "TRACE"]
    error(
      "no such severity\(Redaction.word(name)) (DEBUG, INFO, WARN, ERROR, FATAL)", at: position,
      suggestion: Suggestion.nearest(to: name, in: known))
    return nil
  }

  private mutating func patternRates(_ node: YAMLNode) -> [UInt64: Double] {
    var found: [UInt64: Double] = [:]
    for entry in entries(node, "pattern_rates is a map of pattern ids, such as 9f86d081884c7d65: 0.01") {
      guard let id = pattern(entry.key.value, at: entry.key.position) else { continue }
      guard let rate = number(entry.value, "pattern_rates.\(String(id, radix: 16))") else { continue }
      if found.updateValue(rate, forKey: id) != nil { error("pattern_rates: given twice", at: entry.key.position) }
    }
    return found
  }

  mutating func pattern(_ text: String, at position: Position) -> UInt64? {
    if text.utf8.count == 16, text.utf8.allSatisfy({ Hex.digit($0) != nil }) { return UInt64(text, radix: 16) }
    if signatures == .any, (1...Self.signatureBytesMax).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    {
      return SHA256.digest(Array(text.utf8).span).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    error(
      "no pattern\(Redaction.word(text)): one is named by 16 hexadecimal digits, as in 9f86d081884c7d65", at: position)
    return nil
  }

  // MARK: What both need

  mutating func error(_ message: String, _ node: YAMLNode?, suggestion: String? = nil) {
    error(message, at: node?.position, suggestion: suggestion)
  }

  mutating func error(_ message: String, at position: Position?, suggestion: String? = nil) {
    diagnostics.append(Diagnostic(.error, message, file: path, position: position, suggestion: suggestion))
  }

  /// Where a problem with this field is to be shown.
  mutating func place(_ field: String, _ node: YAMLNode) { places[field] = node }

  /// The members of a map; others than `known` are errors.
  mutating func members(_ node: YAMLNode, _ what: String, _ known: [String]) -> [String: YAMLNode]? {
    guard case .map(let entries) = node.content else {
      error("\(what) is a map of \(known.joined(separator: ", ")); this is \(node.kindName)", node)
      return nil
    }
    var members: [String: YAMLNode] = [:]
    for entry in entries {
      if known.contains(entry.key.value) {
        members[entry.key.value] = entry.value
        continue
      }
      let nearest = Suggestion.nearest(to: entry.key.value, in: known)
      let hint = nearest == nil ? " (known: \(known.joined(separator: ", ")))" : ""
      let word = Redaction.word(entry.key.value)
      error("\(what) has no such word\(word)\(hint)", at: entry.key.position, suggestion: nearest)
    }
    return members
  }

  mutating func entries(_ node: YAMLNode, _ otherwise: String) -> [YAMLEntry] {
    if case .map(let entries) = node.content { return entries }
    error("\(otherwise); this is \(node.kindName)", node)
    return []
  }

  /// A number, whose range `SamplingPolicy.problems` checks under the name `field`.
  mutating func number(_ node: YAMLNode, _ field: String) -> Double? {
    place(field, node)
    switch node.literal {
    case .int(let value): return Double(value)
    case .number(let value): return value
    case .string(let text) where text.hasSuffix("%"):
      error("\(field) is a share: write 0.05 for 5%", node)
    default: error("\(field) is a number; this is \(node.kindName)", node)
    }
    return nil
  }

  mutating func wholeNumber(_ node: YAMLNode, _ field: String, most: Int) -> Int? {
    if case .int(let value) = node.literal, let number = Int(exactly: value), (0...most).contains(number) {
      return number
    }
    error("\(field) is a whole number from 0 to \(most)", node)
    return nil
  }

  /// One of a few words.
  mutating func word<Word>(_ node: YAMLNode, _ field: String, _ known: KeyValuePairs<String, Word>) -> Word? {
    let names = known.map(\.key)
    guard case .scalar(let text, _) = node.content else {
      error("\(field) is one of \(names.joined(separator: ", ")); this is \(node.kindName)", node)
      return nil
    }
    if let word = known.first(where: { $0.key == text }) { return word.value }
    error(
      "\(field) is one of \(names.joined(separator: ", "))", node, suggestion: Suggestion.nearest(to: text, in: names))
    return nil
  }
}
