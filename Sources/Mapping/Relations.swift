import Bytes
import Telemetry

/// What is known of a call where it may be the same as another.
struct CallFacts {
  /// Its index in the batch.
  var span: Int
  /// What names the call (`CompiledRelations.same`), in the arena; empty if it does not say.
  var id: Slice
  /// As `DialectFacts.isSecondary`.
  var isSecondary: Bool
}

/// Calls that several spans tell of (mapping.md section 6): one is kept, the others become steps.
extension Mapper {
  /// Finds steps that were told more than once, each of which is to be one event.
  func relate() {
    partners.removeAll(keepingCapacity: true)
    reported.removeAll(keepingCapacity: true)
    usageBelow.removeAll(keepingCapacity: true)
    calls.removeAll(keepingCapacity: true)
    let absorbed = absorbRecords()
    relateCalls()
    findFailedAttempts()
    for (owner, records) in absorbed {
      let kept = partners.first { $0.value.contains(owner) }?.key ?? owner
      partners[kept, default: []] += records
    }
  }

  /// Finds calls that were told more than once. Most traces have one call for each, and cost no more than counting them.
  private func relateCalls() {
    var count = 0
    var hasSecondary = false
    for state in spans where state.isCall {
      count &+= 1
      if program.dialects[Int(state.dialect)].facts.isSecondary { hasSecondary = true }
    }
    if count == 0 || count == 1 && !hasSecondary { return }
    for index in spans.indices where spans[index].isCall && !spans[index].isDuplicate {
      spans[index].call = Int32(calls.count)
      let id = text(of: program.relations.same, at: index)
      let isSecondary = program.dialects[Int(spans[index].dialect)].facts.isSecondary
      calls.append(CallFacts(span: index, id: id, isSecondary: isSecondary))
    }
    var groups = Groups()
    joinSame(&groups)
    joinNested(&groups)
    if hasSecondary { joinSecondaries(&groups) }
    for group in groups.all { keepOne(of: group) }
    forgetNodes()
  }

  /// Calls of one kind with the same id.
  private func joinSame(_ groups: inout Groups) {
    if calls.count > Self.fewCalls { return joinManySame(&groups) }
    let bytes = self.bytes
    for number in calls.indices where !calls[number].id.isEmpty {
      let call = calls[number]
      for other in 0..<number
      where calls[other].id.count == call.id.count && bytes.equals(calls[other].id, bytes, call.id) {
        if spans[calls[other].span].kind == spans[call.span].kind { groups.join(other, number) }
      }
    }
  }

  /// So many calls are compared with each other sooner than sorted.
  private static var fewCalls: Int { 12 }

  private func joinManySame(_ groups: inout Groups) {
    let bytes = self.bytes
    var hashed: [(hash: UInt64, call: Int)] = []
    for (number, call) in calls.enumerated() where !call.id.isEmpty {
      hashed.append((Hash.bytes(bytes, call.id), number))
    }
    hashed.sort { ($0.hash, $0.call) < ($1.hash, $1.call) }
    for place in hashed.indices.dropFirst() where hashed[place].hash == hashed[place - 1].hash {
      let (one, other) = (calls[hashed[place - 1].call], calls[hashed[place].call])
      if spans[one.span].kind == spans[other.span].kind, bytes.equals(one.id, bytes, other.id) {
        groups.join(hashed[place - 1].call, hashed[place].call)
      }
    }
  }

  /// A call whose nearest step above is a call is the same, if nothing speaks against it. Where several lie inside one,
  /// the last that ended as it did is: the others were attempts before.
  private func joinNested(_ groups: inout Groups) {
    guard program.relations.nested != nil else { return }
    var inside: [Int: [Int]] = [:]
    for (number, call) in calls.enumerated() {
      let above = spans[call.span].aiParent
      guard above >= 0, spans[Int(above)].call >= 0 else { continue }
      let outer = Int(spans[Int(above)].call)
      if isNested(call, in: calls[outer]) { inside[outer, default: []].append(number) }
    }
    for (outer, inner) in inside {
      let status = batch.spans[calls[outer].span].status
      let ended = inner.filter { batch.spans[calls[$0].span].status == status }
      if let last = (ended.isEmpty ? inner : ended).max(by: { isBefore(calls[$0].span, calls[$1].span) }) {
        groups.join(outer, last)
      }
    }
  }

