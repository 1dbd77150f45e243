package import Bytes
import Telemetry

/// A second pass over the rules that have written the events of a trace, this time noting what each source said. It asks
/// what mapping asks, in the same order, and costs mapping nothing.
extension Mapper {
  /// Explains the events that `writeEvents` has just written of the loaded trace.
  package func explain(_ events: [MappedEvent], in output: ByteSpan) -> [EventExplanation] {
    var indexOfSpan: [SpanKey: Int] = [:]
    for index in spans.indices where spans[index].isAI && !spans[index].isDuplicate {
      let key = SpanKey(span: batch.spans[index].id.value, start: batch.spans[index].start)
      if indexOfSpan[key] == nil { indexOfSpan[key] = index }
    }
    return events.compactMap { event in
      guard let index = indexOfSpan[event.frozen.key] else { return nil }
      return explain(event, index, EventMembers(output, event.json))
    }
  }

  private func explain(_ event: MappedEvent, _ index: Int, _ members: EventMembers) -> EventExplanation {
    let redacted = explainRedaction(event, index)
    focus(on: index)
    forgetParsed()
    let dialect = program.dialects[Int(spans[index].dialect)]
    let origins = program.origins.dialects[Int(spans[index].dialect)]
    var explanation = EventExplanation(
      event: event.name.rawValue, trace: batch.spans[index].trace.description, span: batch.spans[index].id.description,
      spanName: bytes.string(batch.spans[index].name),
      dialect: .init(name: dialect.facts.name, place: origins.match.flatMap { program.origins.place($0) }),
      kind: .init(name: spans[index].kind.rawValue, place: kindPlace(index, dialect, origins)),
      user: explainUser(event, index))
    explanation.redacted = redacted
    explanation.decisions = decisions(about: index)
    var found: [String: PropertyExplanation] = [:]
    for rule in dialect.rules where rule.events & event.name.bit != 0 {
      let name = program.propertyNames[Int(rule.property)]
      guard let explained = explain(rule, of: Int(spans[index].dialect), at: index, isIn: members.values[name] != nil)
      else {
        if members.values[name] == nil { explanation.unset.append(name) }
        continue
      }
      if let value = members.values[name] {
        found[name] = explained
        found[name]?.value = value
      } else {
        explanation.withheld.append(explained)
      }
    }
    for (number, constant) in dialect.facts.constants.enumerated() {
      let name = program.propertyNames[constant.property]
      guard found[name] == nil, members.values[name] != nil else { continue }
      let place = program.origins.place(origins.constants[number])
      found[name] = PropertyExplanation(name: name, value: "", origin: .constant(place: place))
      explanation.unset.removeAll { $0 == name }
    }
    for name in members.names {
      var property = found[name] ?? explainOther(name, index)
      property.value = members.values[name] ?? ""
      explanation.properties.append(property)
    }
    explanation.dropped = dropped(index, dialect, origins)
    return explanation
  }

  private func forgetParsed() {
    tape.nodes.removeAll(keepingCapacity: true)
    parsed.removeAll(keepingCapacity: true)
  }

  // MARK: Rules

  /// What a rule found for a span: with the span itself, else with another one that speaks for it; nil for nothing.
  func explain(_ rule: CompiledRule, of dialect: Int, at index: Int, isIn: Bool) -> PropertyExplanation? {
    let name = program.propertyNames[Int(rule.property)]
    var explained = PropertyExplanation(name: name, value: "", origin: .computed(""))
    if isIn, reported[index]?.values.contains(where: { $0.property == Int(rule.property) }) == true {
      explained.origin = .computed("what the provider's own SDK counted")
      return explained
    }
    let own = ask(rule, of: dialect, at: index, &explained.passedOver)
    if let own, own.converts {
      explained.origin = .source(own.source)
      return explained
    }
    if isIn {
      for (place, why) in speakers(for: index, rule) {
        let number = Int(spans[place].dialect)
        guard let theirs = program.dialects[number].rule(of: Int(rule.property)) else { continue }
        var ignored: [PropertyExplanation.PassedOver] = []
        guard let said = ask(theirs, of: number, at: place, &ignored), said.converts else { continue }
        explained.origin = .otherSpan(said.source, span: batch.spans[place].id.description, why: why)
        return explained
      }
      return nil
    }
    guard own != nil else { return nil }
    explained.origin = .computed("not of type \(program.properties[Int(rule.property)].type.rawValue)")
    return explained
  }

