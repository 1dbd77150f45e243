import Bytes
import Telemetry

/// Applying the rules of a dialect to a span: find the first present source, convert, write, mark what was consumed.
extension Mapper {
  /// Writes the properties of the dialect's rules, each name with a comma after it.
  func applyRules(_ dialect: CompiledDialect, to index: Int, event: EventName, _ out: inout ByteBuffer) {
    var left = rules(of: dialect, for: index, event)
    let leavesUsage = (event == .span || event == .trace) && left & dialect.index.usage != 0 && leavesUsage(index)
    while left != 0 {
      let number = left.trailingZeroBitCount
      left &= left &- 1
      if number < RuleIndex.last {
        let rule = dialect.rules[number]
        if !(leavesUsage && rule.isUsage) { applyOrInherit(rule, of: dialect, to: index, &out) }
      } else {
        // All rules from the last bit on share it.
        for rule in dialect.rules[number...] where rule.events & event.bit != 0 && !(leavesUsage && rule.isUsage) {
          applyOrInherit(rule, of: dialect, to: index, &out)
        }
      }
    }
  }

  /// The rules that can have something to say about a span.
  private func rules(of dialect: CompiledDialect, for index: Int, _ event: EventName) -> RuleIndex.Rules {
    let ruleIndex = dialect.index
    var found = ruleIndex.always(batch.spans[index].status)
    if !batch.spans[index].events.isEmpty { found |= ruleIndex.spanEvents }
    if !batch.logs.isEmpty { found |= ruleIndex.logs }
    if spans[index].aiParent >= 0 || !remembered.isEmpty { found |= ruleIndex.inherited }
    for attribute in batch.spans[index].attributes {
      let key = keys[Int(attribute)]
      if Int(key) < slotCount {
        found |= ruleIndex.bySlot[Int(key)]
      } else if case let family = memory.family(of: key), family >= 0 {
        found |= ruleIndex.byFamily[Int(family)]
      }
    }
    return found & ruleIndex.carried(by: event)
  }

  private func applyOrInherit(
    _ rule: CompiledRule, of dialect: CompiledDialect, to index: Int, _ out: inout ByteBuffer
  ) {
    if apply(rule, of: dialect, from: index, to: index, &out) || !rule.inherits { return }
    inherit(Int(rule.property), for: index, &out)
  }

  /// Whether a source can have something to say about a span: only then is it looked at.
  @inline(__always) func canSpeak(_ head: SourceHead, _ index: Int) -> Bool {
    switch head.reach {
    case .plain, .attribute: if attribute(in: Int(head.slot), of: index) < 0 { return false }
    case .log: if batch.logs.isEmpty { return false }
    case .event: if batch.spans[index].events.isEmpty { return false }
    case .resource: return resourceAttribute(head, index) >= 0
    case .spanName, .duration, .other: break
    }
    if let status = head.status { return batch.spans[index].status == status }
    return true
  }

  private func resourceAttribute(_ head: SourceHead, _ index: Int) -> Int {
    let resource = Int(batch.scopes[Int(batch.spans[index].scope)].resource)
    return Int(resourceSlots[resource &* program.resourceSlots.count &+ Int(head.resourceSlot)]) &- 1
  }

  /// What a source finds that takes a value as it stands, and the attribute it stands in (-1 for none); nil for other
  /// sources. `canSpeak` has said that it is there.
  @inline(__always) func plainValue(_ head: SourceHead, _ index: Int) -> (value: Value, attribute: Int)? {
    let place: Int
    switch head.reach {
    case .plain: place = attribute(in: Int(head.slot), of: index)
    case .resource: place = resourceAttribute(head, index)
    case .spanName: return (.string(batch.spans[index].name), -1)
    default: return nil
    }
    return (batch.attributes[place].value, place)
  }

  /// Writes the property with what one span says; false if it says nothing.
  func apply(
    _ rule: CompiledRule, of dialect: CompiledDialect, from index: Int, to target: Int, _ out: inout ByteBuffer
  ) -> Bool {
    for source in Int(rule.sources.lowerBound)..<Int(rule.sources.upperBound) {
      let head = dialect.heads[source]
      var place = -1
      let value: Value
      switch head.reach {
      case .plain:
        place = attribute(in: Int(head.slot), of: index)
        if place < 0 { continue }
        value = batch.attributes[place].value
      case .resource:
        place = resourceAttribute(head, index)
        if place < 0 { continue }
        value = batch.attributes[place].value
      case .spanName: value = .string(batch.spans[index].name)
      default:
        if canSpeak(head, index), write(rule, of: dialect, source, from: index, to: target, &out) { return true }
        continue
      }
      if !isPresent(value) { continue }
      if writePlain(value, program.properties[Int(rule.property)], &out) {
        if index == target {
          if place >= 0 { consumed[place] = true }
          if source &+ 1 < Int(rule.sources.upperBound) {
            consumeRest(rule, of: dialect, after: source, place, index)
          }
        }
        return true
      }
      if write(rule, of: dialect, source, from: index, to: target, &out) { return true }
    }
    return false
  }

