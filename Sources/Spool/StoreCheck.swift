import Bytes

/// Walks every tree of a closed data file and notes what cannot be so: pages that say something impossible, or that
/// belong to two. Looks at the pages of the trees alone; large values have checksums.
struct StoreCheck: ~Copyable {
  /// A stored value: in the page that was read last, or in pages of its own.
  struct Value {
    var count: Int
    /// Where in the page it is; nil if `page` says where it begins.
    var offset: Int?
    var page: UInt64
  }

  /// What LMDB writes into the flags of pages and entries.
  private enum Flag {
    static let branch = 1
    static let leaf = 2
    static let kinds = 0x6f
    static let ownPages = 1
    static let tree = 2
  }

  private static let nodeBytes = 8
  private static let depthMax = 32
  /// Larger than anything we store: a dead letter with its trace has some 24 MiB.
  private static let valueBytesMax = 64 << 20

  var pages: StorePages
  private var meta: StoreMeta
  /// Pages that belong to something, a bit each.
  private var owned: [UInt64]
  /// How many places cannot be so.
  private(set) var damage = 0
  private var counts: [UInt64] = [0, 0, 0, 0]
  /// The trees of the databases, by name.
  private(set) var trees: [String: StoreTree] = [:]
  /// The same before the last commit, if there is damage.
  private(set) var before: [String: StoreTree] = [:]

  /// Checks the file at `path`; nil if there is nothing to check.
  init?(_ path: String) {
    guard var pages = StorePages(path) else { return nil }
    var metas: [StoreMeta] = []
    for slot in UInt64(0)...1 {
      pages.read(slot)
      if let meta = StoreMeta(pages, slot: slot) { metas.append(meta) }
    }
    metas.sort { $0.commit > $1.commit }
    guard let newest = metas.first else { return nil }
    // One commit lies between the two; else one of them has changed.
    let areTurns = metas.count == 2 && newest.commit - metas[1].commit <= 1
    self.pages = pages
    meta = newest
    owned = []
    walk(newest)
    if damage == 0, areTurns { return }
    let (found, places) = (trees, damage)
    if metas.count == 2 { walk(metas[1]) }
    // What the last commit has replaced is still there, page for page.
    (meta, trees, before, damage) = (newest, found, metas.count == 2 ? trees : [:], places + (areTurns ? 0 : 1))
  }

  private mutating func walk(_ meta: StoreMeta) {
    self.meta = meta
    damage = 0
    disown()
    var found: [String: StoreTree] = [:]
    walk(meta.names, flags: 0, isNames: true) { check, key, value in
      guard let offset = value.offset, value.count == StoreTree.recordBytes else { return }
      found[String(decoding: key.bytes, as: UTF8.self)] = StoreTree(check.pages.bytes.span, at: offset)
    }
    let known = Set(Database.allCases.map(\.rawValue))
    if !found.isEmpty, !known.isSuperset(of: found.keys) { damage += 1 }
    for (_, tree) in found { walk(tree, flags: 0) { _, _, _ in } }
    walk(meta.free, flags: StoreMeta.freeFlags) { check, _, value in check.take(free: value) }
    // A name of which a letter has changed.
    let missing = known.subtracting(found.keys)
    let strange = Set(found.keys).subtracting(known)
    if missing.count == 1, strange.count == 1, let name = missing.first, let other = strange.first {
      found[name] = found.removeValue(forKey: other)
    }
    trees = found
  }

  /// A list of free pages: how many, then their numbers, the greatest first.
  private mutating func take(free value: Value) {
    let list = bytes(value)
    guard list.count >= 8, list.count % 8 == 0, list.span.word(at: 0) <= UInt64(list.count / 8 - 1) else {
      damage += 1
      return
    }
    var last = UInt64.max
    for number in 0..<Int(list.span.word(at: 0)) {
      let page = list.span.word(at: 8 + 8 * number)
      if page >= last || !own(page, count: 1, isFree: true) { damage += 1 }
      last = page
    }
  }

