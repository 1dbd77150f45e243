/// What became of a workload under some sampler.
struct Outcome {
  /// Of each item.
  var isKept: [Bool]
  /// Of each trace: what its root stands for, 0 where that was not sent.
  var weights: [Double]
  /// Events sent in each minute, roll-ups too.
  var sent: [Double]
  /// Whether kept and rolled-up totals came to exactly what there was; nil for samplers without roll-ups.
  var isExact: Bool?

  init(_ workload: Workload) {
    isKept = Array(repeating: false, count: workload.items.count)
    weights = Array(repeating: 0, count: workload.traces.count)
    sent = Array(repeating: 0, count: Workload.minutes)
  }

  mutating func keep(_ index: Int, at minute: Int) {
    isKept[index] = true
    send(1, at: minute)
  }

  /// What is sent after the hour is not part of it.
  mutating func send(_ events: Int, at minute: Int) {
    if minute < sent.count { sent[minute] += Double(events) }
  }
}

/// Samplers to compare with.
enum Baseline {
  /// Each item by the rate of its severity.
  static func fixed(_ workload: Workload, rates: [Double], seed: UInt64) -> Outcome {
    var random = SeededRandom(seed: seed)
    var outcome = Outcome(workload)
    for (number, trace) in workload.traces.enumerated() {
      for index in trace.items {
        let item = workload.items[index]
        guard random.chance(rates[Int(item.severity)]) else { continue }
        outcome.keep(index, at: trace.minute)
        if item.isRoot { outcome.weights[number] = 1 / rates[Int(item.severity)] }
      }
    }
    return outcome
  }

  /// Each trace by one rate, whatever is in it.
  static func uniform(_ workload: Workload, rate: Double, seed: UInt64) -> Outcome {
    var random = SeededRandom(seed: seed)
    var outcome = Outcome(workload)
    for (number, trace) in workload.traces.enumerated() where random.chance(rate) {
      for index in trace.items { outcome.keep(index, at: trace.minute) }
      outcome.weights[number] = 1 / rate
    }
    return outcome
  }
}