  /// A value that is of the property's type already; false if it is not.
  @inline(__always) private func writePlain(
    _ value: Value, _ property: CompiledProperty, _ out: inout ByteBuffer
  ) -> Bool {
    let start = out.count
    program.labels.append(property.label, to: &out)
    let valueStart = out.count
    guard write(value, as: property.type, to: &out) else {
      out.truncate(to: start)
      return false
    }
    if property.isSimple {
      out.append(UInt8(ascii: ","))
    } else {
      finish(property, valueStart: valueStart, .value(value), &out)
    }
    return true
  }

  /// Writes the property with what one source says of one span; false if it says nothing.
  private func write(
    _ rule: CompiledRule, of dialect: CompiledDialect, _ place: Int, from index: Int, to target: Int,
    _ out: inout ByteBuffer
  ) -> Bool {
    let source = dialect.sources[place]
    let property = program.properties[Int(rule.property)]
    guard let found = evaluate(source, property.type, index) else { return false }
    let start = out.count
    program.labels.append(property.label, to: &out)
    let valueStart = out.count
    guard write(found, property, source, index, to: &out) else {
      out.truncate(to: start)
      let failure = ConversionFailure(
        dialect: program.dialects[Int(spans[index].dialect)].facts.name,
        property: program.propertyNames[property.number])
      conversionFailures[failure, default: 0] += 1
      return true
    }
    finish(property, valueStart: valueStart, found.item, &out)
    if index == target {
      consume(found)
      if property.isContent, let words = source.words {
        for path in words.prepend { consume(resolve(path, index)) }
      }
      consumeRest(rule, of: dialect, after: place, Int(found.attribute), index)
    }
    return true
  }

  /// The value of a source, if it is there, its `when` holds and it is none of `skip`.
  func evaluate(_ source: CompiledSource, _ type: PropertyType, _ index: Int) -> Resolved? {
    if case .attribute(let slot)? = source.path?.place, attribute(in: slot, of: index) < 0 {
      // Not there: no condition needs to be looked at.
      guard let fallback = source.fallback else { return nil }
      if let when = source.when, !holds(when, index) { return nil }
      return Resolved(item: .literal(fallback))
    }
    if let when = source.when, !holds(when, index) { return nil }
    if let const = source.const { return Resolved(item: .literal(const)) }
    if let words = source.words {
      if !words.sum.isEmpty { return total(words, index) }
      if words.sinceStart { return source.path.flatMap { sinceStart($0, source.unit, index) } ?? fallback(of: source) }
      return source.path.flatMap { changed(resolve($0, index), source, words, index) } ?? fallback(of: source)
    }
    guard let path = source.path else { return nil }
    let found = resolve(path, index)
    guard found.isPresent else { return fallback(of: source) }
    guard let table = source.table else { return found }
    return looked(up: found, table, type)
  }

  private func fallback(of source: CompiledSource) -> Resolved? {
    source.fallback.map { Resolved(item: .literal($0)) }
  }

  /// What a table says; unknown text passes unchanged, but is no number.
  private func looked(up found: Resolved, _ table: Int, _ type: PropertyType) -> Resolved? {
    var found = found
    if case .value(.string(let text)) = found.item {
      guard let value = program.tables[table].value(bytes, text, &lower) else {
        return type == .int || type == .number ? nil : found
      }
      found.item = .text(value)
      return found
    }
    guard let text = scalarText(found.item) else { return found }
    if let value = program.tables[table].value(text.span, Slice(0, text.count), &lower) {
      found.item = .text(value)
    } else if type == .int || type == .number, Double(String(decoding: text, as: UTF8.self)) == nil {
      return nil
    }
    return found
  }

  private func total(_ words: SourceWords, _ index: Int) -> Resolved? {
    let parts = words.sum.compactMap { number(resolve($0, index).item) }
    if parts.isEmpty { return nil }
    let total = parts.reduce(0, +)
    if words.minus.isEmpty { return Resolved(item: .literal(.number(total))) }
    let less = words.minus.compactMap { number(resolve($0, index).item) }.reduce(0, +)
    return Resolved(item: .literal(.number(max(0, total - less))))
  }

