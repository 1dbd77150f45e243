/// Mends the weights of one stratum's kept units so that they add up to totals that are known: linear calibration (Deville
/// and Särndal, 1992), within bounds.
struct Calibration {
  /// As many as there are totals: fewer cannot meet them, and what is missing is carried on. (Six were worse at small
  /// budgets, where they are seldom reached: 1.9 instead of 0.6 % off.)
  static let unitsMin = 3
  /// No weight is mended further than this: extreme weights make everything else they are used for worse.
  static let range = 0.3...3.0
  /// Keeps the equations solvable where two totals are in proportion, relative to the scale of the problem.
  static let ridge = 1e-6

  private var count = 0
  private var sum = Totals()
  /// Σ (1/p − 1) x xᵀ, upper triangle by rows.
  private var matrix: [6 of Double] = [0, 0, 0, 0, 0, 0]

  /// Adds a kept unit that accounts for `totals` and was kept with `probability`.
  mutating func add(_ totals: Totals, probability: Double) {
    count += 1
    sum += totals * (1 / probability)
    let weight = 1 / probability - 1
    let x: [3 of Double] = [totals.count, totals.tokens, totals.cost]
    var entry = 0
    for row in 0..<3 {
      for column in row..<3 {
        matrix[entry] += weight * x[row] * x[column]
        entry += 1
      }
    }
  }

  /// What the plain weights add up to.
  var plain: Totals { sum }

  /// How weights must change: multiply each by `factor`; nil when they stay as they are.
  func solve(for target: Totals) -> Slope? {
    guard count >= Self.unitsMin else { return nil }
    // In units of the diagonal, so that tokens and dollars weigh the same.
    let scale: [3 of Double] = [Self.root(matrix[0]), Self.root(matrix[3]), Self.root(matrix[5])]
    guard scale[0] > 0 else { return nil }
    let off: [3 of Double] = [
      matrix[1] / (scale[0] * scale[1]), matrix[2] / (scale[0] * scale[2]), matrix[4] / (scale[1] * scale[2]),
    ]
    let missing = target - sum
    let right: [3 of Double] = [missing.count / scale[0], missing.tokens / scale[1], missing.cost / scale[2]]
    let solution = Self.solve(off, right)
    return Slope(count: solution[0] / scale[0], tokens: solution[1] / scale[1], cost: solution[2] / scale[2])
  }

  struct Slope: Equatable {
    var count: Double
    var tokens: Double
    var cost: Double

    /// By how much the weight of a unit is multiplied; never so that it stands for less than itself.
    func factor(_ totals: Totals, probability: Double) -> Double {
      let slope = totals.count * count + totals.tokens * tokens + totals.cost * cost
      let least = max(Calibration.range.lowerBound, probability)
      return min(max(1 + (1 - probability) * slope, least), Calibration.range.upperBound)
    }
  }

  /// A total that no unit has takes no part.
  private static func root(_ value: Double) -> Double { value > 0 ? value.squareRoot() : 1 }

  /// Cholesky for a matrix with a diagonal of ones, slightly raised; `off` holds (0,1), (0,2), (1,2).
  private static func solve(_ off: [3 of Double], _ right: [3 of Double]) -> [3 of Double] {
    let diagonal = 1 + 3 * ridge
    let l00 = diagonal.squareRoot()
    let l10 = off[0] / l00
    let l20 = off[1] / l00
    let l11 = max(diagonal - l10 * l10, ridge).squareRoot()
    let l21 = (off[2] - l20 * l10) / l11
    let l22 = max(diagonal - l20 * l20 - l21 * l21, ridge).squareRoot()
    let y0 = right[0] / l00
    let y1 = (right[1] - l10 * y0) / l11
    let y2 = (right[2] - l20 * y0 - l21 * y1) / l22
    let z2 = y2 / l22
    let z1 = (y1 - l21 * z2) / l11
    let z0 = (y0 - l10 * z1 - l20 * z2) / l00
    return [z0, z1, z2]
  }
}
