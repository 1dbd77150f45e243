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
    let records = (logsOfSpan[index] ?? []).map { bytes.string(logNames[$0]) }
    if !records.isEmpty {
      decisions.append("completed by \(records.count) log records: \(Set(records).sorted().joined(separator: ", "))")
    }
    return decisions
  }

  /// The spans that speak for another where it says nothing of a property itself, nearest first.
  func speakers(for index: Int, _ rule: CompiledRule) -> [(span: Int, why: String)] {
    guard rule.inherits else { return [] }
    var speakers: [(span: Int, why: String)] = []
    var place = spans[index].aiParent
    while place >= 0, speakers.count < MappingLimits.ancestorsMax {
      speakers.append((Int(place), "inherited"))
      place = spans[Int(place)].aiParent
    }
    return speakers
  }
}
