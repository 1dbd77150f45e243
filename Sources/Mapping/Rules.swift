import Bytes
import Telemetry

/// Applying the rules of a dialect to a span: find the first present source, convert, write, mark what was consumed.
extension Mapper {
  /// Writes the property of a rule, each of its names followed by a comma; nothing if no source is present.
  func apply(_ rule: CompiledRule, to index: Int, event: EventName, _ out: inout ByteBuffer) {
    if let slots = rule.slots, !isAnyThere(slots, index), !program.properties[rule.property].inherits { return }
    let property = program.properties[rule.property]
    guard property.events & event.bit != 0, rule.property != program.known.distinctID else { return }
    if applyOwn(rule, property, from: index, to: index, &out) || !property.inherits { return }
    var place = spans[index].aiParent
    var steps = 0
    while place >= 0, steps < MappingLimits.ancestorsMax {
      if applyOwn(rule, property, from: Int(place), to: index, &out) { return }
      place = spans[Int(place)].aiParent
      steps += 1
    }
  }

  private func isAnyThere(_ slots: [Int32], _ index: Int) -> Bool {
    let base = index &* slotCount
    for slot in slots where spanSlots[base &+ Int(slot)] > 0 { return true }
    return false
  }

  /// Writes the property with what one span says; false if it says nothing.
  private func applyOwn(
    _ rule: CompiledRule, _ property: CompiledProperty, from index: Int, to target: Int, _ out: inout ByteBuffer
  ) -> Bool {
    for (number, source) in rule.sources.enumerated() {
      guard let found = evaluate(source, property, index) else { continue }
      let start = out.count
      out.append(property.labels[0])
      let valueStart = out.count
      guard write(found, property, source, index, to: &out) else {
        out.truncate(to: start)
        conversionFailures[
          ConversionFailure(dialect: program.dialects[Int(spans[index].dialect)].name, property: property.name),
          default: 0] += 1
        return true
      }
      finish(property, valueStart: valueStart, found.item, &out)
      if index == target {
        consume(found)
        consumeRest(of: rule, after: number, property, found, index)
      }
      return true
    }
    return false
  }

  /// The value of a source, if it is there, its `when` holds and it is none of `skip`.
  func evaluate(_ source: CompiledSource, _ property: CompiledProperty, _ index: Int) -> Resolved? {
    if case .attribute(let slot)? = source.path?.place, spanSlots[index &* slotCount &+ slot] == 0 {
      // Not there: no condition needs to be looked at.
      guard let fallback = source.fallback else { return nil }
      if let when = source.when, !holds(when, index) { return nil }
      return Resolved(item: .literal(fallback))
    }
    if let when = source.when, !holds(when, index) { return nil }
    if let const = source.const { return Resolved(item: .literal(const)) }
    if let words = source.words {
      if !words.sum.isEmpty { return total(words.sum, index) }
      return source.path.flatMap { changed(resolve($0, index), source, words, index) } ?? fallback(of: source)
    }
    guard let path = source.path else { return nil }
    let found = resolve(path, index)
    guard found.isPresent else { return fallback(of: source) }
    guard let table = source.table else { return found }
    return looked(up: found, table, property)
  }

  private func fallback(of source: CompiledSource) -> Resolved? {
    source.fallback.map { Resolved(item: .literal($0)) }
  }

  /// What a table says; unknown text passes unchanged, but is no number.
  private func looked(up found: Resolved, _ table: Int, _ property: CompiledProperty) -> Resolved? {
    var found = found
    if case .value(.string(let text)) = found.item {
      guard let value = program.tables[table].value(bytes, text, &lower) else {
        return property.type == .int || property.type == .number ? nil : found
      }
      found.item = .text(value)
      return found
    }
    guard let text = scalarText(found.item) else { return found }
    if let value = program.tables[table].value(text.span, Slice(0, text.count), &lower) {
      found.item = .text(value)
    } else if property.type == .int || property.type == .number, Double(String(decoding: text, as: UTF8.self)) == nil {
      return nil
    }
    return found
  }

  private func total(_ paths: [CompiledPath], _ index: Int) -> Resolved? {
    let parts = paths.compactMap { number(resolve($0, index).item) }
    return parts.isEmpty ? nil : Resolved(item: .literal(.number(parts.reduce(0, +))))
  }

