import Bytes
import Telemetry

/// Which dialect knows a span, found from what the span has instead of by asking one dialect after the other.
///
/// A dialect's `match` is taken apart into alternatives. Most are one attribute, or one value of an attribute: those are
/// looked up. Some only look at the scope and the resource: those are answered once a scope. What is left (a branch) is
/// asked, if the span has something that it needs.
struct MatchIndex: Sendable {
  /// A set of dialects, by their place in the order. All dialects from the last bit on share it.
  typealias Dialects = UInt64
  /// A set of branches, in the order of their dialects. All branches from the last bit on share it.
  typealias Branches = UInt64
  static let last = 63

  /// What an attribute says by being there.
  struct Hint: Sendable {
    /// The dialects that know every span with such an attribute.
    var sure: Dialects = 0
    /// The same by the attribute's family, whatever its value.
    var sureByName: Dialects = 0
    /// The branches that need it.
    var branches: Branches = 0
    /// Index into `values`; -1 for none.
    var values: Int32 = -1

    @inline(__always) var isNone: Bool { sure | sureByName | branches == 0 && values < 0 }
  }

  /// What the value of an attribute says.
  struct Values: Sendable {
    var texts = KeyTable()
    var dialects: [Dialects] = []
    /// A bit for each length that a text has, from 63 on all the same: most values are none of these.
    var lengths: UInt64 = 0

    func dialects(_ bytes: ByteSpan, _ text: Slice) -> Dialects {
      guard lengths & MatchIndex.bit(Int(text.count)) != 0 else { return 0 }
      return texts.find(bytes, text).map { dialects[$0] } ?? 0
    }
  }

  struct Branch: Sendable {
    var dialect: Int
    var condition: CompiledCondition
    /// What must hold of the scope and the resource for the branch to be asked.
    var scope: [CompiledCondition] = []
  }

  private(set) var bySlot: [Hint] = []
  private(set) var byFamily: [Hint] = []
  private(set) var values: [Values] = []
  private(set) var branches: [Branch] = []
  /// Branches that need nothing that can be looked up.
  private(set) var always: Branches = 0
  private(set) var byScope: [(condition: CompiledCondition, dialect: Int)] = []
  /// Everything in scope and resource that is looked at; indices into `Program.paths`.
  private(set) var scopePaths: [Int] = []

  init() {}

  init(_ program: borrowing Program) {
    bySlot = Array(repeating: Hint(), count: program.slots.count)
    byFamily = Array(repeating: Hint(), count: program.families.count)
    for (number, dialect) in program.dialects.enumerated() {
      addAlternatives(of: dialect.facts.match, number, program)
    }
    for slot in bySlot.indices {
      let name = program.slots.name(slot)
      guard let family = program.families.firstIndex(where: { name.starts(with: $0) }) else { continue }
      bySlot[slot].sureByName |= byFamily[family].sureByName
      bySlot[slot].branches |= byFamily[family].branches
    }
  }

  static func bit(_ number: Int) -> UInt64 { 1 << UInt64(min(number, last)) }

  private mutating func addAlternatives(
    of condition: CompiledCondition, _ dialect: Int, _ program: borrowing Program
  ) {
    switch condition {
    case .never: return
    case .any(let parts):
      for part in parts { addAlternatives(of: program.conditions[Int(part)], dialect, program) }
    case _ where isOfScope(condition, program): byScope.append((condition, dialect))
    case .has(let slot): bySlot[Int(slot)].sure |= Self.bit(dialect)
    case .equals(let comparison):
      guard case .attribute(let slot) = comparison.short else { return addBranch(condition, dialect, program) }
      add(comparison, Int(slot), dialect, program)
    case .present(let path):
      guard let family = program.paths[Int(path)].family else { return addBranch(condition, dialect, program) }
      for inner in families(in: family, program) { byFamily[inner].sureByName |= Self.bit(dialect) }
    default: addBranch(condition, dialect, program)
    }
  }

  /// A family and those inside it: an attribute belongs to the longest one only, but to those around it too.
  private func families(in family: Int, _ program: borrowing Program) -> [Int] {
    let prefix = program.families[family]
    return program.families.indices.filter { program.families[$0].starts(with: prefix) }
  }

