import Bytes
import Telemetry

/// Properties that no rule of the span's dialect wrote.
extension Mapper {
  func explainOther(_ name: String, _ index: Int) -> PropertyExplanation {
    func computed(_ text: String) -> PropertyExplanation {
      PropertyExplanation(name: name, value: "", origin: .computed(text))
    }
    for property in program.properties {
      for label in property.further where program.labels.text(program.furtherLabels[Int(label)]) == "\"\(name)\":" {
        return PropertyExplanation(name: name, value: "", origin: .also(of: program.propertyNames[property.number]))
      }
    }
    let resourcePrefix = "otel.resource."
    if name.hasPrefix(resourcePrefix) { return computed("the resource's attribute") }
    for attribute in batch.spans[index].attributes {
      let key = bytes.string(batch.attributes[Int(attribute)].key)
      if name == "otel.\(key)" || name == key {
        return PropertyExplanation(name: name, value: "", origin: .leftOver(attribute: key))
      }
    }
    for other in partners[index] ?? [] {
      guard let property = program.propertyNames.firstIndex(of: name),
        let rule = program.dialects[Int(spans[other].dialect)].rule(of: property),
        let explained = explain(rule, of: Int(spans[other].dialect), at: other, isIn: false)
      else { continue }
      return explained
    }
    switch name {
    case "$ai_trace_id", "$ai_span_id": return computed("the span's id")
    case "$ai_duplicate_of": return computed("the span that tells the same call")
    case "$ai_target_event_id", "$ai_target_event_type": return computed("the event that it judges")
    case "$ai_parent_id": return computed("the nearest step above")
    case "$ai_span_type": return computed("the span's kind")
    case "$ai_is_error", "$ai_error":
      let named = name == "$ai_error" ? errorMessage(of: index) : failure(of: index)
      guard let named else { return computed("the span's status and its exception") }
      return PropertyExplanation(name: name, value: "", origin: .source(named))
    case "$ai_total_tokens": return computed("the sum of input and output")
    case "$ai_model_parameters": return computed("all parameters")
    case "$ai_cache_reporting_exclusive": return computed("the dialect's cache_reporting, and the numbers themselves")
    case "$process_person_profile": return computed("nobody is known")
    case "$ai_truncated": return computed("what was too large")
    default: return computed("the gateway")
    }
  }

  /// What of a dialect's `error` tells of a failure that the span's status does not tell of.
  private func failure(of index: Int) -> EventExplanation.Named? {
    let number = Int(spans[index].dialect)
    let failures = program.dialects[number].facts.failures
    guard batch.spans[index].status != .error, let place = failures.firstIndex(where: { holds($0, index) }) else {
      return nil
    }
    return .init(name: "'error'", place: program.origins.place(program.origins.dialects[number].failures[place]))
  }

  private func errorMessage(of index: Int) -> EventExplanation.Named? {
    let number = Int(spans[index].dialect)
    let messages = program.dialects[number].facts.errorMessages
    guard let place = messages.firstIndex(where: { evaluate($0, .string, index) != nil }) else { return nil }
    let origin = program.origins.dialects[number].errorMessages[place]
    return .init(name: origin.text, place: program.origins.place(origin.position))
  }
}

extension Labels {
  fileprivate func text(_ label: Slice) -> String { bytes.span.string(label) }
}
