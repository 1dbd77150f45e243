import Bytes
import Telemetry

/// What was decided between the spans of a trace, in words.
extension Mapper {
  /// About one span: its place in the tree, the records that complete it.
  func decisions(about index: Int) -> [String] {
    var decisions: [String] = []
    if spans[index].isTrace { decisions.append("the one topmost step below the root: it stands for the trace") }
    if spans[index].aiParent >= 0 {
      var between = 0
      var place = spans[index].parent
      while place >= 0, place != spans[index].aiParent, between < MappingLimits.ancestorsMax {
        between += 1
        place = spans[Int(place)].parent
      }
      if between > 0 {
        let parent = batch.spans[Int(spans[index].aiParent)].id
        decisions.append("hangs below \(parent): \(between) spans between them are no AI")
      }
    } else if let parent = parentID(of: index), spans[index].parent < 0 {
      decisions.append("its parent \(parent) never came")
    }
    if let kept = spans[index].duplicateOf {
      decisions.append(
        "the call that it tells of is told by span \(kept), with content or first: this is a step without usage")
    } else if !spans[index].isCall, spans[index].isAI, leavesUsage(index) {
      decisions.append("leaves usage to the calls below it")
    }
    if let others = partners[index] {
      let ids = others.map { batch.spans[$0].id.description }.joined(separator: ", ")
      decisions.append("the same call is told by \(ids): one event, completed from them")
    }
    if reported[index] != nil { decisions.append("its usage is what the provider's own SDK counted") }
    if index >= givenSpans { decisions.append("made of a log record or span event") }
    let records = (logsOfSpan[index] ?? []).map { bytes.string(logNames[$0]) }
    if !records.isEmpty {
      decisions.append("completed by \(records.count) log records: \(Set(records).sorted().joined(separator: ", "))")
    }
    return decisions
  }

  /// The spans that speak for another where it says nothing of a property itself, nearest first.
  func speakers(for index: Int, _ rule: CompiledRule) -> [(span: Int, why: String)] {
    var speakers = (partners[index] ?? []).map { (span: $0, why: "told by the same call's other span") }
    if let attempt = failedAttempts[index], program.relations.failures.contains(Int(rule.property)) {
      speakers.append((attempt, "told by the last failed attempt"))
    }
    guard rule.inherits else { return speakers }
    var place = spans[index].aiParent
    while place >= 0, speakers.count < MappingLimits.ancestorsMax {
      speakers.append((Int(place), "inherited"))
      place = spans[Int(place)].aiParent
    }
    return speakers
  }
}
