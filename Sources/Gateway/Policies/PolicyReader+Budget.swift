import Mapping
import Sampling

/// How much a pattern matters, in a word; what a policy of a model is made of too.
enum Importance: String, Sendable, CaseIterable {
  case noise, low, normal, high, critical

  var weight: Double {
    switch self {
    case .noise: 0.25
    case .low: 0.5
    case .normal: 1
    case .high: 2
    case .critical: 4
    }
  }

  static let words: KeyValuePairs<String, Importance> = [
    "noise": .noise, "low": .low, "normal": .normal, "high": .high, "critical": .critical,
  ]
}

/// The budget face of a policy.
extension PolicyReader {
  private enum TargetKind { case eventsPerMinute, keepRatio, monthlyCost }

  /// A month of 365.25 / 12 days and a little, as prices are told.
  static let minutesPerMonth = 43_800.0

  mutating func readBudget(_ parts: [String: YAMLNode], _ root: YAMLNode) -> SamplingPolicy.Target {
    guard let target = parts["target"] else {
      error("a budget needs a target, such as {kind: events_per_minute, value: 6000}", root)
      return .everything
    }
    guard let (kind, value) = readTarget(target) else { return .everything }
    var budget = SamplingBudget(eventsPerMinute: value)
    if let node = parts["severity"] { budget.severityWeights = severities(node, "severity") }
    if let node = parts["rules"] { readRules(node, &budget) }
    if case .keepRatio = kind { return .rates(keeping(value, budget, parts)) }
    if let node = parts["replicas"] {
      place("replicas", node)
      budget.replicas = wholeNumber(node, "replicas", most: SamplingBudget.replicasMax) ?? 1
    }
    if let node = parts["objectives"] { budget.objectives = readObjectives(node) }
    if let node = parts["guards"] { budget.guards = readGuards(node) }
    if let node = parts["calibrated"] {
      budget.isCalibrated = word(node, "calibrated", ["true": true, "false": false]) ?? true
    }
    return .budget(budget)
  }

  /// Events a minute, or the ratio.
  private mutating func readTarget(_ node: YAMLNode) -> (TargetKind, Double)? {
    let kinds: KeyValuePairs<String, TargetKind> = [
      "events_per_minute": .eventsPerMinute, "keep_ratio": .keepRatio, "monthly_cost_usd": .monthlyCost,
    ]
    guard let parts = members(node, "a target", ["kind", "value", "usd_per_event"]) else { return nil }
    guard let kindNode = parts["kind"], let valueNode = parts["value"] else {
      error("a target has a kind and a value", node)
      return nil
    }
    guard let kind = word(kindNode, "kind", kinds), let value = number(valueNode, "target.value") else { return nil }
    switch kind {
    case .eventsPerMinute: return (kind, value)
    case .keepRatio:
      place("global_rate", valueNode)
      return (kind, value)
    case .monthlyCost:
      guard let price = parts["usd_per_event"].flatMap({ number($0, "usd_per_event") }), price > 0 else {
        error("monthly_cost_usd needs usd_per_event, the price of one event (above 0)", parts["usd_per_event"] ?? node)
        return nil
      }
      let events = value / price / Self.minutesPerMonth
      if !(1...SamplingBudget.eventsMax).contains(events) {
        error(
          "this money buys \(events) events a minute; a budget is from 1 to \(Int(SamplingBudget.eventsMax))", valueNode
        )
        return nil
      }
      return (kind, events)
    }
  }

  /// A share of whatever comes is no budget but rates: what the weights say, around the ratio.
  private mutating func keeping(
    _ ratio: Double, _ weights: SamplingBudget, _ parts: [String: YAMLNode]
  ) -> SamplingRates {
    for word in ["replicas", "objectives", "guards", "calibrated"] {
      if let node = parts[word] { error("\(word) says nothing with keep_ratio, which is a fixed rate", node) }
    }
    if !weights.serviceWeights.isEmpty || !weights.modelWeights.isEmpty, let rules = parts["rules"] {
      error("with keep_ratio rules match a pattern or a severity", rules)
    }
    var rates = SamplingRates()
    rates.global = ratio
    for (severity, weight) in weights.severityWeights {
      rates.severities[severity] = severity >= .error ? 1 : min(1, ratio * weight)
    }
    for (pattern, weight) in weights.patternWeights { rates.patterns[pattern] = min(1, ratio * weight) }
    return rates
  }

