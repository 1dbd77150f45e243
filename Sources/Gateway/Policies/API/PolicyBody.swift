import Bytes
import Mapping
import Sampling

/// Policies as clients send them.
enum PolicyBody {
  /// What is served and not read back: it follows from the rest.
  private static let served: Set<String> = [
    "policy_id", "id", "service", "version", "parent", "generated_by", "reasoning", "created_at", "expires_at",
    "applied_by", "patterns", "is_active",
  ]

  /// The document in a body, without what is only served, so that what GET gave can be changed and sent back.
  static func document(_ body: [UInt8]) throws(PolicyRefusal) -> JSONValue {
    let value: JSONValue
    do { value = try JSONValue(body) } catch { throw PolicyRefusal(400, "the body is not JSON: \(error)") }
    guard case .object(var members) = value else {
      throw PolicyRefusal(422, "a policy is an object; this is \(value.kindName)")
    }
    members.removeAll { served.contains($0.name) }
    members.removeAll { $0.value == .null && ["max_per_minute", "max_logs_per_minute"].contains($0.name) }
    if value["target"] != nil {
      members.removeAll { PolicyReader.rateWords.contains($0.name) }
    } else {
      for (word, other) in [("sampling_rate", "global_rate"), ("max_logs_per_minute", "max_per_minute")]
      where value[word] == value[other] {
        members.removeAll { $0.name == word }
      }
    }
    return .object(members)
  }

  /// The same as the sampler has it.
  static func policy(_ document: JSONValue, of service: String) throws(PolicyRefusal) -> SamplingPolicy {
    var reader = PolicyReader(path: "policy", signatures: service == PolicyService.gateway ? .gateway : .any)
    if let policy = reader.read(document.bytes) { return policy }
    let reasons = reader.complaints
    throw PolicyRefusal(
      422, reasons.first ?? "this is no policy",
      [JSONValue.Member(name: "reasons", value: .array(reasons.map { .string($0) }))])
  }

  /// What the store keeps is what was written there.
  static func value(_ text: [UInt8]) -> JSONValue { (try? JSONValue(text)) ?? [:] }

  /// What is left of a policy when its rules have expired.
  static func withoutRules(_ text: [UInt8]) -> JSONValue {
    guard case .object(let members) = value(text) else { return [:] }
    return .object(members.filter { $0.name != "rules" && $0.name != "pattern_rates" })
  }
}

extension JSONValue {
  /// A file's YAML as JSON.
  init(_ node: YAMLNode) {
    switch node.content {
    case .list(let elements): self = .array(elements.map { JSONValue($0) })
    case .map(let entries):
      self = .object(entries.map { Member(name: $0.key.value, value: JSONValue($0.value)) })
    case .scalar:
      switch node.literal {
      case .bool(let flag): self = .bool(flag)
      case .int(let number): self = .number(Double(number))
      case .number(let number): self = .number(number)
      case .string(let text): self = .string(text)
      case nil: self = .null
      }
    }
  }
}
