import Bytes
package import Telemetry

extension Mapper {
  /// Takes a decoded trace: everything that follows is about it. The mapper's previous batch is left in `next`, emptied,
  /// so that its memory is used again. Of a late part the spans that log records belong to came before: no calls are
  /// made of such records. Records that name no trace are put into `trace`.
  package func load(_ next: inout Batch, isLate: Bool = false, trace: TraceID? = nil) {
    focus.clear()
    retired.removeAll()
    // What was parsed stood in the trace before.
    forgetNodes()
    lastRedacted = nil
    swap(&batch, &next)
    next.removeAll()
    if memory.isFull { memory = KeyMemory(program) }
    order()
    nameLogs()
    addRecordSpans(isLate: isLate, trace: trace)
    scratch.truncate(to: 0)
    if let trace = batch.spans.first?.trace {
      scratch.appendHex(trace.high)
      scratch.appendHex(trace.low)
    }
    traceText = scratch.array()
    users.removeAll(keepingCapacity: true)
    users.append(contentsOf: repeatElement(nil, count: batch.spans.count))
    numberKeys()
    fillResources()
    fillScopes()
    joinLogs()
    spans.removeAll(keepingCapacity: true)
    spans.append(contentsOf: repeatElement(SpanState(), count: batch.spans.count))
    slotsPresent.fill(batch.spans.count &* slotWords, with: 0)
    for index in spans.indices { classify(index) }
    for (log, step) in stepOfLog where !spans[step].isAI { becameSpan[log] = false }
    shapeTree()
  }

  /// Spans by their start and log records by their time, so that the events do not depend on the order or the requests
  /// in which they came. Of a span that came twice with different ends the longer one comes first, and is mapped.
  private func order() {
    for place in batch.spans.indices.dropFirst() where Self.isBefore(batch.spans[place], batch.spans[place - 1]) {
      batch.spans.sort(by: Self.isBefore)
      break
    }
    if batch.logs.count > 1 {
      let bytes = self.bytes
      batch.logs.sort { one, other in
        let (first, second) = (Self.place(one), Self.place(other))
        return first == second ? bytes.isBefore(one.encoded, other.encoded) : first < second
      }
    }
  }

  /// Records without a time of their own, and those of one moment, stand as they were observed.
  private static func place(_ log: LogRecord) -> (UInt64, UInt64, UInt64) {
    (log.time > 0 ? log.time : log.observedTime, log.observedTime, log.span?.value ?? 0)
  }

  private static func isBefore(_ one: Telemetry.Span, _ other: Telemetry.Span) -> Bool {
    if one.start != other.start { return one.start < other.start }
    if one.id != other.id { return one.id.value < other.id.value }
    return (other.end, other.attributes.count) < (one.end, one.attributes.count)
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
    resourcesClean.removeAll(keepingCapacity: true)
    resourcesClean.append(contentsOf: repeatElement(nil, count: batch.resources.count))
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
    scopeAnswers.removeAll(keepingCapacity: true)
    scopeAnswers.append(contentsOf: repeatElement(nil, count: batch.scopes.count))
  }

  private static func reset(_ slots: inout [Int32], _ count: Int) {
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(0, count: count))
  }

  /// The name of a log record is `event_name`, else its attribute `event.name`.
  private func nameLogs() {
    logNames.removeAll(keepingCapacity: true)
    if batch.logs.isEmpty { return }
    let bytes = self.bytes
    for log in batch.logs {
      var name = log.eventName
      if name.isEmpty {
        for attribute in log.attributes where bytes.equals(batch.attributes[Int(attribute)].key, Self.eventNameKey) {
          if case .string(let text) = batch.attributes[Int(attribute)].value { name = text }
        }
      }
      logNames.append(name)
    }
  }

  /// Puts log records beside the spans they belong to.
  private func joinLogs() {
    logsOfSpan.removeAll(keepingCapacity: true)
    guard !batch.logs.isEmpty else { return }
    var indexOfSpan: [SpanID: Int] = [:]
    // Of a span that came twice the first is mapped, so logs belong to that one.
    for (index, span) in batch.spans.enumerated() where indexOfSpan[span.id] == nil { indexOfSpan[span.id] = index }
    for (index, log) in batch.logs.enumerated() {
      if let step = stepOfLog[index] { logsOfSpan[step, default: []].append(index) }
      if let id = log.span, let span = indexOfSpan[id] { logsOfSpan[span, default: []].append(index) }
    }
  }

  private static let eventNameKey = Array("event.name".utf8)
}

extension ByteSpan {
  /// Whether a slice comes before another in the order of bytes.
  fileprivate func isBefore(_ one: Slice, _ other: Slice) -> Bool {
    for offset in 0..<Int(min(one.count, other.count)) where self[one.start &+ offset] != self[other.start &+ offset] {
      return self[one.start &+ offset] < self[other.start &+ offset]
    }
    return one.count < other.count
  }
}

extension [UInt8] {
  var lowercasedASCII: [UInt8] { map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 } }
}
