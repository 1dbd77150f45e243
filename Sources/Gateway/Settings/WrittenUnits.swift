/// Durations and byte counts as people write them: a whole number and a unit.
enum WrittenUnits {
  /// Milliseconds a unit stands for, largest first.
  private static let durations: [(unit: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// Bytes a unit stands for: powers of two first, so that they win when a number is written out.
  private static let byteCounts: [(unit: String, bytes: Int)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1), ("", 1),
  ]

  /// Reads `250ms`, `10s`, `5m`, `1h` or `7d`; nil for anything else and for more than 292 years.
  static func duration(_ text: String) -> Duration? {
    guard let (number, unit) = split(text), let scale = durations.first(where: { $0.unit == unit })?.milliseconds
    else { return nil }
    let (milliseconds, overflow) = Int64(number).multipliedReportingOverflow(by: scale)
    // Nanoseconds since 1970 in 64 bits are what the duration will be added to.
    guard !overflow, milliseconds <= Int64.max / 1_000_000 else { return nil }
    return .milliseconds(milliseconds)
  }

  /// The shortest text that `duration` reads back as `value`; parts below a millisecond are cut.
  static func text(_ value: Duration) -> String {
    let milliseconds = value.components.seconds * 1_000 + value.components.attoseconds / 1_000_000_000_000_000
    for (unit, scale) in durations where milliseconds >= scale && milliseconds % scale == 0 {
      return "\(milliseconds / scale)\(unit)"
    }
    return "0s"
  }

  /// Reads `64MiB`, `1GiB`, `500kB` or plain bytes, units in any case; nil for anything else and for what overflows.
  static func byteCount(_ text: String) -> Int? {
    guard let (number, unit) = split(text),
      let scale = byteCounts.first(where: { $0.unit.lowercased() == unit.lowercased() })?.bytes
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
    return overflow ? nil : bytes
  }

  /// The shortest text that `byteCount` reads back as `value`.
  static func text(_ value: Int) -> String {
    for (unit, scale) in byteCounts where value >= scale && value % scale == 0 { return "\(value / scale)\(unit)" }
    return "0"
  }

  private static func split(_ text: String) -> (number: Int, unit: String)? {
    let digits = text.prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty, let number = Int(digits) else { return nil }
    return (number, text[digits.endIndex...].drop { $0 == " " }.description)
  }
}
