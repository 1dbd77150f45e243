import Sampling
import Testing

@testable import Gateway

@Suite struct TrafficTallyTests {
  @Test func `what comes of a pattern is summed until it is taken, of so many patterns and no more`() {
    var tally = TrafficTally()
    #expect(!tally.isDue(at: TrafficTally.interval))
    for pattern in 0...UInt64(TrafficTally.patternsMax) { tally.count(pattern, .info, "api") }
    tally.count(0, .error, "api")
    #expect(tally.isDue(at: TrafficTally.interval))
    let taken = tally.take(at: TrafficTally.interval)
    #expect(taken.count == TrafficTally.patternsMax)
    #expect(taken[0]?.counts.info == 1 && taken[0]?.counts.error == 1 && taken[0]?.service == "api")
    #expect(taken[UInt64(TrafficTally.patternsMax)] == nil)
    tally.count(7, .warn, "api")
    #expect(!tally.isDue(at: 2 * TrafficTally.interval - 1))
    #expect(tally.isDue(at: 2 * TrafficTally.interval))
  }
}
