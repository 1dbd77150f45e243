import Bytes
package import Telemetry

/// What sampling must know of each event that the loaded trace would become, read by the rules that write them.
extension Mapper {
  /// In the order of `writeEvents`, without events that `context` leaves out.
  package func eventFacts(_ context: WritingContext) -> [EventFacts] {
    var facts: [EventFacts] = []
    facts.reserveCapacity(spans.count)
    var services: [(slice: Slice, name: String)?] = Array(repeating: nil, count: batch.resources.count)
    for index in spans.indices where spans[index].isAI && !spans[index].isDuplicate {
      let span = batch.spans[index]
      let key = SpanKey(span: span.id.value, start: span.start)
      if context.sent.contains(key) || context.only?.contains(key) == false { continue }
      if context.late != nil { spans[index].isTrace = false }
      let resource = Int(batch.scopes[Int(span.scope)].resource)
      let service = services[resource] ?? service(resource)
      services[resource] = service
      let event = context.frozen[key].flatMap { EventName(number: $0.name) } ?? spans[index].event
      // Text that is computed grows the arena, so it comes before the bytes are looked at.
      let model = text(of: program.known.model, at: index)
      var fact = EventFacts(
        key: key, span: index, name: event.number, service: service.name, model: bytes.string(model))
      fact.texts.service = service.slice
      fact.texts.model = model
      fact.texts.provider = text(of: program.known.provider, at: index)
      fact.texts.tool = text(of: program.known.toolName, at: index)
      if spans[index].isError { fact.texts.errorType = text(of: program.known.errorType, at: index) }
      fact.isError = spans[index].isError
      fact.isEssential = spans[index].isError || spans[index].isTrace
      fact.isKeepAsked = asksToBeKept(index)
      fact.latency = span.end > span.start ? span.end - span.start : 0
      addUsage(index, event, &fact)
      facts.append(fact)
    }
    forgetNodes()
    markPathsToErrors(&facts)
    return facts
  }

  private func addUsage(_ index: Int, _ event: EventName, _ fact: inout EventFacts) {
    let known = program.known
    func amount(_ property: Int?) -> Double? { property.flatMap { usage($0, of: index, event) } }
    fact.inputTokens = Int64(clamping: amount(known.inputTokens))
    fact.outputTokens = Int64(clamping: amount(known.outputTokens))
    let cost = amount(known.totalCost) ?? (amount(known.inputCost) ?? 0) + (amount(known.outputCost) ?? 0)
    fact.nanoDollars = Int64(clamping: cost * 1e9)
  }

  /// A number that the event says, from wherever `applyRules` takes it.
  private func usage(_ property: Int, of index: Int, _ event: EventName) -> Double? {
    if program.properties[property].events & event.bit == 0 { return nil }
    if let told = reported[index]?.values.first(where: { $0.property == property }) { return told.value }
    if program.properties[property].isUsage, event == .span || event == .trace, leavesUsage(index) { return nil }
    for teller in [index] + (partners[index] ?? []) {
      if let found = find(property, at: teller), let value = number(found.item) { return value }
    }
    return nil
  }

  /// Marks what stands above an essential event, up to the root.
  private func markPathsToErrors(_ facts: inout [EventFacts]) {
    guard facts.contains(where: \.isError) else { return }
    var place: [Int: Int] = [:]
    for (number, fact) in facts.enumerated() { place[fact.span] = number }
    for fact in facts where fact.isError {
      var above = spans[fact.span].aiParent
      while above >= 0, let number = place[Int(above)], !facts[number].isEssential {
        facts[number].isEssential = true
        above = spans[Int(above)].aiParent
      }
    }
  }

  private func service(_ resource: Int) -> (slice: Slice, name: String) {
    for attribute in batch.resources[resource].attributes
    where bytes.equals(batch.attributes[Int(attribute)].key, Self.serviceName) {
      if case .string(let name) = batch.attributes[Int(attribute)].value { return (name, bytes.string(name)) }
    }
    return (.empty, "")
  }

  /// `sampling.keep: true`, or its text.
  private func asksToBeKept(_ index: Int) -> Bool {
    for attribute in batch.spans[index].attributes
    where bytes.equals(batch.attributes[Int(attribute)].key, Self.keep) {
      switch batch.attributes[Int(attribute)].value {
      case .bool(let flag): return flag
      case .string(let text): return bytes.equals(text, Self.yes)
      default: return false
      }
    }
    return false
  }

  private static let serviceName = Array("service.name".utf8)
  private static let keep = Array("sampling.keep".utf8)
  private static let yes = Array("true".utf8)
}

extension Int64 {
  /// The nearest integer that there is; 0 for nothing.
  fileprivate init(clamping value: Double?) {
    guard let value, value.isFinite else {
      self = 0
      return
    }
    self = Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
  }
}
