import Bytes

/// Points in time: written as RFC 3339 with nanoseconds, read from the forms that instrumentations use.
enum Timestamp {
  /// Nanoseconds since 1970 of an RFC 3339 text (in quotes or not), or of a number in `unit` (default: by its size).
  static func nanoseconds(_ text: [UInt8], unit: TimeUnit?) -> UInt64? {
    let bare = text.filter { $0 != UInt8(ascii: "\"") }
    if let number = Double(String(decoding: bare, as: UTF8.self)), number > 0 {
      let scale: Double =
        switch unit {
        case .nanoseconds: 1
        case .microseconds: 1e3
        case .milliseconds: 1e6
        case .seconds: 1e9
        case nil: number > 1e17 ? 1 : number > 1e14 ? 1e3 : number > 1e11 ? 1e6 : 1e9
        }
      let scaled = number * scale
      return scaled < 1.8e19 ? UInt64(scaled) : nil
    }
    return rfc3339(bare)
  }

  private static func rfc3339(_ text: [UInt8]) -> UInt64? {
    func digits(_ range: Range<Int>) -> Int? {
      guard range.upperBound <= text.count else { return nil }
      var value = 0
      for index in range {
        guard text[index] >= 0x30, text[index] <= 0x39 else { return nil }
        value = value * 10 + Int(text[index] - 0x30)
      }
      return value
    }
    guard let year = digits(0..<4), let month = digits(5..<7), let day = digits(8..<10), let hour = digits(11..<13),
      let minute = digits(14..<16), let second = digits(17..<19), (1...12).contains(month), year >= 1970
    else { return nil }
    var index = 19
    var fraction = 0
    var scale = 1_000_000_000
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
        if scale > 1 {
          scale /= 10
          fraction += Int(text[index] - 0x30) * scale
        }
        index += 1
      }
    }
    var offset = 0
    if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
      guard let hours = digits(index + 1..<index + 3), let minutes = digits(index + 4..<index + 6) else { return nil }
      offset = (hours * 60 + minutes) * (text[index] == UInt8(ascii: "+") ? 60 : -60)
    }
    let seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    // Nanoseconds since 1970 end in the year 2554.
    guard seconds >= 0, seconds < 18_446_744_073 else { return nil }
    return UInt64(seconds) * 1_000_000_000 + UInt64(fraction)
  }

  /// Days since 1970 of a date in the Gregorian calendar (the era method: 400 years are 146,097 days).
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// Year, month and day of a number of days since 1970.
  static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day)
  }
}

/// Writes points in time, most of which fall into the second of the one before.
struct MomentWriter: ~Copyable {
  private var second: UInt64 = .max
  /// That second, up to its point.
  private var text = ByteBuffer()

  mutating func append(_ nanoseconds: UInt64, to out: inout ByteBuffer) {
    let (second, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    if second != self.second {
      self.second = second
      text.truncate(to: 0)
      text.appendTimestamp(nanoseconds)
      text.truncate(to: text.count - 10)
    }
    text.copy(0, text.count, to: &out)
    out.appendDecimal(rest, digits: 9)
    out.append(UInt8(ascii: "Z"))
  }
}

extension ByteBuffer {
  /// Appends nanoseconds since 1970 as `2026-11-21T05:04:41.137597681Z`.
  package mutating func appendTimestamp(_ nanoseconds: UInt64) {
    let seconds = nanoseconds / 1_000_000_000
    let date = Timestamp.date(Int(seconds / 86400))
    let time = Int(seconds % 86400)
    appendPadded(date.year, 4)
    append(UInt8(ascii: "-"))
    appendPadded(date.month, 2)
    append(UInt8(ascii: "-"))
    appendPadded(date.day, 2)
    append(UInt8(ascii: "T"))
    appendPadded(time / 3600, 2)
    append(UInt8(ascii: ":"))
    appendPadded(time / 60 % 60, 2)
    append(UInt8(ascii: ":"))
    appendPadded(time % 60, 2)
    append(UInt8(ascii: "."))
    appendPadded(Int(nanoseconds % 1_000_000_000), 9)
    append(UInt8(ascii: "Z"))
  }

  private mutating func appendPadded(_ value: Int, _ width: Int) {
    appendDecimal(UInt64(truncatingIfNeeded: value), digits: width)
  }

  /// Appends nanoseconds as a decimal number of seconds, exactly and without trailing zeros.
  mutating func appendSeconds(_ nanoseconds: UInt64) {
    appendDecimal(nanoseconds / 1_000_000_000)
    var rest = nanoseconds % 1_000_000_000
    if rest == 0 { return }
    append(UInt8(ascii: "."))
    var divisor: UInt64 = 100_000_000
    while rest > 0 {
      append(0x30 &+ UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }
}
