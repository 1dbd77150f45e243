import Bytes
package import Telemetry

/// The tree of a trace: who is whose parent once spans that are no AI have vanished, and which span is the trace itself.
extension Mapper {
  /// Links parents, marks repeated spans, finds each span's nearest AI ancestor and promotes the topmost one.
  func shapeTree() {
    if batch.spans.count <= Self.fewSpans { linkFew() } else { linkMany() }
    for index in spans.indices { spans[index].aiParent = nearestAI(above: index) }
    relate()
    promote()
  }

  /// So many spans are compared with each other sooner than hashed.
  private static var fewSpans: Int { 12 }

  private func linkFew() {
    for index in batch.spans.indices {
      let (id, start, parent) = (batch.spans[index].id, batch.spans[index].start, batch.spans[index].parent)
      for earlier in 0..<index where batch.spans[earlier].id == id && batch.spans[earlier].start == start {
        spans[index].isDuplicate = true
        break
      }
      guard let parent else { continue }
      for place in batch.spans.indices where batch.spans[place].id == parent {
        if place != index { spans[index].parent = Int32(place) }
        break
      }
    }
  }

  private func linkMany() {
    var indexOfSpan: [UInt64: Int32] = [:]
    indexOfSpan.reserveCapacity(batch.spans.count)
    var seen = Set<SpanKey>()
    for (index, span) in batch.spans.enumerated() {
      let isNew = seen.insert(SpanKey(span: span.id.value, start: span.start)).inserted
      spans[index].isDuplicate = !isNew
      if isNew, indexOfSpan[span.id.value] == nil { indexOfSpan[span.id.value] = Int32(index) }
    }
    for (index, span) in batch.spans.enumerated() {
      if let parent = span.parent, let place = indexOfSpan[parent.value], place != Int32(index) {
        spans[index].parent = place
      }
    }
  }

  private func nearestAI(above index: Int) -> Int32 {
    var place = spans[index].parent
    var steps = 0
    while place >= 0, steps < MappingLimits.ancestorsMax {
      if spans[Int(place)].isAI, !spans[Int(place)].isDuplicate { return place == Int32(index) ? -1 : place }
      place = spans[Int(place)].parent
      steps += 1
    }
    return -1
  }

  /// The span at the top of the chain of parents that are here.
  func top(of index: Int) -> Int {
    var place = index
    var steps = 0
    while spans[place].parent >= 0, steps < MappingLimits.ancestorsMax {
      place = Int(spans[place].parent)
      steps += 1
    }
    return place
  }

  /// Whether a span's real root is here: the top of its chain says that it has no parent, or a remote one.
  func hangsFromRoot(_ index: Int) -> Bool {
    let top = batch.spans[top(of: index)]
    return top.parent == nil || top.parentIsRemote
  }

  /// Exactly one AI span topmost below a real root becomes `$ai_trace`, unless it is a call (architecture.md, section 7).
  private func promote() {
    var topmost: Int?
    for index in spans.indices where spans[index].isAI && !spans[index].isDuplicate && spans[index].aiParent < 0 {
      guard hangsFromRoot(index) else { continue }
      if topmost != nil { return }
      topmost = index
    }
    guard let topmost, topmost < givenSpans, spans[topmost].event == .span, spans[topmost].duplicateOf == nil else {
      return
    }
    spans[topmost].isTrace = true
  }

  /// The id that goes out as `$ai_parent_id`; nil for a root.
  func parentID(of index: Int) -> SpanID? {
    if spans[index].aiParent >= 0 { return batch.spans[Int(spans[index].aiParent)].id }
    let top = batch.spans[top(of: index)]
    // An orphan keeps the id of the parent that never came; the root's own remote parent is another service's business.
    return top.parentIsRemote ? nil : top.parent
  }

  /// What sampling must know.
  package var facts: TraceFacts {
    var facts = TraceFacts()
    for state in spans where state.isAI && !state.isDuplicate {
      facts.aiSpans += 1
      facts.events += 1
      if state.isError { facts.hasError = true }
    }
    return facts
  }
}

/// What became of the records of a trace.
package struct RecordTally: Sendable, Equatable {
  /// Spans that were there before.
  package var duplicates = 0
  /// Spans that are no AI.
  package var silentSpans = 0
  /// Log records that nothing was read from.
  package var silentLogs = 0
  /// Log records that completed a span.
  package var joined = 0
  /// Events that were made of log records or span events, and stand for no span.
  package var made = 0
}

extension Mapper {
  /// Counts the records that are settled without an event of their own.
  package func tally(_ context: WritingContext) -> RecordTally {
    var tally = RecordTally()
    for (index, state) in spans[..<givenSpans].enumerated() {
      let key = SpanKey(span: batch.spans[index].id.value, start: batch.spans[index].start)
      if state.isDuplicate || context.sent.contains(key) {
        tally.duplicates += 1
      } else if !state.isAI {
        tally.silentSpans += 1
      }
    }
    let bytes = self.bytes
    for (span, logs) in logsOfSpan where spans[span].isAI {
      tally.joined += logs.count { !becameSpan[$0] && bytes.starts(logNames[$0], with: Self.modelCallPrefix) }
    }
    // A record of a span that it completes is one, whichever way it was found.
    tally.joined += becameSpan.count { $0 }
    tally.made = spans.indices[givenSpans...].count { index in
      let key = SpanKey(span: batch.spans[index].id.value, start: batch.spans[index].start)
      return spans[index].isAI && !spans[index].isDuplicate && !context.sent.contains(key)
    }
    tally.silentLogs = batch.logs.count - tally.joined
    return tally
  }

  /// The loaded trace's id in hexadecimal: whose events they are where nobody is known.
  package var traceName: [UInt8] { traceText }

  /// Whether a log record of the loaded trace is of severity ERROR or above (17 and more, OpenTelemetry's log data model).
  package var hasErrorLog: Bool { batch.logs.contains { $0.severity >= 17 } }

  /// Log records that nothing was read from: indices into `batch.logs`.
  package var silentLogs: [Int] {
    if batch.logs.isEmpty { return [] }
    var isRead = becameSpan
    let bytes = self.bytes
    for (span, logs) in logsOfSpan where spans[span].isAI {
      for log in logs where bytes.starts(logNames[log], with: Self.modelCallPrefix) { isRead[log] = true }
    }
    return batch.logs.indices.filter { !isRead[$0] }
  }

  private static let modelCallPrefix = Array("gen_ai.".utf8)

  /// The spans that were loaded, for recognising them when they come again.
  package var spanKeys: [SpanKey] {
    batch.spans.map { SpanKey(span: $0.id.value, start: $0.start) }
  }
}
