/// A budget of events a minute, what is to be known best from the events it buys, and the guards that hold whoever wrote
/// the policy.
package struct SamplingBudget: Sendable, Equatable {
  /// A million events a second: more than one gateway sends.
  package static let eventsMax = 60_000_000.0
  /// As many rules as a policy may have, and the patterns that an `importance` names.
  package static let patternsMax = 10_000
  /// From a twentieth to twenty times as important: beyond, the budget goes to one pattern alone.
  package static let weightRange = 0.05...20.0
  package static let replicasMax = 1_000

  /// `target`, of all replicas together.
  package var eventsPerMinute: Double
  /// How many gateways share it, traces being routed to them by id.
  package var replicas = 1
  package var objectives = Objectives()
  package var guards = Guards()
  /// How much a unit counts by its highest severity.
  package var severityWeights: [Severity: Double] = [:]
  /// How much a unit counts by the patterns in it; they multiply.
  package var patternWeights: [UInt64: Double] = [:]
  /// How much a unit counts by its service, and by its model.
  package var serviceWeights: [Label: Double] = [:]
  package var modelWeights: [Label: Double] = [:]
  /// Weights are mended minute by minute so that totals come out right; kept units wait for it.
  package var isCalibrated = true

  package init(eventsPerMinute: Double) { self.eventsPerMinute = eventsPerMinute }

  /// How much the relative error of each total matters.
  package struct Objectives: Sendable, Equatable {
    package var count = 0.33
    package var tokens = 0.33
    package var cost = 0.34

    package init() {}
  }

  package struct Guards: Sendable, Equatable {
    /// `error_whole: capped`: so many error traces a minute and service are sent whole, of the others the essentials; nil
    /// is `always`.
    package var wholeErrorsPerMinute: Int? = 20
    /// `new_first_k`: so many sightings of a pattern are kept in 15 minutes; 0 leaves first sightings to chance.
    package var firstSightings = 1
    /// `never_share`: of the budget, for patterns that were never kept.
    package var neverShare = 0.15
    /// `rare_share`: of the budget, for patterns not kept for long, and for boosted ones.
    package var rareShare = 0.10
    /// `floor`: the least probability; the largest weight is its inverse.
    package var floor = 0.002

    package init() {}
  }

  /// Of this replica.
  var perMinute: Double { eventsPerMinute / Double(replicas) }

  var problems: [SamplingPolicyProblem] {
    var found = SamplingPolicyProblem.List()
    found.check(eventsPerMinute, in: 1...Self.eventsMax, "target.value")
    found.check(Double(replicas), in: 1...Double(Self.replicasMax), "replicas")
    let parts = [("count", objectives.count), ("tokens", objectives.tokens), ("cost", objectives.cost)]
    for (name, part) in parts { found.check(part, in: 0...1, "objectives.\(name)") }
    let sum = objectives.count + objectives.tokens + objectives.cost
    if !(abs(sum - 1) < 0.011) { found.add("objectives", "add up to \(sum) instead of 1") }
    if let whole = guards.wholeErrorsPerMinute { found.check(Double(whole), in: 0...1e6, "guards.error_whole_per_min") }
    found.check(Double(guards.firstSightings), in: 0...100, "guards.new_first_k")
    found.check(guards.neverShare, in: 0...0.5, "guards.never_share")
    found.check(guards.rareShare, in: 0...0.5, "guards.rare_share")
    found.check(guards.floor, in: 1e-6...1, "guards.floor")
    for (severity, weight) in severityWeights.sorted(by: { $0.key < $1.key }) {
      found.check(weight, in: Self.weightRange, "severity.\(severity)")
    }
    for (id, weight) in patternWeights.sorted(by: { $0.key < $1.key }) {
      found.check(weight, in: Self.weightRange, "rules.\(SamplingPolicyProblem.name(ofPattern: id))")
    }
    for (word, weights) in [("service", serviceWeights), ("model", modelWeights)] {
      for (label, weight) in weights.sorted(by: { $0.key.text < $1.key.text }) {
        found.check(weight, in: Self.weightRange, "rules.\(word).\(label.text)")
      }
    }
    let names = max(patternWeights.count, serviceWeights.count, modelWeights.count)
    if names > Self.patternsMax { found.add("rules", "name \(names) patterns; \(Self.patternsMax) are the most") }
    return found.problems
  }
}
