import Bytes
import Telemetry

/// What a late span takes from its trace, of which all that came before is gone.
package struct TraceMemory: Sendable, Equatable {
  /// The user that the trace's first part was sent with; empty if nobody is known.
  package var identity: [UInt8]
  /// What the properties that are inherited said: members of an event's JSON, each behind its size as a varint.
  package var inherited: [UInt8]

  package init(identity: [UInt8], inherited: [UInt8] = []) {
    self.identity = identity
    self.inherited = inherited
  }
}

/// Properties that a span which does not say takes from others (`inherit` in trace.yaml): from its ancestors, and where
/// it came late, from what is remembered of its trace.
extension Mapper {
  /// Writes what the nearest ancestor says that says anything, each read by its own dialect.
  func inherit(_ property: Int, for index: Int, _ out: inout ByteBuffer) {
    var place = spans[index].aiParent
    var steps = 0
    while place >= 0, steps < MappingLimits.ancestorsMax {
      let ancestor = program.dialects[Int(spans[Int(place)].dialect)]
      if let rule = ancestor.rule(of: property), apply(rule, of: ancestor, from: Int(place), to: index, &out) { return }
      place = spans[Int(place)].aiParent
      steps += 1
    }
    let remembered = self.remembered
    if let member = member(property, of: remembered) { out.append(remembered.span, member) }
  }

  /// What late spans of the loaded trace will take from it: who they belong to, and what its earlier parts said of the
  /// properties that are inherited, then what this one says.
  package func traceMemory(_ context: WritingContext) -> TraceMemory {
    TraceMemory(
      identity: context.late?.identity ?? defaultIdentity(),
      inherited: inheritance(after: context.late?.inherited ?? []))
  }

  /// Of each property what the topmost step says, else the first step that says anything. What does not fit is left out:
  /// late spans will lack it.
  func inheritance(after earlier: [UInt8]) -> [UInt8] {
    var known = ByteBuffer()
    known.append(earlier)
    var said = ByteBuffer()
    stringBytesMax = MappingLimits.propertyBytesMax
    let order = topmostFirst
    for property in program.relations.inherit where member(property, of: earlier) == nil {
      for index in order {
        let dialect = program.dialects[Int(spans[index].dialect)]
        said.truncate(to: 0)
        guard let rule = dialect.rule(of: property), apply(rule, of: dialect, from: index, to: -1, &said),
          said.count > 0
        else { continue }
        let before = known.count
        known.appendVarint(UInt64(said.count))
        said.copy(0, said.count, to: &known)
        if known.count > MappingLimits.inheritedBytesMax { known.truncate(to: before) }
        break
      }
    }
    forgetNodes()
    parameters.truncate(to: 0)
    return known.array()
  }

  /// The AI spans, those without a step above them first.
  var topmostFirst: [Int] {
    let steps = spans.indices.filter { spans[$0].isAI && !spans[$0].isDuplicate }
    return steps.filter { spans[$0].aiParent < 0 } + steps.filter { spans[$0].aiParent >= 0 }
  }

  /// Where in what is remembered the member of a property stands; nil if it is not there.
  private func member(_ property: Int, of inherited: [UInt8]) -> Slice? {
    let label = program.properties[property].label
    let labels = program.labels.bytes
    let bytes = inherited.span
    var cursor = ProtobufCursor(start: 0, end: inherited.count)
    while cursor.offset < cursor.end {
      guard let size = try? cursor.varint(in: bytes), size <= UInt64(cursor.end - cursor.offset) else { return nil }
      let member = Slice(cursor.offset, cursor.offset + Int(size))
      if member.count >= label.count,
        bytes.equals(Slice(member.start, member.start + Int(label.count)), labels.span, label)
      {
        return member
      }
      cursor.offset = member.end
    }
    return nil
  }
}