  /// A secondary call that nothing else joined is the one without an id that counted the same tokens: some
  /// instrumentations tell of a streamed call only when it is over, beside the span that began it.
  private func joinSecondaries(_ groups: inout Groups) {
    let joined = Set(groups.all.flatMap(\.self))
    var open = calls.indices.filter { !joined.contains($0) && !calls[$0].isSecondary && calls[$0].id.isEmpty }
    for number in calls.indices where calls[number].isSecondary && !joined.contains(number) {
      let usage = usage(of: calls[number].span)
      let found = open.firstIndex { other in
        let theirs = self.usage(of: calls[other].span).values
        return spans[calls[other].span].kind == spans[calls[number].span].kind
          && isSameModel(calls[other], calls[number])
          && program.relations.usage.prefix(2).allSatisfy { property in
            let counted = usage.values.first { $0.property == property }?.value
            return counted != nil && counted == theirs.first { $0.property == property }?.value
          }
      }
      if let found { groups.join(number, open.remove(at: found)) }
    }
  }

  private func isNested(_ inner: CallFacts, in outer: CallFacts) -> Bool {
    let (one, other) = (batch.spans[inner.span], batch.spans[outer.span])
    guard spans[inner.span].kind == spans[outer.span].kind,
      inner.id.isEmpty || outer.id.isEmpty || bytes.equals(inner.id, bytes, outer.id)
    else { return false }
    return isWithin(one, other) && isSameModel(inner, outer)
  }

  private func isSameModel(_ one: CallFacts, _ other: CallFacts) -> Bool {
    let first = text(of: program.relations.nested, at: one.span)
    let second = text(of: program.relations.nested, at: other.span)
    return ModelName.isSame(first, of: bytes, second, of: bytes)
  }

  /// Clocks of one process differ by less than a millisecond between two layers.
  private func isWithin(_ inner: Telemetry.Span, _ outer: Telemetry.Span) -> Bool {
    let slack = MappingLimits.nestedSlack
    return inner.start &+ slack >= outer.start && (outer.end == 0 || inner.end <= outer.end &+ slack)
  }

  private func isBefore(_ one: Int, _ other: Int) -> Bool {
    (batch.spans[one].start, batch.spans[one].id.value) < (batch.spans[other].start, batch.spans[other].id.value)
  }

  /// The call that is kept of those that are one: not a secondary one, with content, with usage, the outermost.
  private func keepOne(of group: [Int]) {
    let ranked = group.map { number -> (rank: Int, depth: Int, span: Int) in
      let span = calls[number].span
      var rank = calls[number].isSecondary ? 8 : 0
      let content = program.relations.content
      if !content.contains(where: { says($0, at: span) }) { rank += 4 }
      if let first = content.first, !says(first, at: span) { rank += 2 }
      if !program.relations.usage.contains(where: { says($0, at: span) }) { rank += 1 }
      return (rank, depth(of: span), span)
    }
    let sorted = ranked.sorted {
      if ($0.rank, $0.depth) != ($1.rank, $1.depth) { return ($0.rank, $0.depth) < ($1.rank, $1.depth) }
      return isBefore($0.span, $1.span)
    }
    let kept = sorted[0].span
    partners[kept] = sorted.dropFirst().map(\.span)
    for other in sorted.dropFirst() { spans[other.span].duplicateOf = batch.spans[kept].id }
    let own = group.first { calls[$0].isSecondary && calls[$0].span != kept }
    if let own { reported[kept] = usage(of: calls[own].span) }
  }

  /// Finds for each call that failed the last failed attempt at it: a step right below it that is nothing else.
  private func findFailedAttempts() {
    failedAttempts.removeAll(keepingCapacity: true)
    if program.relations.failures.isEmpty { return }
    for index in spans.indices where spans[index].isError && spans[index].kind == .other && !spans[index].isDuplicate {
      let call = Int(spans[index].aiParent)
      guard call >= 0, spans[call].isCall, spans[call].isError else { continue }
      if let later = failedAttempts[call], isBefore(index, later) { continue }
      failedAttempts[call] = index
    }
  }

