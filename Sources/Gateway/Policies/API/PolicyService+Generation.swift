import Sampling
import Store
import Transport

/// Policies worked out from what was seen.
extension PolicyService {
  /// A generated policy is no longer trusted than this: traffic changes.
  static let lifetime: Int64 = 7 * 86_400

  /// How long a pattern counts as odd after an anomaly.
  private static let oddMinutes: Int64 = 60

  private struct Target {
    var kind: String
    var value: Double
    var price: Double?
    var eventsPerMinute: Double
  }

  /// The patterns of the last one to two hours, and of how many minutes they are.
  func statistics(_ name: String) throws(PolicyRefusal) -> (patterns: [PatternStatistics], minutes: Double) {
    let time = now()
    let hour = time / 3_600
    let service = name == Self.gateway ? nil : name
    let totals = try reading { () throws(StoreError) in try store.patterns(of: service, hours: hour - 1...hour) }
      .filter { $0.counts.total > 0 }
    let since = max(totals.map(\.since).min() ?? time, (hour - 1) * 3_600)
    let minutes = max(1, Double(time - since) / 60)
    let odd = anomalies.patterns(since: UInt64(clamping: time / 60 - Self.oddMinutes))
    let patterns = totals.map { totals in
      var pattern = PatternStatistics(totals, minutes: minutes, now: time)
      pattern.isAnomalous = odd.contains(pattern.signature)
      return pattern
    }
    return (patterns, minutes)
  }

  func generate(_ body: JSONValue) throws(PolicyRefusal) -> Response {
    let name = try serviceName(body) ?? Self.gateway
    try refuseModels(body)
    let isDry = try flag(body, "dry_run")
    let activates = try flag(body, "activate")
    if !isDry { try refuseFile(name) }
    var (patterns, minutes) = try statistics(name)
    if let given = body["patterns"], given != .null {
      patterns = try Self.patterns(given)
      minutes = 60
    }
    guard patterns.contains(where: { $0.total > 0 }) else {
      throw PolicyRefusal(422, "nothing is known of recent traffic; report patterns, or send them along in patterns")
    }
    let before = try applying(to: name)
    let target = try target(body, before, patterns.reduce(0) { $0 + $1.total })
    let classes = RuleClasses.classify(patterns)
    let plan = PolicyPlan(
      patterns, target: target.eventsPerMinute, classes: classes,
      before: before.id > 0 && before.service == name ? before.rates : nil)
    let whatIf = plan.whatIf
    var more = Self.members(whatIf, plan, target.price, minutes: minutes)
    more.append(JSONValue.Member(name: "diff", value: Self.difference(before.rates, plan)))
    if !plan.refusals.isEmpty {
      more.append(JSONValue.Member(name: "reasons", value: .array(plan.refusals.map { .string($0) })))
      throw PolicyRefusal(422, plan.refusals[0], more)
    }
    let new = NewPolicy(
      service: name, author: "rules", reasoning: Self.reasoning(plan, whatIf), created: now(),
      expires: now() + Self.lifetime, document: Self.document(plan, target, name).bytes,
      rates: JSONValue.object(plan.rates.members).bytes)
    _ = try PolicyBody.policy(PolicyBody.value(new.document), of: name)
    let policy = try store(new, isDry: isDry)
    if activates, !isDry { return try activate(policy.id, ifMatch: nil) }
    var members = policy.json.members ?? []
    members += [JSONValue.Member(name: "policy", value: policy.json)] + more
    members.append(JSONValue.Member(name: "dry_run", value: .bool(isDry)))
    return .json(isDry ? 200 : 201, .object(members))
  }

  private func store(_ new: NewPolicy, isDry: Bool) throws(PolicyRefusal) -> ServedPolicy {
    if isDry {
      return ServedPolicy(
        id: 0, etag: "", service: new.service, version: 0, parent: nil, author: new.author, reasoning: new.reasoning,
        created: new.created, expires: new.expires, rates: ServedRates(PolicyBody.value(new.rates)),
        document: PolicyBody.value(new.document))
    }
    try known(new.service)
    return ServedPolicy(try reading { () throws(StoreError) in try store.add(new, activates: false) })
  }

