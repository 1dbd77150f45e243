import Bytes
import Telemetry

/// Whose event it is: `distinct_id` and where it comes from (posthog.md, section 2).
extension Mapper {
  /// The user of a span: its own, else that of its nearest ancestor who knows, in the arena; nil if nobody does.
  /// As the redaction rules let it be seen.
  func distinctID(of index: Int) -> Slice? { user(of: index).map { redacted($0, of: index) } }

  private func user(of index: Int) -> Slice? {
    if let known = users[index] { return known ?? ownDistinctID(index, resource: true) }
    let own = ownDistinctID(index, resource: false)
    let parent = Int(spans[index].parent)
    if own != nil || parent < 0 {
      users[index] = .some(own)
    } else {
      climb(from: index, to: parent)
    }
    return (users[index] ?? nil) ?? ownDistinctID(index, resource: true)
  }

  /// Finds the user of a span that names none, and of those it is asked through: remembered on the way down, so that a
  /// deep chain is climbed once and not once for each of its spans.
  private func climb(from index: Int, to parent: Int) {
    var place = parent
    var climbed = [index]
    var found: Slice?
    while climbed.count < MappingLimits.ancestorsMax {
      if let known = users[place] {
        found = known
        break
      }
      climbed.append(place)
      found = ownDistinctID(place, resource: false)
      let parent = Int(spans[place].parent)
      if found != nil || parent < 0 { break }
      place = parent
    }
    for span in climbed { users[span] = .some(found) }
  }

  /// What late spans of this trace are given if they know no user themselves: the topmost span's user, else the first
  /// one that any span knows. Empty if nobody does.
  func defaultIdentity() -> [UInt8] {
    var identity: [UInt8] = []
    for index in topmostFirst {
      if let found = distinctID(of: index) {
        identity.append(bytes, found)
        return identity
      }
    }
    return identity
  }

  /// Attributes of a span come before those of its ancestors, and all of them before the resource's.
  private func ownDistinctID(_ index: Int, resource: Bool) -> Slice? {
    let dialect = spans[index].dialect >= 0 ? Int(spans[index].dialect) : 0
    guard dialect < program.dialects.count, let number = program.dialects[dialect].identity else { return nil }
    let compiled = program.dialects[dialect]
    let rule = compiled.rules[number]
    for place in Int(rule.sources.lowerBound)..<Int(rule.sources.upperBound)
    where canSpeak(compiled.heads[place], index) {
      let head = compiled.heads[place]
      if let (value, _) = plainValue(head, index), case .string(let text) = value {
        guard (head.reach == .resource) == resource, isPresent(value), let slice = cut(text) else { continue }
        return slice
      }
      let source = compiled.sources[place]
      guard case .resource? = source.path?.place else {
        if resource { continue }
        if let found = evaluate(source, program.properties[Int(rule.property)].type, index), let slice = identity(found)
        {
          return slice
        }
        continue
      }
      if resource, let found = evaluate(source, program.properties[Int(rule.property)].type, index),
        let slice = identity(found)
      {
        return slice
      }
    }
    return nil
  }

  /// Non-empty text of at most `MappingLimits.distinctIDBytesMax` bytes.
  private func identity(_ found: Resolved) -> Slice? {
    let slice: Slice
    if case .value(.string(let text)) = found.item {
      slice = text
    } else {
      guard let text = scalarText(found.item), !text.isEmpty else { return nil }
      slice = constant(text)
    }
    return cut(slice)
  }

  private func cut(_ text: Slice) -> Slice? {
    let bytes = self.bytes
    var slice = text
    if Int(slice.count) > MappingLimits.distinctIDBytesMax {
      var end = slice.start + MappingLimits.distinctIDBytesMax
      while end > slice.start, bytes[end] & 0xc0 == 0x80 { end -= 1 }
      slice = Slice(slice.start, end)
    }
    return bytes.isBlank(slice) ? nil : slice
  }
}

extension ByteSpan {
  fileprivate func isBlank(_ slice: Slice) -> Bool {
    for index in slice.range where self[index] > 0x20 { return false }
    return true
  }
}
