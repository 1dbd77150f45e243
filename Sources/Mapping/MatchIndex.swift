import Bytes

/// Which dialects can know a span, by what the span has: conditions are asked only of those.
struct MatchIndex: Sendable {
  /// A set of dialects, by their place in the order. All dialects from the last bit on share it.
  typealias Dialects = UInt64
  static let last = 63

  /// By the slot of an attribute that is there, and by the family it belongs to.
  private(set) var bySlot: [Dialects] = []
  private(set) var byFamily: [Dialects] = []
  /// Dialects that have to be asked whatever the span has.
  private(set) var always: Dialects = 0
  /// What dialects ask of the scope alone: answered once a scope.
  private(set) var byScope: [(condition: CompiledCondition, dialects: Dialects)] = []

  init() {}

  init(_ program: borrowing Program) {
    bySlot = Array(repeating: 0, count: program.slots.count)
    byFamily = Array(repeating: 0, count: program.families.count)
    for (number, dialect) in program.dialects.enumerated() {
      let bit = Self.bit(number)
      guard let needs = Self.needs(of: dialect.facts.match) else {
        always |= bit
        continue
      }
      for need in needs { add(need, bit, program) }
    }
  }

  static func bit(_ dialect: Int) -> Dialects { 1 << Dialects(min(dialect, last)) }

  private mutating func add(_ need: Need, _ bit: Dialects, _ program: borrowing Program) {
    switch need {
    case .slot(let slot): bySlot[slot] |= bit
    case .family(let family):
      for inner in program.families.indices where program.families[inner].starts(with: program.families[family]) {
        byFamily[inner] |= bit
      }
    case .scope(let condition): byScope.append((condition, bit))
    }
  }

  /// What a span must have, as far as it can be looked up.
  private enum Need {
    case slot(Int)
    case family(Int)
    case scope(CompiledCondition)
  }

  /// Needs of which a span must have one for the condition to hold; nil if it can hold without any.
  private static func needs(of condition: CompiledCondition) -> [Need]? {
    switch condition {
    case .never: return []
    case .always, .status, .not: return nil
    case .any(let parts):
      var all: [Need] = []
      for part in parts {
        guard let needs = needs(of: part) else { return nil }
        all += needs
      }
      return all
    case .all(let parts): return parts.compactMap { needs(of: $0) }.min { $0.count < $1.count }
    case .present(let path), .equals(let path, _), .prefix(let path, _), .suffix(let path, _), .atLeast(let path, _),
      .below(let path, _):
      switch path.place {
      case .attribute(let slot): return [.slot(slot)]
      case .gather(let family), .object(let family): return [.family(family)]
      case .scopeName, .scopeVersion, .scopeSchemaURL, .scope: return [.scope(condition)]
      default: return nil
      }
    }
  }
}