  /// Looks at a stored policy with the counts of now, before it is activated.
  func judge(_ policy: StoredPolicy) throws(PolicyRefusal) {
    let document = PolicyBody.value(policy.document)
    guard policy.author != "user", document["target"]?["kind"]?.text == "events_per_minute",
      let target = document["target"]?["value"]?.number
    else { return }
    let patterns = try statistics(policy.service).patterns
    let rates = ServedRates(PolicyBody.value(policy.rates))
    let whatIf = WhatIf(patterns) { rates.rate($0.signature, $1) }
    if whatIf.eventsPerMinute > target * PolicyPlan.excessMax {
      let sent = PolicyPlan.rounded(whatIf.eventsPerMinute)
      throw PolicyRefusal(409, "\(sent) events a minute are expected by now, the target is \(target); generate anew")
    }
  }

  // MARK: The request

  private func refuseModels(_ body: JSONValue) throws(PolicyRefusal) {
    for word in ["llm_provider", "mode"] {
      guard let value = body[word], value != .null else { continue }
      switch value.text {
      case "rules", "rule": continue
      case "openai", "anthropic", "llm":
        throw PolicyRefusal(501, "this gateway classifies by rules only; leave \(word) out, or say rules")
      default: throw PolicyRefusal(422, "\(word) is rules, or the name of a model's provider (openai, anthropic)")
      }
    }
  }

  private func flag(_ body: JSONValue, _ word: String) throws(PolicyRefusal) -> Bool {
    switch body[word] {
    case nil, .null: false
    case .bool(let flag): flag
    default: throw PolicyRefusal(422, "\(word) is true or false")
    }
  }

  private func target(
    _ body: JSONValue, _ before: ServedPolicy, _ total: Double
  ) throws(PolicyRefusal) -> Target {
    let price = try positive(body["usd_per_event"] ?? body["target"]?["usd_per_event"], "usd_per_event")
    if let target = body["target"], target != .null {
      guard target.members != nil else { throw PolicyRefusal(422, "target is an object") }
      guard let kind = target["kind"]?.text, let value = try positive(target["value"], "target.value") else {
        throw PolicyRefusal(422, "a target has a kind and a value")
      }
      return try Self.target(kind, value, price, total)
    }
    if let value = try positive(body["cost_target"], "cost_target") {
      return try Self.target(value <= 1 ? "keep_ratio" : "monthly_cost_usd", value, price, total)
    }
    if let target = before.document["target"], let kind = target["kind"]?.text, let value = target["value"]?.number {
      return try Self.target(kind, value, price ?? target["usd_per_event"]?.number, total)
    }
    throw PolicyRefusal(422, "say what to aim at, such as {\"target\": {\"kind\": \"keep_ratio\", \"value\": 0.1}}")
  }

  private static func target(
    _ kind: String, _ value: Double, _ price: Double?, _ total: Double
  ) throws(PolicyRefusal) -> Target {
    switch kind {
    case "events_per_minute": break
    case "keep_ratio":
      guard value <= 1 else { throw PolicyRefusal(422, "keep_ratio is a share, 1 at most") }
      return Target(kind: kind, value: value, price: price, eventsPerMinute: value * total)
    case "monthly_cost_usd":
      guard let price else { throw PolicyRefusal(422, "money needs usd_per_event, the price of one event") }
      let events = value / price / PolicyReader.minutesPerMonth
      return try target("events_per_minute", events, price, total)
    default: throw PolicyRefusal(422, "kind is one of events_per_minute, keep_ratio, monthly_cost_usd")
    }
    guard (1...SamplingBudget.eventsMax).contains(value) else {
      throw PolicyRefusal(
        422, "a budget is from 1 to \(Int(SamplingBudget.eventsMax)) events a minute, this is \(value)")
    }
    return Target(kind: kind, value: value, price: price, eventsPerMinute: value)
  }

  private func positive(_ value: JSONValue?, _ field: String) throws(PolicyRefusal) -> Double? {
    guard let value, value != .null else { return nil }
    guard let number = value.number, number > 0, number.isFinite else {
      throw PolicyRefusal(422, "\(field) is a number above 0")
    }
    return number
  }

  /// Patterns that a request brings along, counted over an hour.
  private static func patterns(_ value: JSONValue) throws(PolicyRefusal) -> [PatternStatistics] {
    guard let list = value.elements, list.count <= reportedPatternsMax else {
      throw PolicyRefusal(422, "patterns is a list of at most \(reportedPatternsMax)")
    }
    var found: [PatternStatistics] = []
    var seen: Set<String> = []
    for item in list {
      guard let signature = item["signature"]?.text, isSignature(signature), seen.insert(signature).inserted else {
        throw PolicyRefusal(422, "patterns: each has a signature of its own")
      }
      guard let count = item["count"]?.number, (0...countMax).contains(count), count == count.rounded() else {
        throw PolicyRefusal(422, "patterns: count is a whole number from 0 to 10^12")
      }
      var perMinute: [Severity: Double] = [:]
      for (severity, number) in try severityCounts(item["severity_distribution"]) {
        perMinute[severity, default: 0] += number / 60
      }
      let rest = count / 60 - perMinute.values.reduce(0, +)
      if rest > 0 { perMinute[.unspecified, default: 0] += rest }
      found.append(PatternStatistics(signature: signature, perMinute: perMinute))
    }
    return found
  }

