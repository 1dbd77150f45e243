import Glibc

/// How often one thing happens in a minute, and whether that has changed: two CUSUMs over the log-likelihood ratio of
/// over-dispersed counts (negative binomial), with a factor for each hour of the day.
struct CountSeries: Sendable {
  /// How much evidence is an alarm.
  static let threshold: Float = 16
  /// What a surge and a silence are tested against, as a part of what is expected.
  static let surgeRatio: Float = 2.5
  static let silenceRatio: Float = 0.2
  /// Share of a new count in the level: half of it is older than an hour.
  static let levelGain: Float = 1 - 0.988_514_02
  /// Fewer in one minute are no surge, whatever came before.
  static let surgeCountMin: Float = 3
  /// What is expected at least, per minute.
  static let expectedMin: Float = 0.05
  /// Whatever comes less often is not missed when it does not come.
  static let silenceExpectedMin: Float = 0.1
  /// Minutes until a series is known well enough.
  static let warmUp: UInt16 = 60
  /// Minutes in which nothing more is said after an alarm.
  static let coolDown: UInt8 = 30
  /// Factors of the hours.
  static let seasonRange: ClosedRange<Float> = 0.1...4
  static let seasonGain: Float = 0.02 / 6

  /// Expected a minute, the hour's factor taken out.
  var level: Float = 0
  /// Variance beyond that of a Poisson process, relative to the square of the level.
  var excess: Float = 0
  var rising: Float = 0
  var falling: Float = 0
  /// In steps of the greatest factor divided by 65,535.
  var season: [24 of UInt16] = .init(repeating: Self.quantised(1))
  /// In the minute that is not over.
  var count: UInt32 = 0
  /// In minutes, as far as it matters.
  var age: UInt16 = 0
  var cooling: UInt8 = 0

  enum Alarm: Sendable, Equatable {
    case surge
    case silence
  }

  /// What is expected in a minute of this hour.
  func expected(hour: Int) -> Float { max(level * factor(hour), Self.expectedMin) }

  /// Ends a minute.
  mutating func step(hour: Int) -> Alarm? {
    let count = Float(self.count)
    self.count = 0
    age = age == .max ? age : age + 1
    let alarm = judge(count, expected(hour: hour))
    cooling = alarm != nil ? Self.coolDown : (cooling > 0 ? cooling - 1 : 0)
    learn(count, hour)
    return alarm
  }

  private mutating func judge(_ count: Float, _ expected: Float) -> Alarm? {
    let shape = 1 / max(excess, 0.02)
    rising = max(0, rising + Self.evidence(count, expected, shape, Self.surgeRatio, Self.logSurge))
    let isMissed = count > 0 || expected >= Self.silenceExpectedMin
    falling = isMissed ? max(0, falling + Self.evidence(count, expected, shape, Self.silenceRatio, Self.logSilence)) : 0
    guard age > Self.warmUp, cooling == 0 else { return nil }
    let alarm: Alarm? =
      if rising > Self.threshold, count >= Self.surgeCountMin {
        .surge
      } else if falling > Self.threshold {
        .silence
      } else {
        nil
      }
    if alarm != nil { (rising, falling) = (0, 0) }
    return alarm
  }

  private static let logSurge = logf(surgeRatio)
  private static let logSilence = logf(silenceRatio)

  /// By how much a count speaks for a mean of `ratio · expected` and against one of `expected`.
  private static func evidence(
    _ count: Float, _ expected: Float, _ shape: Float, _ ratio: Float, _ logRatio: Float
  ) -> Float {
    count * logRatio - (count + shape) * logf((shape + ratio * expected) / (shape + expected))
  }

  /// Moves what is expected towards what came; single extreme minutes, and what is alarming, move it little.
  private mutating func learn(_ count: Float, _ hour: Int) {
    let factor = factor(hour)
    let isAlarming = age > 30 && (rising > Self.threshold / 2 || cooling > 0)
    let gain = max(Self.levelGain, 1 / Float(age)) * (isAlarming ? 0.25 : 1)
    let limit = 3 * (max(level, 1) + max(excess, 0.02) * level * level).squareRoot()
    let step = count / factor - level
    level += gain * (age > 10 ? min(max(step, -limit), limit) : step)
    let clipped = min(count / factor, level + limit)
    let spread = ((clipped - level) * (clipped - level) - level) / (max(level, 0.5) * max(level, 0.5))
    excess = min(max(excess + gain / 2 * (min(max(spread, -1), 4) - excess), 0.01), 2)
    let relative = min(max(count / max(level, 0.5), Self.seasonRange.lowerBound), Self.seasonRange.upperBound)
    season[hour] = Self.quantised(factor + Self.seasonGain * (relative - factor))
  }

  private func factor(_ hour: Int) -> Float { Float(season[hour]) / Float(UInt16.max) * Self.seasonRange.upperBound }

  /// Two bytes are fine enough: a step of the factor is 0.00006.
  private static func quantised(_ factor: Float) -> UInt16 {
    let bounded = min(max(factor, seasonRange.lowerBound), seasonRange.upperBound)
    return UInt16((bounded / seasonRange.upperBound * Float(UInt16.max)).rounded())
  }
}
