import Telemetry
import Testing

@testable import Sampling

@Suite struct AnomalyTests {
  /// Counts the same every minute, as many minutes as it says.
  static func steady(_ detector: inout AnomalyDetector, minutes: Range<UInt64>, count: Int) -> [Anomaly] {
    minutes.flatMap { minute in
      if count > 0 { detector.count(pattern: 1, times: count, at: minute * SamplingTime.minute) }
      return detector.tick(at: (minute + 1) * SamplingTime.minute)
    }
  }

  @Test func `a pattern is new once, and not while everything is`() {
    var detector = AnomalyDetector()
    #expect(Self.steady(&detector, minutes: 0..<60, count: 5).isEmpty)
    detector.count(pattern: 2, at: 60 * SamplingTime.minute)
    detector.count(pattern: 2, at: 60 * SamplingTime.minute)
    let found = detector.tick(at: 61 * SamplingTime.minute)
    #expect(found == [Anomaly(kind: .newPattern, subject: .pattern(2), minute: 60, count: 2, expected: 0)])
    detector.count(pattern: 2, at: 61 * SamplingTime.minute)
    #expect(detector.tick(at: 62 * SamplingTime.minute).isEmpty)
  }

  @Test func `ten times as many is a surge within two minutes, and is told once`() {
    var detector = AnomalyDetector()
    #expect(Self.steady(&detector, minutes: 0..<120, count: 10).isEmpty)
    let found = Self.steady(&detector, minutes: 120..<140, count: 100)
    #expect(found.map(\.kind) == [.surge] && found[0].minute <= 121 && found[0].subject == .pattern(1))
    #expect(found[0].count == 100 && abs(found[0].expected - 10) < 2)
  }

  @Test func `what stops coming is a silence`() {
    var detector = AnomalyDetector()
    #expect(Self.steady(&detector, minutes: 0..<120, count: 10).isEmpty)
    let found = Self.steady(&detector, minutes: 120..<140, count: 0)
    #expect(found.map(\.kind) == [.silence] && found[0].minute <= 124 && found[0].count == 0)
  }

  @Test func `errors of a service that surge are told of the service; that they stop is no news`() {
    var detector = AnomalyDetector()
    var found: [Anomaly] = []
    for minute in UInt64(0)..<300 {
      let count = (120..<125).contains(minute) ? 50 : (minute < 200 ? 2 : 0)
      detector.count(errorsOf: Label("api"), times: count, at: minute * SamplingTime.minute)
      found += detector.tick(at: (minute + 1) * SamplingTime.minute)
    }
    #expect(found.map(\.kind) == [.errorSurge] && found[0].subject == .service(Label("api")))
  }

  @Test func `an outage of ours is no silence`() {
    var detector = AnomalyDetector()
    _ = Self.steady(&detector, minutes: 0..<120, count: 100)
    detector.count(pattern: 1, times: 100, at: 120 * SamplingTime.minute)
    #expect(detector.tick(at: (121 + AnomalyDetector.catchUpMinutesMax) * SamplingTime.minute).isEmpty)
    detector.count(pattern: 1, times: 100, at: 132 * SamplingTime.minute)
    // One minute less, and it counts as missed.
    let found = detector.tick(at: (131 + AnomalyDetector.catchUpMinutesMax) * SamplingTime.minute)
    #expect(found.map(\.kind) == [.silence])
  }

  @Test func `a detector that is stored and read goes on as if nothing had been`() throws {
    var detector = AnomalyDetector()
    _ = Self.steady(&detector, minutes: 0..<100, count: 10)
    detector.count(errorsOf: Label("api"), at: 100 * SamplingTime.minute)
    _ = detector.tick(at: 101 * SamplingTime.minute)
    let state = detector.encoded()
    var read = try AnomalyDetector(state: state)
    #expect(read.encoded().count == state.count)
    #expect(
      Self.steady(&read, minutes: 101..<110, count: 100) == Self.steady(&detector, minutes: 101..<110, count: 100))
    for end in 0..<state.count {
      #expect(throws: SamplingStateError.self) { try AnomalyDetector(state: Array(state.prefix(end))) }
    }
    #expect(throws: SamplingStateError.self) { try AnomalyDetector(state: state + [0]) }
    #expect(throws: SamplingStateError.self) { try AnomalyDetector(state: [9] + state.dropFirst()) }
  }

  @Test func `a pattern takes no more than a hundred bytes, and the rarest make room`() {
    // Beside it stands its place in a dictionary: 12 bytes at a load of three eighths at least.
    #expect(MemoryLayout<CountSeries>.stride <= 72)
    var detector = AnomalyDetector()
    let most = UInt64(AnomalyDetector.patternsMax)
    for pattern in 0..<most { detector.count(pattern: pattern, times: Int(pattern) + 1, at: 0) }
    detector.count(errorsOf: Label("api"), at: 0)
    _ = detector.tick(at: SamplingTime.minute)
    #expect(detector.patterns.count == Int(most))
    detector.count(pattern: most, at: SamplingTime.minute)
    #expect(detector.patterns.count == Int(most) * 3 / 4 + 1 && detector.series.count == detector.patterns.count + 1)
    #expect(detector.patterns[most / 4 - 1] == nil && detector.patterns[most / 4] != nil)
    #expect(detector.patterns[most] != nil && detector.services[Label("api")] != nil)
  }

  @Test func `services beyond the bound share a series`() {
    var detector = AnomalyDetector()
    for service in 0..<AnomalyDetector.servicesMax + 5 { detector.count(errorsOf: Label("\(service)"), at: 0) }
    #expect(detector.services.count == AnomalyDetector.servicesMax)
    #expect(detector.services[.other].map { detector.series[Int($0)].count } == 6)
  }

  @Test func `of one minute so much is told, and no more`() {
    var detector = AnomalyDetector()
    _ = Self.steady(&detector, minutes: 0..<60, count: 5)
    for pattern in 0..<UInt64(AnomalyDetector.anomaliesPerMinuteMax) + 1 {
      detector.count(pattern: 1_000 + pattern, at: 60 * SamplingTime.minute)
    }
    detector.count(pattern: 1, times: 500, at: 60 * SamplingTime.minute)
    #expect(detector.tick(at: 61 * SamplingTime.minute).count == AnomalyDetector.anomaliesPerMinuteMax)
  }
}
