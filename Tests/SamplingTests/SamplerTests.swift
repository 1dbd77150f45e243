import Sampling
import Testing

@Suite struct SamplerTests {
  @Test func `without a policy everything is kept at once, for itself alone`() {
    var sampler = Sampler()
    for step in UInt64(0)..<100 {
      let unit = SamplingUnit.sample(randomness: step)
      #expect(sampler.offer(unit, at: step) == .decided(.certain(.unsampled)))
    }
    #expect(sampler.nextDue == nil && sampler.close(at: .max).isEmpty)
  }

  @Test func `under a budget a unit waits for its window and its minute, an error does not`() throws {
    var sampler = Sampler(policy: .budget(60) { $0.guards.firstSightings = 0 })
    let start: UInt64 = 120 * second
    let waiting = (0..<100).map { SamplingUnit.sample(randomness: UInt64($0) * (SamplingThreshold.end / 100)) }
    for unit in waiting { #expect(sampler.offer(unit, at: start).verdict == nil) }
    var broken = SamplingUnit.sample(randomness: 0)
    broken.hasError = true
    #expect(sampler.offer(broken, at: start) == .decided(.certain(.error)))
    #expect(sampler.nextDue == start + 10 * second)
    #expect(sampler.close(at: start + 10 * second - 1).isEmpty)
    let dropped = sampler.close(at: start + 10 * second)
    #expect(dropped.count > 80 && dropped.allSatisfy { !$0.verdict.isKept && $0.verdict.weight == 0 })
    #expect(sampler.nextDue == start + 60 * second)
    let kept = sampler.close(at: start + 60 * second)
    #expect(kept.count == 100 - dropped.count && kept.allSatisfy { $0.verdict.isKept })
    #expect(Set(dropped.map(\.ticket)).union(kept.map(\.ticket)) == Set(1...100))
    let total = kept.reduce(0) { $0 + $1.verdict.weight }
    #expect(abs(total - 100) < 1e-3)
    #expect(sampler.nextDue == nil && sampler.waitingCount == 0)
  }

  @Test func `what an earlier sampler kept stands for what that one dropped`() throws {
    var sampler = Sampler(policy: .rates { $0.global = 0.5 })
    var unit = SamplingUnit.sample(randomness: SamplingThreshold.end - 1)
    unit.upstream = SamplingThreshold(probability: 0.25)
    let verdict = try #require(sampler.offer(unit, at: 0).verdict)
    #expect(verdict.isKept && verdict.probability == 0.5 && verdict.weight == 8 && verdict.reason == .policy)
    #expect(verdict.threshold == SamplingThreshold(probability: 0.125))
    // Above upstream's threshold, but below that of both.
    unit.randomness = SamplingThreshold(probability: 0.25).rejected
    #expect(sampler.offer(unit, at: 0).verdict?.isKept == false)
  }
}

let second: UInt64 = 1_000_000_000
