import Telemetry
import Testing

@testable import Sampling

/// Each bound at its edge.
@Suite struct SamplingLimitTests {
  @Test func `where no more units can wait, they are decided at once at the rate of the window`() {
    var sampler = Sampler(policy: .budget(6_000) { $0.guards.firstSightings = 0 })
    for step in 0..<BudgetState.waitingMax {
      #expect(sampler.offer(.sample(randomness: UInt64(step)), at: 0).verdict == nil)
    }
    let verdict = sampler.offer(.sample(randomness: 0), at: 0).verdict
    // 1,000 events for 50,001 items so far.
    #expect(verdict?.isKept == false && abs((verdict?.probability ?? 0) - 1_000 / 50_001) < 1e-9)
    #expect(sampler.offer(.sample(randomness: SamplingThreshold.end - 1), at: 0).verdict?.isKept == true)
    #expect(sampler.waitingCount == BudgetState.waitingMax)
  }

  @Test func `of a unit's fresh patterns so many wait with it, and no more`() {
    var state = BudgetState()
    state.window.open(SamplingBudget(eventsPerMinute: 60), at: 0)
    var unit = SamplingUnit.sample(randomness: 0)
    unit.patterns = (0...UInt64(BudgetState.freshMax)).map { SeenPattern(id: $0) }
    #expect(state.waitOrDecide(unit, ticket: 1, isBoosted: false, at: 0) == nil)
    #expect(state.window.fresh.count == BudgetState.freshMax)
  }

  @Test func `strata beyond the bound share one`() {
    var strata = Strata()
    let slots = (0..<Strata.rowsMax + 10).map { strata.slot(Label("\($0)")) }
    #expect(Set(slots).count == Strata.rowsMax && strata.rows.count == Strata.rowsMax)
    #expect(
      strata.rows.last?.label == .other && strata.rows[Strata.rowsMax - 2].label == Label("\(Strata.rowsMax - 2)"))
    #expect(slots[Strata.rowsMax - 1] == slots[Strata.rowsMax + 9])
  }

  @Test func `a stratum that ended is forgotten, one that owes something an hour later`() {
    var strata = Strata()
    let (ended, owing) = (strata.slot(Label("a")), strata.slot(Label("b")))
    for slot in [ended, owing] { strata[slot].window.count = 100 }
    strata[owing].deficit.count = 3
    for _ in 0..<34 { strata.closeWindow() }
    #expect(strata[ended].level.count < Strata.levelMin)
    strata.closeMinute()
    #expect(strata.rows.map(\.label.text) == ["b"])
    for _ in 1..<Strata.idleMinutesMax { strata.closeMinute() }
    #expect(strata.rows.count == 1)
    strata.closeMinute()
    #expect(strata.rows.isEmpty)
  }

  @Test func `of too many patterns those are forgotten that did not occur for longest`() {
    var sightings = Sightings()
    for pattern in 0..<UInt64(Sightings.patternsMax) { sightings.keep(pattern, at: UInt32(pattern)) }
    #expect(sightings.entries.count == Sightings.patternsMax)
    let now = UInt32(Sightings.patternsMax)
    // The first occurs again and stays.
    #expect(sightings.standing(of: 0, first: 1, at: now) == .rare)
    sightings.keep(.max, at: now)
    #expect(sightings.entries.count == Sightings.patternsMax - Sightings.forgottenAtOnce + 1)
    #expect(sightings.standing(of: 0, first: 1, at: now) == .rare)
    #expect(sightings.standing(of: 1, first: 1, at: now) == .never)
    #expect(sightings.standing(of: UInt64(Sightings.forgottenAtOnce) + 1, first: 1, at: now) != .never)
  }

  @Test func `a pattern is known for a quarter of an hour, and after as many sightings as are wanted`() {
    var sightings = Sightings()
    #expect(sightings.standing(of: 1, first: 2, at: 100) == .never)
    sightings.keep(1, at: 100)
    #expect(sightings.standing(of: 1, first: 2, at: 100) == .rare)
    sightings.keep(1, at: 101)
    #expect(sightings.standing(of: 1, first: 2, at: 100 + Sightings.period) == .known)
    #expect(sightings.standing(of: 1, first: 2, at: 101 + Sightings.period) == .rare)
    // The first of a new period is one of two.
    sightings.keep(1, at: 101 + Sightings.period)
    #expect(sightings.standing(of: 1, first: 2, at: 102 + Sightings.period) == .rare)
  }

  @Test func `so many error traces of a service are whole in a minute, of the others the essentials`() {
    var sampler = Sampler(policy: .budget(600) { $0.guards.wholeErrorsPerMinute = 2 })
    var unit = SamplingUnit.sample(randomness: 0, items: 10)
    unit.hasError = true
    unit.essentials.items = 3
    let cut = (0..<4).map { _ in sampler.offer(unit, at: 59 * second).verdict?.isEssentialsOnly }
    #expect(cut == [false, false, true, true])
    #expect(sampler.budget.window.forcedItems == 26)
    #expect(sampler.offer(unit, at: 60 * second).verdict?.isEssentialsOnly == false)
    unit.service = Label("other service")
    #expect(sampler.offer(unit, at: 59 * second).verdict?.isEssentialsOnly == false)
  }

  @Test func `services beyond the bound share one allowance`() {
    var allowance = ErrorAllowance()
    let names = (0..<ErrorAllowance.servicesMax - 1).map { "\($0)" } + ["one more", "and another", "0"]
    let taken = names.map { allowance.take(Label($0), most: 1, at: 0) }
    #expect(taken == Array(repeating: true, count: ErrorAllowance.servicesMax) + [false, false])
  }

  @Test func `so many patterns are boosted, and those that end first make room`() {
    var boosts = Boosts()
    for pattern in 0...UInt64(Boosts.patternsMax) { boosts.add(pattern, until: 1_000 + pattern, at: 0) }
    #expect(boosts.ends.count == Boosts.patternsMax && boosts.ends[0] == nil && boosts.ends[1] != nil)
    boosts.add(7, until: 5_000, at: 1_500)
    boosts.add(.max, until: 5_000, at: 1_500)
    #expect(boosts.ends.count == 502 && boosts.contains(anyOf: [SeenPattern(id: 7)], at: 4_999))
    #expect(!boosts.contains(anyOf: [SeenPattern(id: 7)], at: 5_000))
  }

  @Test func `a long name is cut at a character`() {
    #expect(Label(String(repeating: "a", count: 200)).text.utf8.count == 200)
    #expect(Label(String(repeating: "a", count: 201)).text.utf8.count == 200)
    #expect(Label(String(repeating: "€", count: 100)).text.utf8.count == 198)
    #expect(Label(String(repeating: "a", count: 201)) == Label(String(repeating: "a", count: 200)))
  }

  @Test func `beyond the bound roll-ups are summed without service and model, and nothing is lost`() {
    var table = RollUpTable()
    var amounts = RollUpAmounts()
    amounts.units = 1
    let count = RollUpTable.cellsMax + 100
    for number in 0..<count {
      table.add(amounts, service: Label("\(number)"), model: Label("m"), status: .ok, time: 0, at: 0)
    }
    #expect(table.cells.count == RollUpTable.cellsMax - 3)
    let closed = table.close(at: 3_600 * second, eventsPerMinute: .infinity)
    #expect(closed.reduce(0) { $0 + $1.amounts.units } == Int64(count))
    #expect(closed.filter { $0.cell.service == .other }.map(\.amounts.units) == [104])
  }
}
