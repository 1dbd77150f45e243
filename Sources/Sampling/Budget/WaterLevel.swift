/// Finds the factor by which scores become probabilities that spend a budget.
enum WaterLevel {
  /// The largest `level` with Σ items · min(1, level · score) ≤ budget; infinite when everything fits.
  ///
  /// Units that reach certainty are taken out and the rest of the budget is shared anew, until none reaches it any more.
  /// Each round only raises the level, so it ends, mostly after two or three; sorting all units took longer.
  static func solve(_ units: some Collection<(score: Double, items: Double)>, budget: Double) -> Double {
    if budget <= 0 { return 0 }
    if units.reduce(0, { $0 + $1.items }) <= budget { return .infinity }
    var level = 0.0
    while true {
      var certain = 0.0
      var open = 0.0
      for unit in units {
        if level * unit.score >= 1 { certain += unit.items } else { open += unit.items * unit.score }
      }
      let next = open > 0 ? (budget - certain) / open : level
      // Rounding may keep the last bits moving.
      if next <= level * (1 + 1e-12) { return max(level, 0) }
      level = next
    }
  }
}