  private func depth(of index: Int) -> Int {
    var depth = 0
    var place = spans[index].aiParent
    while place >= 0, depth < MappingLimits.ancestorsMax {
      depth += 1
      place = spans[Int(place)].aiParent
    }
    return depth
  }

  // MARK: Asking one property of one span

  /// What a span itself says of a property; nil if it says nothing.
  func find(_ property: Int, at index: Int) -> Resolved? {
    guard spans[index].dialect >= 0 else { return nil }
    let dialect = program.dialects[Int(spans[index].dialect)]
    guard let rule = dialect.rule(of: property) else { return nil }
    for place in Int(rule.sources.lowerBound)..<Int(rule.sources.upperBound)
    where canSpeak(dialect.heads[place], index) {
      if let (value, attribute) = plainValue(dialect.heads[place], index) {
        if isPresent(value) { return Resolved(item: .value(value), attribute: Int32(attribute)) }
        continue
      }
      let found = evaluate(dialect.sources[place], program.properties[property].type, index)
      if let found, found.isPresent { return found }
    }
    return nil
  }

  func says(_ property: Int, at index: Int) -> Bool { find(property, at: index) != nil }

  /// A property's value as text in the arena; empty if there is none.
  func text(of property: Int?, at index: Int) -> Slice {
    guard let property, let found = find(property, at: index) else { return .empty }
    if case .value(.string(let slice)) = found.item { return slice }
    return scalarText(found.item).map { constant($0) } ?? .empty
  }

  /// Forgets what was parsed to answer questions; the next event begins with an empty tape.
  func forgetNodes() {
    tape.nodes.removeAll(keepingCapacity: true)
    parsed.removeAll(keepingCapacity: true)
  }

  // MARK: Usage

  /// Whether a step must not tell usage: it was told by a call below it, or it is a call that was told twice.
  func leavesUsage(_ index: Int) -> Bool {
    if spans[index].duplicateOf != nil { return true }
    if spans[index].isCall { return false }
    if usageBelow.isEmpty { findUsage() }
    return usageBelow[index]
  }

  /// Marks every step above a call that tells its usage.
  private func findUsage() {
    usageBelow.append(contentsOf: repeatElement(false, count: spans.count))
    for index in spans.indices where spans[index].isCall {
      var place = spans[index].aiParent
      if place < 0 || !program.relations.usage.contains(where: { says($0, at: index) }) { continue }
      while place >= 0, !usageBelow[Int(place)] {
        usageBelow[Int(place)] = true
        place = spans[Int(place)].aiParent
      }
    }
  }
}

/// Names of models as different layers write them.
enum ModelName {
  /// Whether two names mean one model: the same, or one the other with a date behind it or a provider before it. Nobody
  /// is contradicted by silence.
  static func isSame(_ one: Slice, of bytes: ByteSpan, _ other: Slice, of otherBytes: ByteSpan) -> Bool {
    if one.isEmpty || other.isEmpty { return true }
    let (one, other) = (withoutProvider(one, bytes), withoutProvider(other, otherBytes))
    let shared = Int(min(one.count, other.count))
    return bytes.equals(Slice(one.start, one.start + shared), otherBytes, Slice(other.start, other.start + shared))
  }

  /// What follows the last slash.
  private static func withoutProvider(_ name: Slice, _ bytes: ByteSpan) -> Slice {
    var start = name.end
    while start > name.start, bytes[start - 1] != UInt8(ascii: "/") { start -= 1 }
    return start == name.end ? name : Slice(start, name.end)
  }
}

/// Which calls belong together; nothing at all while none do.
private struct Groups {
  /// The smallest number of the group, by any of its numbers.
  private var leader: [Int: Int] = [:]

  private func find(_ number: Int) -> Int {
    var number = number
    while let next = leader[number], next != number { number = next }
    return number
  }

  mutating func join(_ one: Int, _ other: Int) {
    let (first, second) = (find(one), find(other))
    let smaller = min(first, second)
    for number in [one, other, first, second] { leader[number] = smaller }
  }

  /// Each group's members, in order.
  var all: [[Int]] {
    if leader.isEmpty { return [] }
    var members: [Int: [Int]] = [:]
    for number in leader.keys.sorted() { members[find(number), default: []].append(number) }
    return members.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
  }
}
