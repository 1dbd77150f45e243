/// Numbers as people read them: rounded to what they compare.
enum Readable {
  /// `512 B`, `3.4 MB`.
  static func bytes(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 999.5 { return unit == "B" ? "\(count) B" : "\(rounded(value)) \(unit)" }
      value /= 1000
    }
    return "\(rounded(value)) TB"
  }

  /// `3s`, `2m 5s`, `4h 10m`, `6d 3h`: the two largest units.
  static func age(nanoseconds: UInt64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    let units: [(name: String, seconds: UInt64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
    guard let first = units.firstIndex(where: { seconds >= $0.seconds }) else { return "0s" }
    let text = "\(seconds / units[first].seconds)\(units[first].name)"
    guard first + 1 < units.count else { return text }
    let rest = seconds % units[first].seconds / units[first + 1].seconds
    return rest == 0 ? text : "\(text) \(rest)\(units[first + 1].name)"
  }

  /// `12 %`; below one per cent with a digit more.
  static func share(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "–" }
    return "\(rounded(100 * Double(part) / Double(whole))) %"
  }

  /// One `request`, two `request`s.
  static func count(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }

  private static func rounded(_ value: Double) -> String {
    if value >= 10 { return "\(Int(value.rounded()))" }
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
