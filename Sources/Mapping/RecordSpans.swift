import Bytes
import Codec
package import Telemetry

/// Log records and span events that stand for a step of their own become spans of the batch, so that the same rules read
/// them: evaluations always, calls where the span itself never came, steps where no span tells of them (mapping.md
/// section 6).
extension Mapper {
  /// Appends the spans. What they are is said by `classify`, with `recordKinds` where the tables leave it open. Records
  /// without a trace id are put into `trace`.
  func addRecordSpans(isLate: Bool, trace: TraceID?) {
    givenSpans = batch.spans.count
    recordKinds.removeAll(keepingCapacity: true)
    becameSpan.removeAll(keepingCapacity: true)
    becameSpan.append(contentsOf: repeatElement(false, count: batch.logs.count))
    stepOfLog.removeAll(keepingCapacity: true)
    ownTrace = batch.logs.contains { $0.trace == nil } ? trace : nil
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
      } else if let id = log.trace == nil ? nil : log.span, isNamed(name, program.relations.callRecords) {
        if !isLate, !known.contains(id.value) { addCall(number, id, name, &calls) }
      } else if !isLate || log.trace == nil, isNamed(name, program.relations.stepRecords) {
        becameSpan[number] = true
        stepOfLog[number] = batch.spans.count
        addSpan(
          of: log, id: recordID(bytes, log.encoded, 0), parent: log.trace == nil ? nil : log.span, name: name,
          start: time(of: log), kind: nil)
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
    of log: LogRecord, id: SpanID, parent: SpanID?, name: Slice, start: UInt64, kind: Kind?
  ) {
    let trace = log.trace ?? ownTrace ?? batch.spans.first?.trace ?? TraceID.one
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

  /// The trace that a loaded record without a trace id belongs to; nil if it becomes no event. It follows from the
  /// session that its dialect reads, else from the whole record: on every attempt and in every replica the same.
  package var recordTrace: TraceID? {
    guard let step = spans.indices[givenSpans...].first(where: { spans[$0].isAI }), let log = batch.logs.first else {
      return nil
    }
    scratch.truncate(to: 0)
    let session = text(of: program.relations.recordTrace, at: step)
    if session.isEmpty {
      scratch.append("record")
      scratch.append(bytes, log.encoded)
    } else {
      scratch.append("session")
      scratch.append(bytes, session)
    }
    forgetNodes()
    let id = scratch.withSpan { UUID5.make(namespace: EventIdentity.namespace, name: $0) }
    return TraceID(high: id.0, low: id.1)
  }

  // MARK: Records of which a span tells too

  /// What a step says that a span may say too.
  private struct Saying: Hashable {
    var kind: Kind
    var property: Int
    var text: [UInt8]
  }

  /// Finds the records whose step some span tells of: one that agrees in what names it, or the one they were written in.
  /// They are no steps any more. Returns them by that span.
  func absorbRecords() -> [Int: [Int]] {
    guard !stepOfLog.isEmpty, givenSpans > 0 else { return [:] }
    var said: [Saying: Int] = [:]
    for index in 0..<givenSpans where spans[index].isAI && !spans[index].isDuplicate {
      for saying in sayings(of: index) where said[saying] == nil { said[saying] = index }
    }
    var absorbed: [Int: [Int]] = [:]
    for step in stepOfLog.values.sorted() where spans[step].isAI && !spans[step].isDuplicate {
      let around = Int(spans[step].parent)
      let isInside = around >= 0 && around < givenSpans && spans[around].kind == spans[step].kind
      guard let owner = sayings(of: step).lazy.compactMap({ said[$0] }).first ?? (isInside ? around : nil) else {
        continue
      }
      absorbed[owner, default: []].append(step)
      spans[step].kind = .notAI
    }
    return absorbed
  }

  private func sayings(of index: Int) -> [Saying] {
    program.relations.recordSame.compactMap { property in
      let said = text(of: property, at: index)
      if said.isEmpty { return nil }
      var text: [UInt8] = []
      text.append(bytes, said)
      return Saying(kind: spans[index].kind, property: property, text: text)
    }
  }
}
