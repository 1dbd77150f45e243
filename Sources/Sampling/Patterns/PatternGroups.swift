/// Which patterns turned out to be one: a forest in which each tree is a pattern, and its root gives the id.
///
/// Of two that become one, that with fewer words stays, of equally long ones that with the lower id. That order does not
/// depend on what came first, so replicas end at the same id, and aliases never go in a circle.
struct PatternGroups: Sendable {
  typealias Node = UInt32

  private struct Entry: Sendable {
    var parent: Node
    var words: UInt32
    var id: PatternID
    /// How the pattern is shown; only roots keep it.
    var template: [UInt8]
  }

  private var entries: [Entry] = []
  private var nodes: [PatternID: Node] = [:]
  /// How often two became one.
  private(set) var joins = 0
  /// What has an id no longer, and what it is now.
  private(set) var aliases: [PatternAlias] = []
  private(set) var aliasesDropped = 0

  var count: Int { entries.count }

  func node(of id: PatternID) -> Node? { nodes[id] }

  mutating func add(_ id: PatternID, words: Int, template: [UInt8]) -> Node {
    let node = Node(truncatingIfNeeded: entries.count)
    entries.append(Entry(parent: node, words: UInt32(truncatingIfNeeded: words), id: id, template: template))
    nodes[id] = node
    return node
  }

  mutating func root(_ node: Node) -> Node {
    var node = node
    while entries[Int(node)].parent != node {
      let next = entries[Int(entries[Int(node)].parent)].parent
      entries[Int(node)].parent = next
      node = next
    }
    return node
  }

  mutating func id(_ node: Node) -> PatternID { entries[Int(root(node))].id }

  mutating func template(_ node: Node) -> [UInt8] { entries[Int(root(node))].template }

  /// Changes how the pattern of `node` is shown, if `id` is what it is known by.
  mutating func show(_ node: Node, as id: PatternID, _ template: () -> [UInt8]) {
    let root = root(node)
    if entries[Int(root)].id == id { entries[Int(root)].template = template() }
  }

  /// Makes one of two, and returns its root.
  mutating func join(_ first: Node, _ second: Node) -> Node {
    let first = root(first)
    let second = root(second)
    if first == second { return first }
    let isFirst =
      (entries[Int(first)].words, entries[Int(first)].id.value)
      < (entries[Int(second)].words, entries[Int(second)].id.value)
    let (kept, gone) = isFirst ? (first, second) : (second, first)
    entries[Int(gone)].parent = kept
    if entries[Int(kept)].template.isEmpty { entries[Int(kept)].template = entries[Int(gone)].template }
    entries[Int(gone)].template = []
    joins += 1
    if aliases.count < PatternMiner.aliasesMax {
      aliases.append(PatternAlias(old: entries[Int(gone)].id, new: entries[Int(kept)].id))
    } else {
      aliasesDropped += 1
    }
    return kept
  }

  mutating func takeAliases() -> [PatternAlias] {
    defer { aliases.removeAll(keepingCapacity: true) }
    return aliases
  }

  enum Mark: UInt8 {
    case forgotten, kept, shown
  }

  /// Forgets what is not marked, and the template of what is not shown; what is marked must be a root. Returns where each
  /// node is now.
  mutating func keep(_ marks: [Mark]) -> [Node] {
    var moved = [Node](repeating: 0, count: entries.count)
    var kept: [Entry] = []
    for (index, mark) in marks.enumerated() where mark != .forgotten {
      var entry = entries[index]
      entry.parent = Node(truncatingIfNeeded: kept.count)
      if mark != .shown { entry.template = [] }
      moved[index] = entry.parent
      kept.append(entry)
    }
    entries = kept
    nodes.removeAll(keepingCapacity: true)
    for entry in entries { nodes[entry.id] = entry.parent }
    return moved
  }
}

/// Two ids of what turned out to be one pattern: counts of the old one belong to the new one.
package struct PatternAlias: Hashable, Sendable {
  package let old: PatternID
  package let new: PatternID
}
