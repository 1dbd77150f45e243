import Glibc

/// Moments as the policy API writes and reads them: seconds since 1970 inside.
enum PolicyTime {
  /// The year 5138: whoever sends more means milliseconds.
  static let secondsMax = 1e11

  /// `2026-11-21T07:33:04+00:00`: with a number for the zone, which every version of Python's standard library reads.
  static func text(_ seconds: Int64) -> String {
    "\(LogTime(milliseconds: Int(seconds) * 1_000).text.prefix(19))+00:00"
  }

  /// Unix seconds, or ISO 8601 text; without a zone it is UTC. Nil for what is neither.
  static func seconds(_ value: JSONValue) -> Int64? {
    switch value {
    case .number(let number): (0...secondsMax).contains(number) ? Int64(number) : nil
    case .string(let text): seconds(text)
    default: nil
    }
  }

  private static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard (19...40).contains(bytes.count) else { return nil }
    let signs: [(Int, [UInt8])] = [(4, [0x2d]), (7, [0x2d]), (10, [0x54, 0x74, 0x20]), (13, [0x3a]), (16, [0x3a])]
    guard signs.allSatisfy({ $0.1.contains(bytes[$0.0]) }) else { return nil }
    func number(_ range: Range<Int>) -> Int32? {
      guard range.upperBound <= bytes.count else { return nil }
      return bytes[range].reduce(Int32?.some(0)) { sum, byte in
        (0x30...0x39).contains(byte) ? sum.map { $0 * 10 + Int32(byte - 0x30) } : nil
      }
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), year >= 1970, (1...12).contains(month),
      (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    var rest = bytes[19...]
    if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { (0x30...0x39).contains($0) } }
    var offset: Int64 = 0
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      let start = rest.startIndex + 1
      let isLong = rest.count == 6 && bytes[start + 2] == UInt8(ascii: ":")
      guard isLong || rest.count == 5, let hours = number(start..<start + 2),
        let minutes = number(isLong ? start + 3..<start + 5 : start + 2..<start + 4), hours < 24, minutes < 60
      else { return nil }
      offset = Int64(hours * 60 + minutes) * (sign == UInt8(ascii: "+") ? 60 : -60)
    } else if !rest.isEmpty, rest != [UInt8(ascii: "Z")], rest != [UInt8(ascii: "z")] {
      return nil
    }
    var parts = unsafe tm()
    unsafe (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1_900, month - 1, day)
    unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
    let time = unsafe timegm(&parts)
    return max(0, Int64(time) - offset)
  }
}
