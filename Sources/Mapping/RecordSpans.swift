import Bytes
import Telemetry

/// Log records and span events that stand for a step of their own become spans of the batch, so that the same rules read
/// them: evaluations always, calls where the span itself never came (mapping.md section 6).
extension Mapper {
  /// Appends the spans. What they are is said by `classify`, with `recordKinds` where the tables leave it open.
  func addRecordSpans(isLate: Bool) {
    givenSpans = batch.spans.count
    recordKinds.removeAll(keepingCapacity: true)
    becameSpan.removeAll(keepingCapacity: true)
    becameSpan.append(contentsOf: repeatElement(false, count: batch.logs.count))
    if !program.relations.evaluationRecords.isEmpty { addEvaluationsOfEvents() }
    if batch.logs.isEmpty { return }
    let known = Set(batch.spans[..<givenSpans].map(\.id.value))
    let bytes = self.bytes
    var calls: [UInt64: Int] = [:]
    for (number, log) in batch.logs.enumerated() {
      let name = logNames[number]
      if isNamed(name, program.relations.evaluationRecords) {
        becameSpan[number] = true
        addSpan(
          of: log, id: recordID(bytes, log.encoded, 0), parent: log.span, name: name, start: time(of: log),
          kind: .evaluation)
      } else if !isLate, let id = log.span, !known.contains(id.value), isNamed(name, program.relations.callRecords) {
        addCall(number, id, name, &calls)
      }
    }
  }

  /// All records of a span that never came make one call; the one that says most is read as if it were the span.
  private func addCall(_ number: Int, _ id: SpanID, _ name: Slice, _ calls: inout [UInt64: Int]) {
    let log = batch.logs[number]
    becameSpan[number] = true
    guard let place = calls[id.value] else {
      calls[id.value] = batch.spans.count
      return addSpan(of: log, id: id, parent: nil, name: name, start: time(of: log), kind: .generation)
    }
    batch.spans[place].start = min(batch.spans[place].start, time(of: log))
    if log.attributes.count > batch.spans[place].attributes.count {
      batch.spans[place].attributes = log.attributes
      batch.spans[place].name = name
      batch.spans[place].scope = log.scope
    }
  }

  private func addEvaluationsOfEvents() {
    let bytes = self.bytes
    for index in 0..<givenSpans {
      let span = batch.spans[index]
      for event in span.events where isNamed(batch.events[Int(event)].name, program.relations.evaluationRecords) {
        let given = batch.events[Int(event)]
        var made = Telemetry.Span(
          trace: span.trace, id: recordID(bytes, given.name, span.id.value &+ UInt64(event - span.events.lowerBound)),
          parent: span.id, parentIsRemote: false, scope: span.scope)
        made.name = given.name
        made.start = given.time
        made.attributes = given.attributes
        batch.spans.append(made)
        recordKinds.append(.evaluation)
      }
    }
  }

  private func addSpan(
    of log: LogRecord, id: SpanID, parent: SpanID?, name: Slice, start: UInt64, kind: Kind
  ) {
    guard let trace = log.trace ?? batch.spans.first?.trace else { return }
    var made = Telemetry.Span(trace: trace, id: id, parent: parent, parentIsRemote: false, scope: log.scope)
    made.name = name
    made.start = start
    made.attributes = log.attributes
    batch.spans.append(made)
    recordKinds.append(kind)
  }

  private func time(of log: LogRecord) -> UInt64 { log.time > 0 ? log.time : log.observedTime }

  /// An id that follows from what the record says; never 0, which would be no id.
  private func recordID(_ bytes: ByteSpan, _ record: Slice, _ salt: UInt64) -> SpanID {
    let hash = Hash.bytes(bytes, record) ^ salt &* 0x9e37_79b9_7f4a_7c15
    return SpanID(value: hash) ?? SpanID.one
  }

  private func isNamed(_ name: Slice, _ patterns: [NamePattern]) -> Bool {
    let bytes = self.bytes
    return patterns.contains { $0.matches(bytes, name) }
  }
}
