/// Counts error traces that are sent whole: so many a minute for each service.
struct ErrorAllowance: Sendable, Equatable {
  /// Those beyond share one allowance.
  static let servicesMax = 1_000

  private var minute: UInt64 = 0
  private var sent: [Label: Int] = [:]

  /// Whether one more may be whole.
  mutating func take(_ service: Label, most: Int, at now: UInt64) -> Bool {
    let current = now / SamplingTime.minute
    if current != minute {
      minute = current
      sent.removeAll(keepingCapacity: true)
    }
    let service = sent.count < Self.servicesMax - 1 || sent[service] != nil ? service : .other
    guard sent[service, default: 0] < most else { return false }
    sent[service, default: 0] += 1
    return true
  }
}