  /// The bytes of a value that a walk has just come by.
  func bytes(_ value: Value) -> [UInt8] {
    if let offset = value.offset { return Array(pages.bytes[offset..<offset + value.count]) }
    return pages.value(at: value.page, count: value.count)
  }

  private mutating func disown() {
    owned = [UInt64](repeating: 0, count: Int(meta.lastPage / 64) + 1)
  }

  /// Notes that pages belong to something; false if they cannot. Free pages need not be in the file: those at its end that
  /// a commit took and did not need were never written.
  private mutating func own(_ page: UInt64, count: UInt64, isFree: Bool = false) -> Bool {
    let filePages = UInt64(pages.fileBytes / StorePages.pageBytes)
    let end = isFree ? meta.lastPage + 1 : min(meta.lastPage + 1, filePages)
    guard page > 1, page < end, count <= end - page else { return false }
    let pages = page..<page + count
    // All or none: the others belong to somebody who is in the right.
    if pages.contains(where: { owned[Int($0 / 64)] & UInt64(1) &<< ($0 & 63) != 0 }) { return false }
    for page in pages { owned[Int(page / 64)] |= UInt64(1) &<< (page & 63) }
    return true
  }
}

// MARK: A tree

extension StoreCheck {
  typealias Visit = (inout StoreCheck, PageKey, Value) -> Void

  /// Calls `visit` with every entry of a tree that can be read, for a second time.
  mutating func each(_ tree: StoreTree, _ visit: Visit) {
    disown()
    walk(tree, flags: 0, visit)
  }

  private mutating func walk(_ tree: StoreTree, flags: Int, isNames: Bool = false, _ visit: Visit) {
    counts = [0, 0, 0, 0]
    if tree.flags != flags { damage += 1 }
    if tree.root != StoreTree.none {
      guard tree.depth >= 1, tree.depth <= Self.depthMax else {
        damage += 1
        return
      }
      walk(
        tree.root, level: tree.depth, bounds: (nil, nil), areNumbers: flags == StoreMeta.freeFlags, isNames: isNames,
        visit)
    }
    if counts != tree.counts { damage += 1 }
  }

  /// One page and all below it; `level` 1 is a leaf.
  private mutating func walk(
    _ page: UInt64, level: Int, bounds: (low: PageKey?, high: PageKey?), areNumbers: Bool, isNames: Bool,
    _ visit: Visit
  ) {
    guard own(page, count: 1) else {
      damage += 1
      return
    }
    pages.read(page)
    let isLeaf = level == 1
    let hasNumber = pages.word(0) == page
    let hasKind = pages.half(10) & Flag.kinds == (isLeaf ? Flag.leaf : Flag.branch)
    let lower = pages.half(12)
    let upper = pages.half(14)
    let hasBounds = lower > StorePages.headerBytes && lower <= upper && upper <= StorePages.pageBytes && lower % 2 == 0
    if !hasNumber || !hasKind || !hasBounds { damage += 1 }
    // With both wrong it is another page altogether.
    guard hasNumber || hasKind else { return }
    counts[isLeaf ? 1 : 0] += 1
    let places = hasBounds ? (lower - StorePages.headerBytes) / 2 : StorePages.pageBytes / 4
    var children: [(page: UInt64, key: PageKey?)] = []
    var last = bounds.low
    var used = 0
    for number in 0..<places {
      let end = StorePages.headerBytes + 2 * (number + 1)
      guard let node = node(at: pages.half(end - 2), from: end, isLeaf: isLeaf) else {
        damage += 1
        if hasBounds { continue }
        break
      }
      used += node.bytes
      // The first key of a branch page stands for everything below the second.
      if isLeaf || number > 0 {
        let isInOrder = last.map { Self.precedes($0, node.key, areNumbers, orEqual: number == 0) } ?? true
        let isBelow = bounds.high.map { Self.precedes(node.key, $0, areNumbers, orEqual: false) } ?? true
        if !isInOrder || !isBelow { damage += 1 }
        last = node.key
      }
      if isLeaf {
        leaf(node, isNames: isNames, visit)
      } else {
        children.append((node.page, number > 0 ? node.key : bounds.low))
      }
    }
    // Entries stand at the end of the page without gaps.
    if hasBounds, used != StorePages.pageBytes - upper { damage += 1 }
    for (number, child) in children.enumerated() {
      let high = number + 1 < children.count ? children[number + 1].key : bounds.high
      walk(
        child.page, level: level - 1, bounds: (child.key, high), areNumbers: areNumbers,
        isNames: isNames, visit)
    }
  }

