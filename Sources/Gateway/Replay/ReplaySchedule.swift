/// When each request is due, counted from the start.
struct ReplaySchedule {
  /// Indices of the recorded requests in the order of sending.
  let order: [Int]
  /// How many are sent altogether.
  let count: Int
  private let pace: ReplayCommand.Pace
  /// For each place in the order, how long after the first one it was recorded.
  private let offsets: [Duration]

  /// Between the last request of one repetition and the first of the next, before the speed is applied.
  static let repetitionGap = Duration.seconds(1)

  /// A recording that spans more is one with wrong clocks.
  static let offsetMax = Duration.seconds(366 * 86_400)

  init(_ requests: [RecordedRequest], pace: ReplayCommand.Pace, repetitions: Int) {
    self.pace = pace
    count = requests.count * repetitions
    guard case .speed = pace else {
      order = Array(requests.indices)
      offsets = requests.map { _ in .zero }
      return
    }
    // A request that tells no time was sent with the one before it.
    var times = [UInt64]()
    for request in requests { times.append(request.time ?? times.last ?? requests.compactMap(\.time).min() ?? 0) }
    order = requests.indices.sorted { (times[$0], $0) < (times[$1], $1) }
    let first = times.min() ?? 0
    offsets = order.map { min(.nanoseconds(Int64(clamping: times[$0] - first)), Self.offsetMax) }
  }

  func due(_ number: Int) -> Duration {
    switch pace {
    case .unlimited: return .zero
    case .rate(let rate): return .seconds(Double(number) / rate)
    case .speed(let speed):
      let (repetition, place) = number.quotientAndRemainder(dividingBy: offsets.count)
      let length = (offsets.last ?? .zero) + Self.repetitionGap
      return (length * repetition + offsets[place]) / speed
    }
  }
}
