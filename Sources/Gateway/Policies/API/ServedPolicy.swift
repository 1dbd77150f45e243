import Sampling
import Store

/// A policy as the API serves it: with the words of both documented forms of clients, and our own beside them.
struct ServedPolicy: Sendable {
  var id: Int64
  var etag: String
  var service: String
  var version: UInt32
  var parent: Int64?
  var author: String
  var reasoning: String?
  var created: Int64
  var expires: Int64?
  var rates: ServedRates
  var document: JSONValue

  /// What is in force as long as nobody has said anything.
  static let everything = ServedPolicy(
    id: 0, etag: "\"p0\"", service: PolicyService.gateway, version: 0, parent: nil, author: "default",
    reasoning: "no policy: everything is kept", created: 0, expires: nil, rates: ServedRates(), document: [:])

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      JSONValue.Member(name: "policy_id", value: .string(String(id))),
      JSONValue.Member(name: "id", value: .number(Double(id))),
      JSONValue.Member(name: "service", value: .string(service)),
      JSONValue.Member(name: "version", value: .number(Double(version))),
      JSONValue.Member(name: "parent", value: JSONValue(parent.map { Int($0) })),
      JSONValue.Member(name: "generated_by", value: .string(author)),
      JSONValue.Member(name: "reasoning", value: JSONValue(reasoning)),
      JSONValue.Member(name: "created_at", value: .string(PolicyTime.text(created))),
      JSONValue.Member(name: "expires_at", value: JSONValue(expires.map { PolicyTime.text($0) })),
      JSONValue.Member(
        name: "applied_by", value: .string(service == PolicyService.gateway ? "gateway" : "clients")),
    ]
    members += rates.members
    for member in document.members ?? [] where !PolicyReader.rateWords.contains(member.name) {
      if !members.contains(where: { $0.name == member.name }) { members.append(member) }
    }
    return .object(members)
  }

  func historyItem(isActive: Bool) -> JSONValue {
    guard case .object(let members) = json else { return json }
    return .object(members + [JSONValue.Member(name: "is_active", value: .bool(isActive))])
  }
}

extension ServedPolicy {
  init(_ stored: StoredPolicy) {
    self.init(
      id: stored.id, etag: "\"p\(stored.id)\"", service: stored.service, version: stored.version,
      parent: stored.replaced, author: stored.author, reasoning: stored.reasoning, created: stored.created,
      expires: stored.expires, rates: ServedRates(PolicyBody.value(stored.rates)),
      document: PolicyBody.value(stored.document))
  }
}

extension ServedRates {
  /// What a policy comes to. Of a budget: by recent traffic, and nothing is left out where none is known.
  init(_ policy: SamplingPolicy, _ document: JSONValue, _ patterns: [PatternStatistics]) {
    self.init()
    switch policy.target {
    case .everything: break
    case .rates(let fixed):
      global = fixed.global
      severities = fixed.severities
      for member in document["pattern_rates"]?.members ?? [] { self.patterns[member.name] = member.value.number }
      for rule in document["rules"]?.elements ?? [] {
        guard let name = rule["match"]?["pattern"]?.text, let importance = rule["importance"]?.text else { continue }
        self.patterns[name] = min(1, fixed.global * (Importance(rawValue: importance)?.weight ?? 1))
      }
      maxPerMinute = fixed.maxPerMinute
      anomalyBoost = fixed.anomalyBoost
    case .budget(let budget):
      let classes = (document["rules"]?.elements ?? []).compactMap { rule -> PatternClass? in
        guard let name = rule["match"]?["pattern"]?.text, let word = rule["importance"]?.text else { return nil }
        return Importance(rawValue: word).map { PatternClass(signature: name, importance: $0, reason: "") }
      }
      if !patterns.isEmpty {
        self = PolicyPlan(patterns, target: budget.eventsPerMinute, classes: classes).rates
      }
    }
  }
}
