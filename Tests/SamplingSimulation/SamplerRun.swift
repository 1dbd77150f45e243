import Sampling

/// Takes a workload through the sampler and the roll-ups as delivery does.
struct SamplerRun {
  let workload: Workload
  private var sampler: Sampler
  private var table = RollUpTable()
  private var outcome: Outcome
  private var random: SeededRandom
  private let services = (0..<Workload.services).map { Label("service-\($0)") }
  private let models = (0..<Workload.models).map { Label("model-\($0)") }
  /// Ticket → number of the trace.
  private var waiting: [Sampler.Ticket: Int] = [:]
  private var randomness: [UInt64] = []
  /// Dropped traces of which an error is still to come, the last first.
  private var lateErrors: [(time: UInt64, trace: Int)] = []
  private var kept = RollUpAmounts()
  private var rolledUp = RollUpAmounts()

  /// Not at the beginning of time, so that nothing is only right there.
  private static let start: UInt64 = 1_699_999_200 * 1_000_000_000

  static func run(_ workload: Workload, policy: SamplingPolicy, seed: UInt64) -> Outcome {
    var run = SamplerRun(workload, policy, seed)
    for number in workload.traces.indices { run.offer(number) }
    run.advance(to: start + 3 * 3_600 * 1_000_000_000)
    run.close(at: start + 5 * 3_600 * 1_000_000_000)
    run.outcome.isExact = run.isExact
    return run.outcome
  }

  private init(_ workload: Workload, _ policy: SamplingPolicy, _ seed: UInt64) {
    self.workload = workload
    sampler = Sampler(policy: policy)
    outcome = Outcome(workload)
    random = SeededRandom(seed: seed)
    var generator = SeededRandom(seed: seed &+ 1)
    randomness = workload.traces.map { _ in generator.next() >> 8 }
  }

  private mutating func offer(_ number: Int) {
    let trace = workload.traces[number]
    let now = Self.time(trace.time)
    advance(to: now)
    switch sampler.offer(unit(number), at: now) {
    case .decided(let verdict): settle(number, verdict, at: now)
    case .waits(let ticket): waiting[ticket] = number
    }
  }

  private mutating func advance(to now: UInt64) {
    while true {
      let late = lateErrors.last?.time ?? .max
      guard let due = [sampler.nextDue ?? .max, table.nextDue ?? .max, late].min(), due <= now else { return }
      if late == due, let (_, number) = lateErrors.popLast() { restore(number, at: due) }
      close(at: due)
    }
  }

  private mutating func close(at now: UInt64) {
    for release in sampler.close(at: now) {
      if let number = waiting.removeValue(forKey: release.ticket) { settle(number, release.verdict, at: now) }
    }
    let closed = table.close(at: now, eventsPerMinute: eventsPerMinute)
    if closed.isEmpty { return }
    outcome.send(closed.count, at: Self.minute(now))
    sampler.spend(events: closed.count, at: now)
    for rollUp in closed { rolledUp += rollUp.amounts }
  }

  private var eventsPerMinute: Double {
    if case .budget(let budget) = sampler.policy.target { budget.eventsPerMinute } else { .infinity }
  }

  private mutating func settle(_ number: Int, _ verdict: Verdict, at now: UInt64) {
    let trace = workload.traces[number]
    if verdict.isKept {
      send(number, verdict, minute: trace.minute)
    } else {
      roll(number) { table, amounts, arguments in
        table.add(
          amounts, service: arguments.service, model: arguments.model, status: .ok, time: arguments.time, at: now)
      }
      if trace.isLate {
        lateErrors.append((now + UInt64(random.uniform(0, 540) * 1e9), number))
        lateErrors.sort { $0.time > $1.time }
      }
    }
  }

  private mutating func send(_ number: Int, _ verdict: Verdict, minute: Int) {
    let trace = workload.traces[number]
    outcome.weights[number] = verdict.weight
    kept += amounts(number, events: 0)
    for index in trace.items {
      let item = workload.items[index]
      if verdict.isEssentialsOnly, !item.isError, !item.isRoot { continue }
      outcome.keep(index, at: minute)
      kept.events += 1
    }
    guard verdict.isEssentialsOnly else { return }
    var rest = RollUpAmounts()
    rest.events = Int64(trace.items.count - workload.items(of: trace).count { $0.isError || $0.isRoot })
    table.add(
      rest, service: services[trace.service], model: models[trace.model], status: .error, time: Self.time(trace.time),
      at: Self.time(trace.time))
  }

  /// An error came for a trace that was dropped.
  private mutating func restore(_ number: Int, at now: UInt64) {
    let verdict = sampler.restore(unit(number), at: now)
    roll(number) { table, amounts, arguments in
      table.subtract(
        amounts, service: arguments.service, model: arguments.model, status: .ok, time: arguments.time, at: now)
    }
    send(number, verdict, minute: Self.minute(now))
  }

  private mutating func roll(
    _ number: Int, _ body: (inout RollUpTable, RollUpAmounts, (service: Label, model: Label, time: UInt64)) -> Void
  ) {
    let trace = workload.traces[number]
    body(
      &table, amounts(number, events: trace.items.count),
      (services[trace.service], models[trace.model], Self.time(trace.time)))
  }

  private func amounts(_ number: Int, events: Int) -> RollUpAmounts {
    let trace = workload.traces[number]
    var amounts = RollUpAmounts()
    amounts.units = 1
    amounts.events = Int64(events)
    amounts.inputTokens = Int64(trace.tokens)
    amounts.cost = NanoDollars(trace.cost)
    amounts.latency.add(nanoseconds: UInt64(trace.latency * 1e9))
    return amounts
  }

  private var isExact: Bool {
    var all = RollUpAmounts()
    for number in workload.traces.indices { all += amounts(number, events: workload.traces[number].items.count) }
    var sum = kept
    sum += rolledUp
    return sum == all
  }

  private func unit(_ number: Int) -> SamplingUnit {
    let trace = workload.traces[number]
    let items = workload.items(of: trace)
    var unit = SamplingUnit(
      randomness: randomness[number], service: services[trace.service], stratum: models[trace.model],
      items: items.count, tokens: trace.tokens, cost: NanoDollars(trace.cost))
    unit.hasError = trace.isError && !trace.isLate
    unit.essentials.items = items.count { $0.isError || $0.isRoot }
    for item in items where unit.hasError || !item.isError {
      let id = UInt64(item.pattern)
      let severity: Severity = [.debug, .info, .warn, .error][Int(item.severity)]
      if let place = unit.patterns.firstIndex(where: { $0.id == id }) {
        unit.patterns[place].severity = max(unit.patterns[place].severity, severity)
      } else {
        unit.patterns.append(SeenPattern(id: id, severity: severity))
      }
    }
    // A trace without an error has no ERROR record that is seen in time.
    if !unit.hasError {
      for place in unit.patterns.indices { unit.patterns[place].severity = min(unit.patterns[place].severity, .warn) }
    }
    return unit
  }

  private static func time(_ seconds: Double) -> UInt64 { start + UInt64(seconds * 1e9) }
  private static func minute(_ time: UInt64) -> Int { Int((time - start) / 60_000_000_000) }
}