  /// The words that change a value on its way.
  private func changed(
    _ found: Resolved, _ source: CompiledSource, _ words: SourceWords, _ index: Int
  ) -> Resolved? {
    guard found.isPresent else { return nil }
    var found = found
    if let take = words.take, words.unwrap == nil, let text = listedText(found.item, take) {
      found.item = .value(.string(text))
    } else if let take = words.take, let list = node(found.item, attribute: found.attribute),
      tape.nodes[list].kind == .array
    {
      let last = Int(tape.nodes[list].children) - 1
      guard let taken = element(list, take == .first ? 0 : last) else { return nil }
      found.item = .node(taken)
    }
    if let unwrap = words.unwrap { found.item = unwrapped(found, unwrap) }
    let isText = !words.strip.isEmpty || words.pattern != nil || !words.skip.isEmpty
    if !isText, let table = source.table, case .value(.string(let text)) = found.item {
      if let value = program.tables[table].value(bytes, text, &lower) { found.item = .text(value) }
    } else if isText || source.table != nil, var text = scalarText(found.item) {
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

  /// The first or last of an OTLP list, if it is text: nearly all lists of which one is taken hold one word.
  private func listedText(_ item: Item, _ take: Take) -> Slice? {
    guard case .value(.array(let list)) = item else { return nil }
    let bytes = self.bytes
    var reader = ArrayReader(list)
    var taken: Value?
    while let value = (try? reader.next(in: bytes)) ?? nil {
      taken = value
      if take == .first { break }
    }
    if case .string(let text)? = taken { return text }
    return nil
  }

  private func number(_ text: [UInt8]) -> Double? { Double(String(decoding: text, as: UTF8.self)) }

  /// A point in time as seconds since the span began; of span events the time of the first.
  private func sinceStart(_ path: CompiledPath, _ unit: TimeUnit?, _ index: Int) -> Resolved? {
    var found = Resolved.absent
    let time: UInt64?
    if case .event(let pattern, .whole) = path.place, path.pointer.isEmpty {
      time = firstTime(of: pattern, batch.spans[index])
    } else {
      found = resolve(path, index)
      time = text(found.item).flatMap { Timestamp.nanoseconds($0, unit: unit) }
    }
    let start = batch.spans[index].start
    guard let time, time >= start else { return nil }
    found.item = .nanoseconds(time - start)
    return found
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

  func consume(_ found: Resolved) {
    if found.attribute >= 0 { consumed[Int(found.attribute)] = true }
    guard found.family >= 0 else { return }
    for attribute in batch.spans[current.span].attributes where isMember(attribute, of: Int(found.family)) {
      consumed[Int(attribute)] = true
    }
  }

  /// Content is consumed wherever it stands; of scalars, those that say the same as the winner.
  private func consumeRest(
    _ rule: CompiledRule, of dialect: CompiledDialect, after winner: Int, _ attribute: Int, _ index: Int
  ) {
    for place in winner + 1..<Int(rule.sources.upperBound) {
      let slot = dialect.heads[place].slot
      if slot >= 0 {
        let other = self.attribute(in: Int(slot), of: index)
        if other < 0 { continue }
        if program.properties[Int(rule.property)].isContent || isSame(other, attribute) { consumed[other] = true }
      } else if dialect.heads[place].reach == .other, program.properties[Int(rule.property)].isContent {
        switch dialect.sources[place].path?.place {
        case .gather(let family), .object(let family): consume(Resolved(item: .absent, family: Int32(family)))
        default: continue
        }
      }
    }
  }

  private func isSame(_ one: Int, _ other: Int) -> Bool {
    guard other >= 0 else { return false }
    switch (batch.attributes[one].value, batch.attributes[other].value) {
    case (.string(let one), .string(let two)): return bytes.equals(one, bytes, two)
    case (.int(let one), .double(let two)), (.double(let two), .int(let one)): return Double(one) == two
    case (let one, let two): return one == two
    }
  }
}

extension [UInt8] {
  fileprivate func stripped(_ affix: [UInt8], isPrefix: Bool) -> [UInt8] {
    if isPrefix { return starts(with: affix) ? Array(dropFirst(affix.count)) : self }
    return count >= affix.count && suffix(affix.count).elementsEqual(affix) ? Array(dropLast(affix.count)) : self
  }
}
