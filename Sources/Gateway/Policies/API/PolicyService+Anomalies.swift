import Sampling
import Transport

/// What behaved oddly.
extension PolicyService {
  func anomalies(limit: Int) -> Response {
    let found = anomalies.newest(limit).map { entry -> JSONValue in
      let anomaly = entry.anomaly
      let pattern: JSONValue
      switch anomaly.subject {
      case .pattern(let id): pattern = .string(PatternID(id).description)
      case .service: pattern = .null
      }
      return [
        "kind": .string(anomaly.kind.rawValue), "signature": pattern, "name": .string(entry.name),
        "count": .number(Double(anomaly.count)), "expected": .number(anomaly.expected),
        "time": .string(PolicyTime.text(Int64(clamping: anomaly.minute) * 60)),
      ]
    }
    return .json(200, ["anomalies": .array(found), "total_count": JSONValue(found.count)])
  }
}
