import Bytes

/// What a detector keeps over a restart. The minute that was counted is not part of it.
extension AnomalyDetector {
  static let version: UInt8 = 1
  private static let seriesBytes = 4 * 4 + 24 * 2 + 3

  package func encoded() -> [UInt8] {
    var out = ByteBuffer(capacity: 16 + series.count * (Self.seriesBytes + 8))
    out.append(Self.version)
    out.append(watched)
    out.appendLittleEndian(UInt32(patterns.count))
    for (pattern, slot) in patterns {
      out.appendLittleEndian(pattern)
      out.append(series[Int(slot)])
    }
    out.appendLittleEndian(UInt32(services.count))
    for (service, slot) in services {
      out.append(service)
      out.append(series[Int(slot)])
    }
    return out.array()
  }

  /// Reads what `encoded` wrote.
  package init(state: [UInt8]) throws(SamplingStateError) {
    let bytes = state.span
    var reader = StateReader()
    let version = try reader.integer(bytes, UInt8.self)
    guard version == Self.version else { throw .version(version) }
    watched = min(try reader.integer(bytes, UInt8.self), Self.learningMinutes)
    for _ in 0..<(try reader.count(bytes, rowsOf: Self.seriesBytes + 8, most: Self.patternsMax)) {
      let pattern = try reader.integer(bytes, UInt64.self)
      patterns[pattern] = append(try CountSeries(bytes, &reader))
    }
    for _ in 0..<(try reader.count(bytes, rowsOf: Self.seriesBytes + 1, most: Self.servicesMax)) {
      let service = try reader.label(bytes)
      services[service] = append(try CountSeries(bytes, &reader))
    }
    try reader.end(bytes)
  }
}

extension ByteBuffer {
  fileprivate mutating func append(_ series: CountSeries) {
    for value in [series.level, series.excess, series.rising, series.falling] { appendLittleEndian(value.bitPattern) }
    for hour in 0..<24 { appendLittleEndian(series.season[hour]) }
    appendLittleEndian(series.age)
    append(series.cooling)
  }
}

extension CountSeries {
  fileprivate init(_ bytes: ByteSpan, _ reader: inout StateReader) throws(SamplingStateError) {
    level = try Self.number(bytes, &reader)
    excess = try Self.number(bytes, &reader)
    rising = try Self.number(bytes, &reader)
    falling = try Self.number(bytes, &reader)
    for hour in 0..<24 {
      season[hour] = try reader.integer(bytes, UInt16.self)
      guard season[hour] > 0 else { throw .bad("a factor of 0") }
    }
    age = try reader.integer(bytes, UInt16.self)
    cooling = try reader.integer(bytes, UInt8.self)
  }

  private static func number(_ bytes: ByteSpan, _ reader: inout StateReader) throws(SamplingStateError) -> Float {
    let value = Float(bitPattern: try reader.integer(bytes, UInt32.self))
    guard value.isFinite, value >= 0 else { throw .bad("a number is below 0 or not finite") }
    return value
  }
}
