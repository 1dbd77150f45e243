import Sampling
import Store

/// The gateway's own traffic among what was seen of patterns.
extension PolicyService {
  /// Of events that name no service, as OpenTelemetry has it.
  static let unknownService = "unknown_service"

  func record(_ traffic: [CountedPattern]) {
    do throws(PolicyRefusal) {
      let rates = try applying(to: Self.gateway).rates
      for (service, patterns) in Dictionary(grouping: traffic, by: \.service) {
        let name = PolicyRoute.isName(service) && service != Self.gateway ? service : Self.unknownService
        try known(name)
        let time = now()
        let reports = patterns.map { Self.report($0, rates, now: time) }
        try reading { () throws(StoreError) in try store.report(reports, of: name, now: time) }
      }
    } catch {
      log.error("what came of patterns is not counted: \(error.detail)")
    }
  }

  private static func report(_ pattern: CountedPattern, _ rates: ServedRates, now: Int64) -> PatternReport {
    let signature = PatternID(pattern.id).description
    let kept = zip(severities, pattern.counts.all).map { Double($1) * rates.rate(signature, $0) }
    var report = PatternReport(
      signature: signature, template: pattern.name, model: pattern.model, counts: pattern.counts, kept: kept,
      // It was counted for a minute.
      firstSeen: now - 60, lastSeen: now)
    (report.tokens, report.tokens2) = (pattern.tokens, pattern.tokens2)
    (report.cost, report.cost2) = (pattern.cost, pattern.cost2)
    return report
  }
}
