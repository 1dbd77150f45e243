import Bytes
package import Telemetry

extension Mapper {
  /// Takes a decoded trace: everything that follows is about it. The mapper's previous batch is left in `next`, emptied,
  /// so that its memory is used again.
  package func load(_ next: inout Batch) {
    focus(-1)
    retired.removeAll()
    swap(&batch, &next)
    next.removeAll()
    if memory.isFull { memory = KeyMemory(program) }
    traceText = batch.spans.first.map { Array($0.trace.description.utf8) } ?? []
    users.removeAll(keepingCapacity: true)
    users.append(contentsOf: repeatElement(nil, count: batch.spans.count))
    numberKeys()
    fillResources()
    fillScopes()
    joinLogs()
    spans.removeAll(keepingCapacity: true)
    spans.append(contentsOf: repeatElement(SpanState(), count: batch.spans.count))
    for index in spans.indices {
      focus(index)
      classify(index)
    }
    shapeTree()
  }

  private func numberKeys() {
    let bytes = self.bytes
    let memory = self.memory
    let count = batch.attributes.count
    keys.fill(count, with: 0)
    var last: Int32 = -1
    for index in 0..<count {
      last = memory.key(bytes, batch.attributes[index].key, after: last, program)
      keys[index] = last
    }
    places.extend(to: memory.count, with: 0)
    consumed.fill(count, with: false)
  }

  private func fillResources() {
    let width = program.resourceSlots.count
    Self.reset(&resourceSlots, batch.resources.count * width)
    for (index, resource) in batch.resources.enumerated() {
      for attribute in resource.attributes {
        let slot = memory[keys[Int(attribute)]].resourceSlot
        if slot >= 0 { resourceSlots[index * width + Int(slot)] = attribute + 1 }
      }
    }
    resourceText.truncate(to: 0)
    resourceSlices.removeAll(keepingCapacity: true)
    resourceSlices.append(contentsOf: repeatElement(nil, count: batch.resources.count))
  }

  private func fillScopes() {
    let width = program.scopeSlots.count
    Self.reset(&scopeSlots, batch.scopes.count * width)
    for (index, scope) in batch.scopes.enumerated() {
      for attribute in scope.attributes {
        let slot = memory[keys[Int(attribute)]].scopeSlot
        if slot >= 0 { scopeSlots[index * width + Int(slot)] = attribute + 1 }
      }
    }
    scopeDialects.removeAll(keepingCapacity: true)
    scopeDialects.append(contentsOf: repeatElement(nil, count: batch.scopes.count))
  }

  private static func reset(_ slots: inout [Int32], _ count: Int) {
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(0, count: count))
  }

  /// Puts log records beside the spans they belong to. Their name is `event_name`, else the attribute `event.name`.
  private func joinLogs() {
    logsOfSpan.removeAll(keepingCapacity: true)
    logNames.removeAll(keepingCapacity: true)
    guard !batch.logs.isEmpty else { return }
    let bytes = self.bytes
    var indexOfSpan: [SpanID: Int] = [:]
    // Of a span that came twice the first is mapped, so logs belong to that one.
    for (index, span) in batch.spans.enumerated() where indexOfSpan[span.id] == nil { indexOfSpan[span.id] = index }
    for (index, log) in batch.logs.enumerated() {
      var name = log.eventName
      if name.isEmpty {
        for attribute in log.attributes where bytes.equals(batch.attributes[Int(attribute)].key, Self.eventNameKey) {
          if case .string(let text) = batch.attributes[Int(attribute)].value { name = text }
        }
      }
      logNames.append(name)
      if let id = log.span, let span = indexOfSpan[id] { logsOfSpan[span, default: []].append(index) }
    }
    for span in Array(logsOfSpan.keys) {
      logsOfSpan[span]?.sort { (batch.logs[$0].time, $0) < (batch.logs[$1].time, $1) }
    }
  }

  private static let eventNameKey = Array("event.name".utf8)

  /// Finds the first dialect that knows the span, and what kind of span it says it is.
  private func classify(_ index: Int) {
    var left = candidates(index)
    while left != 0 {
      let number = left.trailingZeroBitCount
      left &= left &- 1
      // All dialects from the last bit on share it.
      for dialect in number...(number < MatchIndex.last ? number : program.dialects.count - 1)
      where holds(program.dialects[dialect].facts.match, index) {
        spans[index].dialect = Int32(dialect)
        spans[index].kind = kind(of: index, program.dialects[dialect])
        return
      }
    }
  }

  /// The dialects that may know the span.
  private func candidates(_ index: Int) -> MatchIndex.Dialects {
    var found = program.matches.always | dialects(ofScope: Int(batch.spans[index].scope), index)
    for attribute in batch.spans[index].attributes {
      let key = keys[Int(attribute)]
      if Int(key) < slotCount { found |= program.matches.bySlot[Int(key)] }
      let family = memory[key].family
      if family >= 0 { found |= program.matches.byFamily[Int(family)] }
    }
    return found
  }

  /// The dialects that a scope may be of: asked for its first span, and remembered.
  private func dialects(ofScope scope: Int, _ index: Int) -> MatchIndex.Dialects {
    if program.matches.byScope.isEmpty { return 0 }
    if let known = scopeDialects[scope] { return known }
    var found: MatchIndex.Dialects = 0
    for part in program.matches.byScope where holds(part.condition, index) { found |= part.dialects }
    scopeDialects[scope] = found
    return found
  }

  private func kind(of index: Int, _ dialect: CompiledDialect) -> Kind {
    for rule in dialect.facts.kinds {
      switch rule {
      case .when(let condition, let kind):
        if holds(condition, index) { return kind }
      case .by(let paths, let table):
        for path in paths {
          lower.removeAll(keepingCapacity: true)
          let item = resolve(path, index).item
          if case .value(.string(let text)) = item {
            lower.append(bytes, text)
          } else if let text = text(item) {
            lower.append(contentsOf: text)
          } else {
            continue
          }
          for place in lower.indices where lower[place] >= 0x41 && lower[place] <= 0x5a { lower[place] |= 0x20 }
          if let kind = table.kind(of: lower) { return kind }
        }
      }
    }
    return .notAI
  }
}

extension [UInt8] {
  var lowercasedASCII: [UInt8] { map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 } }
}
