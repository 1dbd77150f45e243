import Glibc

/// Runs the sampler and the anomaly detector on made-up traffic and prints the tables of docs/sampling.md:
/// `SamplingSimulation sampler [SEEDS]`, `anomalies [SEED]` and `cost`.
@main
enum SamplingSimulation {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    let seeds = UInt64(arguments.dropFirst().first ?? "5") ?? 5
    switch arguments.first {
    case "sampler": sampler(seeds: 0..<seeds)
    case "anomalies": anomalies(seed: seeds)
    case "cost": DecisionCost.report()
    default:
      print("usage: SamplingSimulation sampler [SEEDS] | anomalies [SEED] | cost")
      exit(64)
    }
  }

  private static func sampler(seeds: Range<UInt64>) {
    for (title, hasBurst) in [("Steady traffic with a cluster of errors", false), ("With a burst of 10 ×", true)] {
      let workload = Workload(seed: 7, hasBurst: hasBurst)
      let errors = workload.traces.count { $0.isError }
      print(
        "\n### \(title)\n\n\(workload.traces.count) traces, \(workload.items.count) items, \(errors) error traces, "
          + "\(fixed(workload.itemsPerMinute, 0)) items a minute without the burst; \(seeds.count) seeds.\n")
      print(SamplerTable.header)
      for row in SamplerTable.rows { print(SamplerTable.line(row, SamplerTable.measure(row, workload, seeds: seeds))) }
    }
  }

  private static func anomalies(seed: UInt64) {
    print(AnomalyTable.header)
    for dispersion in [8.0, 3] {
      for band in AnomalyTable.bands {
        print(
          AnomalyTable.line(
            "NB-CUSUM", RealDetector(), band: band, dispersion: dispersion, patterns: 400, seed: seed))
      }
    }
    for band in AnomalyTable.bands {
      print(
        AnomalyTable.line(
          "3 × the last hour", NaiveDetector(), band: band, dispersion: 8, patterns: 400, seed: seed))
    }
  }
}