  private mutating func readObjectives(_ node: YAMLNode) -> SamplingBudget.Objectives {
    var objectives = SamplingBudget.Objectives()
    guard let parts = members(node, "objectives", ["count", "tokens", "cost"]) else { return objectives }
    place("objectives", node)
    // What is not named counts nothing, so that `{cost: 1}` is all there is to write.
    objectives.count = parts["count"].flatMap { number($0, "objectives.count") } ?? 0
    objectives.tokens = parts["tokens"].flatMap { number($0, "objectives.tokens") } ?? 0
    objectives.cost = parts["cost"].flatMap { number($0, "objectives.cost") } ?? 0
    return objectives
  }

  private mutating func readGuards(_ node: YAMLNode) -> SamplingBudget.Guards {
    var guards = SamplingBudget.Guards()
    let words = [
      "error_keep", "error_whole", "error_whole_per_min", "new_first_k", "never_share", "rare_share", "floor",
      "max_weight",
    ]
    guard let parts = members(node, "guards", words) else { return guards }
    if let node = parts["error_keep"], number(node, "guards.error_keep") != 1 {
      error("error_keep is 1: errors are always kept", node)
    }
    if let node = parts["error_whole_per_min"] {
      place("guards.error_whole_per_min", node)
      guards.wholeErrorsPerMinute = wholeNumber(node, "error_whole_per_min", most: 1_000_000)
    }
    if let node = parts["error_whole"], word(node, "error_whole", ["capped": true, "always": false]) == false {
      if let count = parts["error_whole_per_min"] { error("error_whole: always has no error_whole_per_min", count) }
      guards.wholeErrorsPerMinute = nil
    }
    if let node = parts["new_first_k"] {
      place("guards.new_first_k", node)
      guards.firstSightings = wholeNumber(node, "new_first_k", most: 100) ?? 1
    }
    if let node = parts["never_share"] { guards.neverShare = number(node, "guards.never_share") ?? 0 }
    if let node = parts["rare_share"] { guards.rareShare = number(node, "guards.rare_share") ?? 0 }
    if let node = parts["floor"] { guards.floor = number(node, "guards.floor") ?? 1 }
    if let node = parts["max_weight"], let most = number(node, "max_weight") {
      if most < 1 { error("max_weight is 1 or more: one event stands for so many at most", node) }
      guards.floor = max(guards.floor, 1 / max(most, 1))
    }
    return guards
  }

  // MARK: Rules

  private mutating func readRules(_ node: YAMLNode, _ budget: inout SamplingBudget) {
    guard case .list(let rules) = node.content else {
      return error("rules is a list of {match: …, importance: …}; this is \(node.kindName)", node)
    }
    place("rules", node)
    for rule in rules {
      guard let parts = members(rule, "a rule", ["id", "match", "importance", "reason"]) else { continue }
      guard let match = parts["match"], let importance = parts["importance"] else {
        error("a rule has match and importance", rule)
        continue
      }
      guard let importance = word(importance, "importance", Importance.words) else { continue }
      readMatch(match, importance.weight, &budget)
    }
  }

  private mutating func readMatch(_ node: YAMLNode, _ weight: Double, _ budget: inout SamplingBudget) {
    guard let parts = members(node, "match", ["pattern", "severity", "service", "model"]) else { return }
    guard parts.count == 1, let (key, value) = parts.first else {
      return error("match names one of pattern, severity, service, model", node)
    }
    guard case .scalar(let text, _) = value.content, !value.isNull, !text.isEmpty else {
      return error("\(key) is text; this is \(value.kindName)", value)
    }
    var before: Double?
    switch key {
    case "pattern":
      guard let id = pattern(text, at: value.position) else { return }
      place("rules.\(String(id, radix: 16))", value)
      before = budget.patternWeights.updateValue(weight, forKey: id)
    case "severity":
      guard let severity = severity(text, at: value.position) else { return }
      place("severity.\(severity)", value)
      before = budget.severityWeights.updateValue(weight, forKey: severity)
    case "service": before = budget.serviceWeights.updateValue(weight, forKey: Label(text))
    default: before = budget.modelWeights.updateValue(weight, forKey: Label(text))
    }
    if before != nil { error("this \(key) has an importance already", value) }
  }
}
