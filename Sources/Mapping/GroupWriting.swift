import Bytes
import Telemetry

/// Writing a call that other spans tell of too.
extension Mapper {
  /// As `applyRules`, but usage is what the provider's own SDK counted, and what the kept call does not say is taken from
  /// the others, each read by its own dialect, and of a failure from the last attempt.
  func applyRules(
    _ dialect: CompiledDialect, to index: Int, with others: [Int], event: EventName, _ out: inout ByteBuffer
  ) {
    var isWritten = [Bool](repeating: false, count: program.properties.count)
    writeReported(index, event, &isWritten, &out)
    if event == .span || event == .trace, leavesUsage(index) {
      for property in program.relations.usage { isWritten[property] = true }
    }
    for rule in dialect.rules where rule.events & event.bit != 0 && !isWritten[Int(rule.property)] {
      isWritten[Int(rule.property)] = true
      if apply(rule, of: dialect, from: index, to: index, &out) { continue }
      if complete(Int(rule.property), of: index, from: others, &out) { continue }
      if let attempt = failedAttempts[index], program.relations.failures.contains(Int(rule.property)),
        complete(Int(rule.property), of: index, from: [attempt], &out)
      {
        continue
      }
      if rule.inherits { inherit(Int(rule.property), for: index, &out) }
    }
    for property in program.properties.indices where !isWritten[property] {
      if program.properties[property].events & event.bit == 0 || property == program.known.distinctID { continue }
      _ = complete(property, of: index, from: others, &out)
    }
  }

  private func writeReported(
    _ index: Int, _ event: EventName, _ isWritten: inout [Bool], _ out: inout ByteBuffer
  ) {
    guard let usage = reported[index] else { return }
    for (number, value) in usage.values {
      let property = program.properties[number]
      if property.events & event.bit == 0 { continue }
      isWritten[number] = true
      if property.role == .inputTokens { current.cacheExclusive = usage.isExclusive ?? false }
      program.labels.append(property.label, to: &out)
      let start = out.count
      out.appendJSONNumber(value)
      finish(property, valueStart: start, .literal(.number(value)), &out)
    }
    // The total that others added up would not be the sum of these.
    if let total = program.known.totalTokens, current.inputTokens != nil, current.outputTokens != nil {
      isWritten[total] = true
    }
  }

  private func complete(_ property: Int, of index: Int, from others: [Int], _ out: inout ByteBuffer) -> Bool {
    for other in others {
      let dialect = program.dialects[Int(spans[other].dialect)]
      guard let rule = dialect.rule(of: property), apply(rule, of: dialect, from: other, to: index, &out) else {
        continue
      }
      if program.properties[property].role == .inputTokens { current.cacheExclusive = dialect.facts.cacheExclusive }
      return true
    }
    return false
  }
}
