import Telemetry
import Testing

@testable import Gateway

@Suite struct MetricsTests {
  /// Not SHA-256, but as good for telling lanes apart here: the bytes, repeated and rotated.
  static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return (0..<32).map { UInt8(truncatingIfNeeded: hash >> (UInt64($0) * 7 % 57)) }
  }

  let metrics = Metrics { MetricsTests.digest($0) }

  func family(_ metric: Metric) -> MetricFamily? {
    metrics.families().first { $0.name == metric.definition.name }
  }

  @Test("names follow Prometheus' rules", arguments: Metric.allCases)
  func names(metric: Metric) {
    let definition = metric.definition
    #expect(definition.name.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == UInt8(ascii: "_") })
    #expect(definition.name.hasSuffix("_total") == (definition.kind == .counter))
    #expect(definition.name.hasPrefix("hoglet_") || definition.name.hasPrefix("process_"))
    #expect(definition.help.hasSuffix("."))
    #expect(Metric.allCases.filter { $0.definition.name == definition.name }.count == 1)
  }

  @Test("docs/metrics.md says what the table says")
  func page() throws {
    try GeneratedPage.check("metrics.md", MetricsPage.markdown)
  }

  @Test("a number without labels shows as 0 from the start, one with labels when it is first used")
  func untouched() {
    #expect(family(.spoolBytes)?.samples == [MetricFamily.Sample(labels: [], value: 0)])
    #expect(family(.requests) == nil)
    metrics.series(.requests, "traces", "http", "200").add()
    metrics.series(.requests, "logs", "grpc", "0").add(2)
    let samples = family(.requests)?.samples ?? []
    #expect(samples.map { $0.labels.map(\.value) } == [["logs", "grpc", "0"], ["traces", "http", "200"]])
    #expect(samples.first?.labels.map(\.name) == ["signal", "protocol", "code"])
    #expect(samples.map(\.value) == [2, 1])
  }

  @Test("the same labels are the same number")
  func identity() {
    let one = metrics.series(.rejects, "too_large")
    one.add(3)
    #expect(metrics.series(.rejects, "too_large") === one)
    #expect(metrics.series(.rejects, "malformed") !== one)
    #expect(metrics.series(.rejects, "too_large").current == 3)
  }

  @Test("times are shown in seconds")
  func seconds() {
    metrics.series(.oldestPendingAge).set(1_500)
    #expect(family(.oldestPendingAge)?.samples.first?.value == 1.5)
  }

  /// Property: whatever happens to records, accepted + recovered = the other states + pending, for every signal of every
  /// key. Method: 5,000 random moves of records that are pending; the seed is printed.
  @Test("the accounting identity holds at all times")
  func accounting() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(state: seed)
    let lanes = ["phc_a", "phc_b", "phc_c"].map { metrics.lane(key: $0) }
    for _ in 0..<5_000 {
      guard let lane = lanes.randomElement(using: &random), let signal = Signal.allCases.randomElement(using: &random),
        let state = RecordState.allCases.randomElement(using: &random)
      else { continue }
      let most = state.isArrival ? 100 : lane.pending(signal)
      lane.count(state, signal, Int.random(in: 0...most, using: &random))
    }
    for lane in lanes {
      for signal in Signal.allCases {
        let arrived = RecordState.allCases.filter(\.isArrival).map { lane.total($0, signal) }.reduce(0, +)
        let done = RecordState.allCases.filter { !$0.isArrival }.map { lane.total($0, signal) }.reduce(0, +)
        #expect(arrived > 0)
        #expect(arrived == done + lane.pending(signal), "seed \(seed)")
        #expect(lane.pending(signal) >= 0)
      }
    }
    let shown = family(.recordsPending)?.samples.map(\.value).reduce(0, +)
    #expect(shown == Double(lanes.flatMap { lane in Signal.allCases.map { lane.pending($0) } }.reduce(0, +)))
  }

  @Test("a key is shown as a fingerprint, and nothing else of it")
  func fingerprint() {
    let key = "phc_PlantedSecretPlantedSecret"
    metrics.lane(key: key).count(.accepted, .traces, 1)
    let label = metrics.lane(key: key).label
    #expect(label.hasPrefix("phc_"))
    #expect(label.utf8.count == 12)
    #expect(label == metrics.lane(key: key).label)
    #expect(!"\(metrics.families())".contains("Planted"))
    #expect(metrics.lane(key: "PlantedSecret").label.hasPrefix("key_"))
    #expect(metrics.lane(key: "").label.hasPrefix("key_"))
  }

  @Test("the first thousand keys have lanes of their own, the next share one")
  func laneLimit() {
    let lanes = (0..<Metric.lanesMax).map { metrics.lane(key: "phc_\($0)") }
    #expect(lanes.allSatisfy { $0.label != "other" })
    #expect(metrics.lane(key: "phc_one too many").label == "other")
    metrics.lane(key: "phc_one too many").count(.accepted, .logs, 2)
    metrics.lane(key: "phc_two too many").count(.accepted, .logs, 3)
    #expect(metrics.lane(key: "phc_0") === lanes[0])
    let samples = family(.records)?.samples ?? []
    #expect(samples.count == Metric.records.definition.seriesMax)
    #expect(samples.first { $0.labels.map(\.value) == ["accepted", "logs", "other"] }?.value == 5)
  }

  @Test("a metric has no more label sets than its limit, whatever the labels")
  func seriesLimit() {
    for code in 0..<1_000 { metrics.series(.rejects, "\(code)").add() }
    let samples = family(.rejects)?.samples ?? []
    #expect(samples.count == Metric.rejects.definition.seriesMax)
    #expect(samples.map(\.value).reduce(0, +) == 1_000)
  }

  @Test("gauges are asked for just before they are read, and may come from a lane")
  func collectors() {
    metrics.onCollect { $0.series(.tracesOpen).set(7) }
    #expect(family(.tracesOpen)?.samples.first?.value == 7)
  }

  @Test("the process tells its version, start and memory")
  func process() throws {
    metrics.collectProcess(version: "1.2.3", startMilliseconds: 1_700_000_000_500)
    #expect(family(.buildInfo)?.samples.first?.labels.first?.value == "1.2.3")
    #expect(family(.startTime)?.samples.first?.value == 1_700_000_000.5)
    #expect(try #require(family(.residentMemory)?.samples.first?.value) > 1_000_000)
  }

  @Test("counting from many threads loses nothing")
  func threads() async {
    let lane = metrics.lane(key: "phc_a")
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<10_000 { lane.count(.accepted, .traces, 1) } }
      }
    }
    #expect(lane.total(.accepted, .traces) == 80_000)
    #expect(lane.pending(.traces) == 80_000)
  }
}
