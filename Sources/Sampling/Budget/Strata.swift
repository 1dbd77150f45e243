/// Count, tokens and dollars: what estimates are made of.
struct Totals: Sendable, Equatable {
  var count = 0.0
  var tokens = 0.0
  var cost = 0.0

  static func + (left: Self, right: Self) -> Self {
    Totals(count: left.count + right.count, tokens: left.tokens + right.tokens, cost: left.cost + right.cost)
  }
  static func - (left: Self, right: Self) -> Self { left + right * -1 }
  static func * (left: Self, factor: Double) -> Self {
    Totals(count: left.count * factor, tokens: left.tokens * factor, cost: left.cost * factor)
  }
  static func += (left: inout Self, right: Self) { left = left + right }
  static func -= (left: inout Self, right: Self) { left = left - right }
}

extension Totals {
  /// What the squares of a unit's parts are multiplied with, to be its weighed shares of these totals.
  func scales(_ objectives: SamplingBudget.Objectives) -> Totals {
    Totals(
      count: Self.scale(count, objectives.count), tokens: Self.scale(tokens, objectives.tokens),
      cost: Self.scale(cost, objectives.cost))
  }

  private static func scale(_ total: Double, _ weight: Double) -> Double { total > 0 ? weight / (total * total) : 0 }

  /// What a unit accounts for, with what was left out by sampling before it came here.
  init(_ unit: SamplingUnit) {
    let weight = unit.upstreamWeight
    self.init(count: weight, tokens: Double(unit.tokens) * weight, cost: unit.cost.dollars * weight)
  }
}

/// The groups whose totals are estimated, each by itself.
struct Strata: Sendable {
  /// Models and services of one project; those beyond share one. A row takes some 150 bytes.
  static let rowsMax = 1_000
  /// How much a closed window moves the level.
  static let smoothing = 0.3
  /// A level below this says that nothing came for five minutes or so.
  static let levelMin = 0.001
  /// So long a stratum without traffic keeps what it owes.
  static let idleMinutesMax = 60

  struct Row: Sendable, Equatable {
    var label: Label
    /// What a window brings, on average.
    var level = Totals()
    /// What the open window has brought.
    var window = Totals()
    /// What units that left should have stood for and did not.
    var deficit = Totals()
    var idleMinutes = 0
    /// Units of the open window that did not wait.
    var immediate = Immediate()
    /// It had a window before; the first one sets the level.
    var hasLevel = false
  }

  struct Immediate: Sendable, Equatable {
    private(set) var items = 0.0
    private var scores = 0.0

    mutating func add(score: Double, items: Double) {
      self.items += items
      scores += score * items
    }

    /// Of an item.
    var meanScore: Double { items > 0 ? scores / items : 0 }
  }

  private(set) var rows: [Row] = []
  private var slots: [Label: Int] = [:]
  /// Where the labels were found that were looked up last, by a part of their hash.
  private var recent = Array(repeating: 0, count: Self.recentCount)
  private static let recentCount = 64

  subscript(slot: Int) -> Row {
    _read { yield rows[slot] }
    _modify { yield &rows[slot] }
  }

  mutating func slot(_ label: Label) -> Int {
    let place = label.hash & (Self.recentCount - 1)
    let guess = recent[place]
    if guess < rows.count, rows[guess].label == label { return guess }
    let slot = findSlot(label)
    recent[place] = slot
    return slot
  }

  private mutating func findSlot(_ label: Label) -> Int {
    if let slot = slots[label] { return slot }
    if rows.count >= Self.rowsMax - 1, label != .other { return findSlot(.other) }
    slots[label] = rows.count
    rows.append(Row(label: label))
    return rows.count - 1
  }

  mutating func append(_ row: Row) {
    slots[row.label] = rows.count
    rows.append(row)
  }

  /// Moves the levels by what the window brought.
  mutating func closeWindow() {
    for slot in rows.indices {
      let window = rows[slot].window
      let level = rows[slot].level
      rows[slot].level =
        rows[slot].hasLevel ? level * (1 - Self.smoothing) + window * Self.smoothing : window
      rows[slot].hasLevel = rows[slot].hasLevel || window.count > 0
      rows[slot].window = Totals()
      rows[slot].immediate = Immediate()
    }
  }

  /// Forgets strata that ended. Slots change: nothing may refer to one.
  mutating func closeMinute() {
    var isChanged = false
    for slot in rows.indices {
      let isIdle = rows[slot].level.count < Self.levelMin
      rows[slot].idleMinutes = isIdle ? rows[slot].idleMinutes + 1 : 0
      isChanged = isChanged || isIdle
    }
    guard isChanged else { return }
    let kept = rows.filter { row in
      row.idleMinutes == 0 || (row.deficit != Totals() && row.idleMinutes <= Self.idleMinutesMax)
    }
    guard kept.count < rows.count else { return }
    rows = []
    slots = [:]
    for row in kept { append(row) }
  }
}