  /// Asks the sources of a rule in order: the first that says something, and whether that fits the property.
  private func ask(
    _ rule: CompiledRule, of dialect: Int, at index: Int, _ passedOver: inout [PropertyExplanation.PassedOver]
  ) -> (source: EventExplanation.Named, converts: Bool)? {
    let compiled = program.dialects[dialect]
    let property = program.properties[Int(rule.property)]
    let origins = origins(of: rule, in: dialect)
    for place in rule.sources {
      let origin = origins[Int(place - rule.sources.lowerBound)]
      let named = EventExplanation.Named(name: origin.text, place: program.origins.place(origin.position))
      let source = compiled.sources[Int(place)]
      guard canSpeak(compiled.heads[Int(place)], index), let found = evaluate(source, property.type, index),
        found.isPresent
      else {
        // That the application did not set the property itself goes without saying.
        if named.place != nil { passedOver.append(.init(source: named, reason: reason(source, index))) }
        continue
      }
      var out = ByteBuffer()
      let converts = write(found, property, source, index, to: &out)
      if !converts { passedOver.append(.init(source: named, reason: .unfit)) }
      return (named, converts)
    }
    return nil
  }

  private func origins(of rule: CompiledRule, in dialect: Int) -> [SourceOrigin] {
    let number = program.dialects[dialect].rules.firstIndex { $0.property == rule.property }
    return number.map { program.origins.dialects[dialect].rules[$0] } ?? []
  }

  /// Why a source said nothing.
  private func reason(_ source: CompiledSource, _ index: Int) -> PropertyExplanation.Reason {
    guard let path = source.path, resolve(path, index).isPresent else {
      return source.const != nil ? .condition : .absent
    }
    if let when = source.when, !holds(when, index) { return .condition }
    return .refused
  }

  private func kindPlace(_ index: Int, _ dialect: CompiledDialect, _ origins: DialectOrigins) -> String? {
    for (number, rule) in dialect.facts.kinds.enumerated() {
      switch rule {
      case .when(let condition, _):
        if holds(condition, index) { return program.origins.place(origins.kinds[number]) }
      case .by(let path, let table):
        guard let text = text(resolve(program.paths[Int(path)], index).item),
          program.kindTables[Int(table)].kind(of: text.lowercasedASCII) != nil
        else { continue }
        return program.origins.place(origins.kinds[number])
      }
    }
    return nil
  }

  // MARK: Users

  /// A span's own attributes come before those of its ancestors, and all of them before the resource's.
  private func explainUser(_ event: MappedEvent, _ index: Int) -> PropertyExplanation {
    var value = ByteBuffer()
    value.appendJSONString(String(decoding: event.frozen.distinctID, as: UTF8.self))
    var explained = PropertyExplanation(
      name: "distinct_id", value: value.string, origin: .computed("nobody is known: the trace's id stands in"))
    var place = index
    var steps = 0
    while place >= 0, steps < MappingLimits.ancestorsMax {
      if let named = user(of: place, isResource: false) {
        explained.origin =
          place == index
          ? .source(named) : .otherSpan(named, span: batch.spans[place].id.description, why: "an ancestor")
        return explained
      }
      place = Int(spans[place].parent)
      steps += 1
    }
    if let named = user(of: index, isResource: true) { explained.origin = .source(named) }
    return explained
  }

  private func user(of index: Int, isResource: Bool) -> EventExplanation.Named? {
    let number = max(Int(spans[index].dialect), 0)
    let dialect = program.dialects[number]
    guard let identity = dialect.identity else { return nil }
    let rule = dialect.rules[identity]
    for place in rule.sources where canSpeak(dialect.heads[Int(place)], index) {
      let source = dialect.sources[Int(place)]
      let isOfResource = if case .resource? = source.path?.place { true } else { false }
      guard isOfResource == isResource else { continue }
      let property = program.properties[Int(rule.property)]
      guard let found = evaluate(source, property.type, index), found.isPresent else { continue }
      let origin = program.origins.dialects[number].rules[identity][Int(place - rule.sources.lowerBound)]
      return .init(name: origin.text, place: program.origins.place(origin.position))
    }
    return nil
  }

  private func dropped(
    _ index: Int, _ dialect: CompiledDialect, _ origins: DialectOrigins
  ) -> [EventExplanation.Named] {
    batch.spans[index].attributes.compactMap { attribute -> EventExplanation.Named? in
      let key = batch.attributes[Int(attribute)].key
      guard !consumed[Int(attribute)] else { return nil }
      let drop = dialect.facts.drop.firstIndex { KeyMemory.matches([$0], bytes, key) }
      if let drop { return .init(name: bytes.string(key), place: program.origins.place(origins.drops[drop])) }
      return memory[keys[Int(attribute)]].isReserved
        ? .init(name: bytes.string(key), place: nil) : nil
    }
  }
}
