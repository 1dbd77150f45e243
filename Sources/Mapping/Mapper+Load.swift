import Bytes
package import Telemetry

extension Mapper {
  /// Takes a decoded trace: everything that follows is about it. The mapper's previous batch is left in `next`, emptied,
  /// so that its memory is used again.
  package func load(_ next: inout Batch) {
    retired.removeAll()
    swap(&batch, &next)
    next.removeAll()
    if memory.isFull { memory = KeyMemory() }
    traceText = batch.spans.first.map { Array($0.trace.description.utf8) } ?? []
    users.removeAll(keepingCapacity: true)
    users.append(contentsOf: repeatElement(nil, count: batch.spans.count))
    numberKeys()
    fillResources()
    fillScopes()
    fillSpans()
    joinLogs()
    for index in spans.indices { classify(index) }
    shapeTree()
  }

  private func numberKeys() {
    let bytes = self.bytes
    let memory = self.memory
    Self.reset(&keys, batch.attributes.count)
    var last: Int32 = 0
    for index in batch.attributes.indices {
      last = memory.key(bytes, batch.attributes[index].key, after: last, program)
      keys[index] = last
    }
    consumed.removeAll(keepingCapacity: true)
    consumed.append(contentsOf: repeatElement(false, count: batch.attributes.count))
  }

  private func fillResources() {
    let width = program.resourceSlots.count
    let bytes = self.bytes
    Self.reset(&resourceSlots, batch.resources.count * width)
    for (index, resource) in batch.resources.enumerated() {
      for attribute in resource.attributes {
        if let slot = program.resourceSlots.find(bytes, batch.attributes[Int(attribute)].key) {
          resourceSlots[index * width + slot] = attribute + 1
        }
      }
    }
    resourceText.truncate(to: 0)
    resourceSlices.removeAll(keepingCapacity: true)
    resourceSlices.append(contentsOf: repeatElement(nil, count: batch.resources.count))
  }

  private func fillScopes() {
    let width = program.scopeSlots.count
    let bytes = self.bytes
    Self.reset(&scopeSlots, batch.scopes.count * width)
    for (index, scope) in batch.scopes.enumerated() {
      for attribute in scope.attributes {
        if let slot = program.scopeSlots.find(bytes, batch.attributes[Int(attribute)].key) {
          scopeSlots[index * width + slot] = attribute + 1
        }
      }
    }
  }

  private func fillSpans() {
    let width = slotCount
    Self.reset(&spanSlots, batch.spans.count * width)
    spans.removeAll(keepingCapacity: true)
    spans.append(contentsOf: repeatElement(SpanState(), count: batch.spans.count))
    Self.reset(&lastSpan, memory.count)
    let memory = self.memory
    for index in batch.spans.indices {
      let base = index &* width
      let mark = Int32(truncatingIfNeeded: index &+ 1)
      for attribute in batch.spans[index].attributes {
        let key = keys[Int(attribute)]
        if lastSpan[Int(key)] == mark { spans[index].hasRepeats = true } else { lastSpan[Int(key)] = mark }
        let slot = memory[key].slot
        if slot >= 0 { spanSlots[base &+ Int(slot)] = attribute &+ 1 }
      }
    }
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
    for (number, dialect) in program.dialects.enumerated() where holds(dialect.facts.match, index) {
      spans[index].dialect = Int32(number)
      spans[index].kind = kind(of: index, dialect)
      return
    }
  }

  private func kind(of index: Int, _ dialect: CompiledDialect) -> Kind {
    for rule in dialect.facts.kinds {
      switch rule {
      case .when(let condition, let kind):
        if holds(condition, index) { return kind }
      case .by(let paths, let table):
        for path in paths {
          let item = resolve(path, index).item
          if case .value(.string(let text)) = item {
            if let entry = table.first(where: { bytes.equalsLowercased(text, $0.value) }) { return entry.kind }
            continue
          }
          guard let text = text(item) else { continue }
          let lower = text.lowercasedASCII
          if let entry = table.first(where: { $0.value == lower }) { return entry.kind }
        }
      }
    }
    return .notAI
  }
}

extension ByteSpan {
  /// Whether a text in lower case is exactly `other`.
  fileprivate func equalsLowercased(_ slice: Slice, _ other: [UInt8]) -> Bool {
    guard Int(slice.count) == other.count else { return false }
    for index in other.indices {
      let byte = self[slice.start &+ index]
      if byte != other[index], !(byte >= 0x41 && byte <= 0x5a && byte | 0x20 == other[index]) { return false }
    }
    return true
  }
}

extension [UInt8] {
  var lowercasedASCII: [UInt8] { map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 } }
}
