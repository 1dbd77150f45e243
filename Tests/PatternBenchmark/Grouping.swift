import Sampling

/// How well patterns agree with true templates, as the literature on log parsing counts it.
struct Grouping: CustomStringConvertible {
  /// Grouping accuracy: the share of lines whose pattern has exactly the lines of one template.
  var lines: Double
  /// The same, of templates: the harmonic mean of what share of the patterns and of the templates is right.
  var templates: Double

  init(_ truth: [Int], _ found: [PatternID]) {
    var byPattern: [PatternID: [Int: Int]] = [:]
    var byTemplate: [Int: Int] = [:]
    for (template, pattern) in zip(truth, found) {
      byPattern[pattern, default: [:]][template, default: 0] += 1
      byTemplate[template, default: 0] += 1
    }
    let right = byPattern.values.filter { templates in
      templates.count == 1 && templates.allSatisfy { byTemplate[$0.key] == $0.value }
    }
    lines = Double(right.flatMap(\.values).reduce(0, +)) / Double(max(truth.count, 1))
    templates = 2 * Double(right.count) / Double(max(byPattern.count + byTemplate.count, 1))
  }

  var description: String { "GA \(short(lines)) FGA \(short(templates))" }
}

/// Whether new patterns are told when a template is seen first, and only then.
struct NewPatterns: CustomStringConvertible {
  private var seen: Set<Int> = []
  private var told = 0
  private var right = 0

  mutating func count(_ isNew: Bool, _ template: Int) {
    let isFirst = seen.insert(template).inserted
    if isNew { told += 1 }
    if isNew, isFirst { right += 1 }
  }

  var description: String {
    "new: precision \(short(Double(right) / Double(max(told, 1)))) recall \(short(Double(right) / Double(max(seen.count, 1))))"
  }
}

private func short(_ share: Double) -> String { "\((share * 10_000).rounded() / 10_000)" }