  private mutating func add(_ comparison: TextTest, _ slot: Int, _ dialect: Int, _ program: borrowing Program) {
    if bySlot[slot].values < 0 {
      bySlot[slot].values = Int32(values.count)
      values.append(Values())
    }
    let table = Int(bySlot[slot].values)
    for number in comparison.texts {
      let text = values[table].texts.intern(program.labels.bytes.span, program.texts[Int(number)])
      if text == values[table].dialects.count { values[table].dialects.append(0) }
      values[table].dialects[text] |= Self.bit(dialect)
      values[table].lengths |= Self.bit(Int(program.texts[Int(number)].count))
    }
  }

  private mutating func addBranch(_ condition: CompiledCondition, _ dialect: Int, _ program: borrowing Program) {
    var branch = Branch(dialect: dialect, condition: condition)
    if case .all(let parts) = condition {
      branch.scope = parts.map { program.conditions[Int($0)] }.filter { isOfScope($0, program) }
    }
    let bit = Self.bit(branches.count)
    branches.append(branch)
    guard let needs = needs(of: condition, program) else {
      always |= bit
      return
    }
    for need in needs {
      switch need {
      case .slot(let slot): bySlot[slot].branches |= bit
      case .family(let family):
        for inner in families(in: family, program) { byFamily[inner].branches |= bit }
      }
    }
  }

  /// What a span must have, as far as it can be looked up.
  private enum Need {
    case slot(Int)
    case family(Int)
  }

  /// Needs of which a span must have one for the condition to hold; nil if it can hold without any.
  private func needs(of condition: CompiledCondition, _ program: borrowing Program) -> [Need]? {
    switch condition {
    case .never: return []
    case .always, .status, .not: return nil
    case .any(let parts):
      var all: [Need] = []
      for part in parts {
        guard let needs = needs(of: program.conditions[Int(part)], program) else { return nil }
        all += needs
      }
      return all
    case .all(let parts):
      var fewest: [Need]?
      for part in parts {
        guard let needs = needs(of: program.conditions[Int(part)], program) else { continue }
        if needs.count < fewest?.count ?? .max { fewest = needs }
      }
      return fewest
    case .has(let slot): return [.slot(Int(slot))]
    case .present(let path): return Self.needs(at: program.paths[Int(path)])
    case .equals(let comparison), .prefix(let comparison), .suffix(let comparison), .atLeast(let comparison),
      .below(let comparison):
      return Self.needs(at: program.paths[Int(comparison.path)])
    }
  }

  private static func needs(at path: CompiledPath) -> [Need]? {
    switch path.place {
    case .attribute(let slot): [.slot(slot)]
    case .gather(let family), .object(let family): [.family(family)]
    default: nil
    }
  }

  /// Whether a condition looks at nothing but the scope and the resource. Notes what it looks at.
  private mutating func isOfScope(_ condition: CompiledCondition, _ program: borrowing Program) -> Bool {
    let path: Int
    switch condition {
    case .never, .always: return true
    case .status, .has: return false
    case .any(let parts), .all(let parts):
      for part in parts where !isOfScope(program.conditions[Int(part)], program) { return false }
      return true
    case .not(let part): return isOfScope(program.conditions[Int(part)], program)
    case .present(let place): path = Int(place)
    case .equals(let comparison), .prefix(let comparison), .suffix(let comparison), .atLeast(let comparison),
      .below(let comparison):
      path = Int(comparison.path)
    }
    switch program.paths[path].place {
    case .scopeName, .scopeVersion, .scopeSchemaURL, .scope, .resource:
      if !scopePaths.contains(where: { program.paths[$0].isSame(as: program.paths[path]) }) { scopePaths.append(path) }
      return true
    default: return false
    }
  }
}

/// What scopes say about the dialects of their spans, remembered by all that is looked at in them.
struct ScopeMemory {
  struct Answer {
    var sure: MatchIndex.Dialects = 0
    /// The branches that are worth asking.
    var open: MatchIndex.Branches = 0
  }

  private var keys = KeyTable()
  private var answers: [Answer] = []

  /// The answer for a scope; `answer` finds it out.
  mutating func answer(for key: borrowing ByteBuffer, _ answer: () -> Answer) -> Answer {
    key.withSpan { bytes in
      if let known = keys.find(bytes, Slice(0, bytes.count)) { return answers[known] }
      if answers.count >= MappingLimits.keysRememberedMax { self = ScopeMemory() }
      let new = answer()
      _ = keys.intern(bytes, Slice(0, bytes.count))
      answers.append(new)
      return new
    }
  }
}