  /// The words that change a value on its way.
  private func changed(
    _ found: Resolved, _ source: CompiledSource, _ words: SourceWords, _ index: Int
  ) -> Resolved? {
    guard found.isPresent else { return nil }
    var found = found
    if words.sinceStart { return sinceStart(found, source, words, index) }
    if let take = words.take, let list = node(found.item, attribute: found.attribute), tape.nodes[list].kind == .array {
      let last = Int(tape.nodes[list].children) - 1
      guard let taken = element(list, take == .first ? 0 : last) else { return nil }
      found.item = .node(taken)
    }
    if let unwrap = words.unwrap { found.item = unwrapped(found, unwrap) }
    let isText = !words.strip.isEmpty || words.pattern != nil || !words.skip.isEmpty || source.table != nil
    if isText, var text = scalarText(found.item) {
      if let pattern = words.pattern {
        guard let group = program.patterns[pattern].firstGroup(in: text.span) else { return nil }
        text = Array(text[group])
      }
      if words.skip.contains(where: { $0 == text || number($0) == number(text) && number(text) != nil }) { return nil }
      for affix in words.strip { text = text.stripped(affix.bytes, isPrefix: affix.isPrefix) }
      if let table = source.table, let value = program.tables[table].value(text.span, Slice(0, text.count), &lower) {
        text = value
      }
      if !words.strip.isEmpty || words.pattern != nil || source.table != nil { found.item = .text(text) }
    }
    if let separator = words.split, let text = scalarText(found.item) { found.item = split(text, separator) }
    return isPresent(found.item) ? found : nil
  }

  private func number(_ text: [UInt8]) -> Double? { Double(String(decoding: text, as: UTF8.self)) }

  /// A point in time as seconds since the span began.
  private func sinceStart(_ found: Resolved, _ source: CompiledSource, _ words: SourceWords, _ index: Int) -> Resolved?
  {
    guard let time = Timestamp.nanoseconds(text(found.item) ?? [], unit: source.unit) else { return nil }
    let start = batch.spans[index].start
    return time >= start ? Resolved(item: .nanoseconds(time - start), attribute: found.attribute) : nil
  }

  /// The member of that name of each element of a list, or of the object itself.
  private func unwrapped(_ found: Resolved, _ name: [UInt8]) -> Item {
    guard let root = node(found.item, attribute: found.attribute) else { return found.item }
    guard tape.nodes[root].kind == .array else { return member(root, name).map { .node($0) } ?? .absent }
    return list(of: children(of: root).map { member($0, name) ?? $0 })
  }

  private func split(_ text: [UInt8], _ separator: UInt8) -> Item {
    let parts = text.split(separator: separator).map { part in
      constant(part.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed())
    }
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: .array))
    for part in parts {
      var node = JSONNode(kind: .text, text: part)
      node.next = Int32(tape.nodes.count + 1)
      tape.nodes.append(node)
    }
    tape.nodes[root].children = Int32(parts.count)
    tape.nodes[root].next = Int32(tape.nodes.count)
    return .node(root)
  }

  /// A scalar as text; of a list, its first element's (`finish_reasons` is a list, `$ai_stop_reason` a word).
  func scalarText(_ item: Item) -> [UInt8]? {
    if let text = text(item) { return text }
    guard let root = node(item, attribute: -1), tape.nodes[root].kind == .array, let first = element(root, 0) else {
      return nil
    }
    return text(.node(first))
  }

  // MARK: Consumption

  private func consume(_ found: Resolved) {
    if found.attribute >= 0 { consumed[Int(found.attribute)] = true }
    guard found.family >= 0 else { return }
    for attribute in batch.spans[current.span].attributes where isMember(attribute, of: Int(found.family)) {
      consumed[Int(attribute)] = true
    }
  }

  /// Content is consumed wherever it stands; of scalars, those that say the same as the winner.
  private func consumeRest(
    of rule: CompiledRule, after winner: Int, _ property: CompiledProperty, _ found: Resolved, _ index: Int
  ) {
    for source in rule.sources[(winner + 1)...] {
      guard let path = source.path else { continue }
      switch path.place {
      case .attribute(let slot):
        let place = spanSlots[index &* slotCount &+ slot]
        guard place > 0 else { continue }
        if property.isContent || equals(batch.attributes[Int(place) - 1].value, found) {
          consumed[Int(place) - 1] = true
        }
      case .gather(let family), .object(let family):
        if property.isContent { consume(Resolved(item: .absent, family: Int32(family))) }
      default: continue
      }
    }
    if property.isContent, let words = rule.sources[winner].words {
      for path in words.prepend { consume(resolve(path, index)) }
    }
  }

  private func equals(_ value: Value, _ found: Resolved) -> Bool {
    guard found.attribute >= 0 else { return false }
    let other = batch.attributes[Int(found.attribute)].value
    switch (value, other) {
    case (.string(let one), .string(let two)):
      var text: [UInt8] = []
      text.append(bytes, two)
      return bytes.equals(one, text)
    case (.int(let one), .double(let two)), (.double(let two), .int(let one)): return Double(one) == two
    default: return value == other
    }
  }
}

extension [UInt8] {
  fileprivate func stripped(_ affix: [UInt8], isPrefix: Bool) -> [UInt8] {
    if isPrefix { return starts(with: affix) ? Array(dropFirst(affix.count)) : self }
    return count >= affix.count && suffix(affix.count).elementsEqual(affix) ? Array(dropLast(affix.count)) : self
  }
}
