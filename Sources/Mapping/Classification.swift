import Bytes
import Telemetry

/// What a span is: its dialect and its kind.
extension Mapper {
  /// Finds the first dialect that knows the span, and what kind of span it says it is.
  func classify(_ index: Int) {
    find(index)
    guard index >= givenSpans, spans[index].dialect >= 0, let made = recordKinds[index - givenSpans] else { return }
    if made == .evaluation || !spans[index].isCall { spans[index].kind = made }
  }

  private func find(_ index: Int) {
    guard let dialect = dialect(of: index) else { return }
    spans[index].dialect = Int32(dialect)
    spans[index].kind = kind(of: index, program.dialects[dialect])
    spans[index].isError =
      batch.spans[index].status == .error || program.dialects[dialect].facts.failures.contains { holds($0, index) }
  }

  private func dialect(of index: Int) -> Int? {
    let scope = answer(ofScope: Int(batch.spans[index].scope), index)
    let hints = hints(of: index)
    var first = (hints.sure | scope.sure).trailingZeroBitCount
    var left = (hints.branches | program.matches.always) & scope.open
    while left != 0 {
      let number = left.trailingZeroBitCount
      left &= left &- 1
      if program.matches.branches[number].dialect >= first { break }
      if let found = firstBranch(from: number, index) {
        first = min(first, found)
        break
      }
    }
    if first < MatchIndex.last { return first }
    // Many dialects share the last bit.
    return program.dialects.indices.dropFirst(MatchIndex.last).first { holds(program.dialects[$0].facts.match, index) }
  }

  /// The dialects that know a span by one of its attributes, and the branches that one is needed for. Notes which slots the
  /// span has.
  private func hints(of index: Int) -> (sure: MatchIndex.Dialects, branches: MatchIndex.Branches) {
    let memory = self.memory
    let base = index &* slotWords
    var sure: MatchIndex.Dialects = 0
    var branches: MatchIndex.Branches = 0
    for attribute in batch.spans[index].attributes {
      let key = Int(keys[Int(attribute)])
      if key < slotCount { slotsPresent[base &+ key &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: key) }
      guard let hint = memory.hint(of: key) else { continue }
      sure |= hint.sureByName
      branches |= hint.branches
      if hint.sure & ~sure != 0 || hint.values >= 0 { sure |= dialects(hint, of: Int(attribute)) }
    }
    return (sure, branches)
  }

  /// The dialects that know a span by the value of an attribute.
  private func dialects(_ hint: MatchIndex.Hint, of attribute: Int) -> MatchIndex.Dialects {
    let value = batch.attributes[attribute].value
    if !isPresent(value) { return 0 }
    if hint.values < 0 { return hint.sure }
    if case .string(let text) = value {
      return hint.sure | program.matches.values[Int(hint.values)].dialects(bytes, text)
    }
    guard let text = text(.value(value)) else { return hint.sure }
    return hint.sure | program.matches.values[Int(hint.values)].dialects(text.span, Slice(0, text.count))
  }

  /// The dialect of a branch if it holds; of the first that does, for branches that share the last bit.
  private func firstBranch(from number: Int, _ index: Int) -> Int? {
    let branches = program.matches.branches
    if holds(branches[number].condition, index) { return branches[number].dialect }
    if number < MatchIndex.last { return nil }
    return branches[(number + 1)...].first { holds($0.condition, index) }?.dialect
  }

  private func answer(ofScope scope: Int, _ index: Int) -> ScopeMemory.Answer {
    if let known = scopeAnswers[scope] { return known }
    scratch.truncate(to: 0)
    for path in program.matches.scopePaths {
      let item = resolve(program.paths[path], index).item
      if case .value(.string(let text)) = item {
        scratch.append(bigEndian: UInt64(text.count))
        scratch.append(bytes, text)
      } else if let text = text(item) {
        scratch.append(bigEndian: UInt64(text.count))
        scratch.append(text)
      } else {
        scratch.append(bigEndian: isPresent(item) ? .max : .max - 1)
      }
    }
    let answer = scopeMemory.answer(for: scratch) {
      var answer = ScopeMemory.Answer()
      for part in program.matches.byScope where holds(part.condition, index) {
        answer.sure |= MatchIndex.bit(part.dialect)
      }
      for (number, branch) in program.matches.branches.enumerated()
      where branch.scope.allSatisfy({ holds($0, index) }) {
        answer.open |= MatchIndex.bit(number)
      }
      return answer
    }
    scopeAnswers[scope] = answer
    return answer
  }

  private func kind(of index: Int, _ dialect: CompiledDialect) -> Kind {
    for rule in dialect.kinds {
      switch rule {
      case .when(let condition, let kind):
        if holds(condition, index) { return kind }
      case .by(let path, let table):
        lower.removeAll(keepingCapacity: true)
        let item = resolve(program.paths[Int(path)], index).item
        if case .value(.string(let text)) = item {
          lower.append(bytes, text)
        } else if let text = text(item) {
          lower.append(contentsOf: text)
        } else {
          continue
        }
        for place in lower.indices where lower[place] >= 0x41 && lower[place] <= 0x5a { lower[place] |= 0x20 }
        if let kind = program.kindTables[Int(table)].kind(of: lower) { return kind }
      }
    }
    return .notAI
  }
}