  private struct Node {
    var key: PageKey
    var flags: Int
    /// Of a leaf: the size of its value, and where the page has it.
    var count: Int
    var data: Int
    /// Of a branch: the page below.
    var page: UInt64
    /// What it takes up in the page: an even number.
    var bytes: Int
  }

  /// The entry at a place of the page that was read last; nil if it cannot be one.
  private func node(at place: Int, from low: Int, isLeaf: Bool) -> Node? {
    guard place >= low, place + Self.nodeBytes <= StorePages.pageBytes else { return nil }
    let size = pages.half(place) | pages.half(place + 2) << 16
    let flags = pages.half(place + 4)
    let data = place + Self.nodeBytes + pages.half(place + 6)
    guard data <= StorePages.pageBytes else { return nil }
    guard let key = PageKey(pages, place + Self.nodeBytes..<data) else { return nil }
    let inPage = !isLeaf ? 0 : flags & Flag.ownPages != 0 ? 8 : size
    let bytes = (data - place + inPage + 1) & ~1
    if !isLeaf {
      return Node(key: key, flags: 0, count: 0, data: data, page: UInt64(size) | UInt64(flags) << 32, bytes: bytes)
    }
    guard flags & ~(Flag.ownPages | Flag.tree) == 0, inPage <= StorePages.pageBytes - data else { return nil }
    return Node(key: key, flags: flags, count: size, data: data, page: 0, bytes: bytes)
  }

  private mutating func leaf(_ node: Node, isNames: Bool, _ visit: Visit) {
    counts[3] += 1
    if (node.flags == Flag.tree) != isNames { damage += 1 }
    guard node.flags & Flag.ownPages != 0 else {
      return visit(&self, node.key, Value(count: node.count, offset: node.data, page: 0))
    }
    let page = pages.word(node.data)
    guard node.count <= Self.valueBytesMax else {
      damage += 1
      return
    }
    let count = UInt64((StorePages.headerBytes - 1 + node.count) / StorePages.pageBytes + 1)
    guard own(page, count: count) else {
      damage += 1
      return
    }
    counts[2] += count
    visit(&self, node.key, Value(count: node.count, offset: nil, page: page))
  }

  private static func precedes(_ one: PageKey, _ other: PageKey, _ areNumbers: Bool, orEqual: Bool) -> Bool {
    if orEqual, one == other { return true }
    return areNumbers ? one.number < other.number : one < other
  }
}

/// The key of an entry, without memory of its own: there are two for every request.
struct PageKey: Comparable {
  /// Longer than any of ours.
  private static let countMax = 16

  /// The bytes in front, zero behind them, as two numbers that compare like the bytes.
  private var high: UInt64 = 0
  private var low: UInt64 = 0
  private var count: Int

  /// Nil for a key that is none of ours.
  init?(_ pages: borrowing StorePages, _ range: Range<Int>) {
    guard range.count <= Self.countMax else { return nil }
    count = range.count
    for (place, offset) in range.enumerated() {
      let byte = UInt64(pages.bytes[offset])
      if place < 8 { high |= byte &<< UInt64(56 - 8 * place) } else { low |= byte &<< UInt64(120 - 8 * place) }
    }
  }

  static func < (one: PageKey, other: PageKey) -> Bool {
    (one.high, one.low, one.count) < (other.high, other.low, other.count)
  }

  /// A key of LMDB's own, in the machine's order of bytes.
  var number: UInt64 { UInt64(littleEndian: high.byteSwapped) }

  var bytes: [UInt8] {
    (0..<count).map { place in
      UInt8(truncatingIfNeeded: (place < 8 ? high : low) &>> UInt64(56 - 8 * (place % 8)))
    }
  }
}