  // MARK: The answer

  /// The rates that change, of the most frequent patterns first.
  private static func difference(_ before: ServedRates, _ plan: PolicyPlan) -> JSONValue {
    let changed = plan.rules.filter { $0.rate != before.rate($0.pattern.signature, .unspecified) }
    return .array(
      changed.prefix(PolicyPlan.rulesMax).map {
        [
          "signature": .string($0.pattern.signature),
          "from": .number(before.rate($0.pattern.signature, .unspecified)), "to": .number($0.rate),
        ]
      })
  }

  /// The policy as it is written: a budget with rules where the target is one, else the rates themselves.
  private static func document(_ plan: PolicyPlan, _ target: Target, _ service: String) -> JSONValue {
    // Of the gateway's own policy, rules can name the gateway's own patterns alone.
    let isOwn = { (signature: String) in
      service != gateway || (signature.utf8.count == 16 && UInt64(signature, radix: 16) != nil)
    }
    if target.kind == "keep_ratio" {
      let rates = plan.rates
      let patterns = rates.patterns.filter { isOwn($0.key) }
      return ["global_rate": .number(rates.global), "pattern_rates": JSONValue(patterns)]
    }
    let rules = plan.rules.filter { $0.importance != .normal && isOwn($0.pattern.signature) }
    return [
      "target": ["kind": .string(target.kind), "value": .number(target.value)],
      "rules": .array(
        rules.map {
          [
            "match": ["pattern": .string($0.pattern.signature)], "importance": .string($0.importance.rawValue),
            "reason": .string($0.reason),
          ]
        }),
    ]
  }

  private static func reasoning(_ plan: PolicyPlan, _ whatIf: WhatIf) -> String {
    let counts = Importance.allCases.reversed().compactMap { importance -> String? in
      let count = plan.rules.count { $0.importance == importance }
      return count == 0 ? nil : "\(count) \(importance.rawValue)"
    }
    let kept = PolicyPlan.rounded(whatIf.eventsPerMinute)
    return "by rules: \(plan.rules.count) patterns (\(counts.joined(separator: ", "))); "
      + "\(kept) of \(PolicyPlan.rounded(whatIf.incomingPerMinute)) events a minute expected, every error among them"
  }

  private static func members(
    _ whatIf: WhatIf, _ plan: PolicyPlan, _ price: Double?, minutes: Double
  ) -> [JSONValue.Member] {
    let severities = whatIf.severities.map { severity in
      JSONValue.Member(
        name: severityNames[Int(severity.severity.rawValue)],
        value: ["incoming": .number(severity.incoming), "kept": .number(severity.kept)])
    }
    let models = whatIf.models.map { model -> JSONValue in
      [
        "model": .string(model.model), "err_count": .number(model.count), "err_tokens": .number(model.tokens),
        "err_cost": .number(model.cost),
      ]
    }
    let monthly = price.map { whatIf.eventsPerMinute * PolicyReader.minutesPerMonth * $0 }
    let saved = whatIf.incomingPerMinute > 0 ? 1 - whatIf.eventsPerMinute / whatIf.incomingPerMinute : 0
    return [
      JSONValue.Member(
        name: "what_if",
        value: [
          "minutes": .number(minutes), "incoming_per_min": .number(whatIf.incomingPerMinute),
          "events_per_min": .number(whatIf.eventsPerMinute), "target_per_min": .number(plan.target),
          "monthly_cost_usd": monthly.map { .number($0) } ?? .null, "errors_kept": .number(whatIf.errorsKept),
          "by_severity": .object(severities), "by_model": .array(models),
          "starved_patterns": .array(whatIf.starved.prefix(PolicyPlan.rulesMax).map { .string($0) }),
        ]),
      JSONValue.Member(name: "clamped", value: .array(plan.clamped.prefix(PolicyPlan.rulesMax).map { .string($0) })),
      JSONValue.Member(name: "cost_reduction", value: .number(saved)),
    ]
  }
}
