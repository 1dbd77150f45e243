import Bytes
import Glibc
import Mapping

enum WallTime {
  static var nanoseconds: UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// An event as the harness asks for it, as PostHog gets it.
struct CapturedEvent {
  let uuid: String
  let json: [UInt8]

  /// Nil without an event name or a user, or with a time that is none.
  init?(_ body: Order.Body) {
    let bytes = body.bytes.span
    guard let name = body.member("event"), let user = body.member("distinct_id"), name.kind == .string,
      user.kind == .string, !name.text.isEmpty, !user.text.isEmpty
    else { return nil }
    var timestamp = ByteBuffer()
    if let text = body.text("timestamp") {
      guard let utc = Self.utc(text) else { return nil }
      timestamp.append(utc)
    } else {
      timestamp.appendTimestamp(WallTime.nanoseconds)
    }
    uuid = body.text("uuid") ?? Self.newUUID()
    var out = ByteBuffer()
    out.append("{\"event\":\"")
    out.append(bytes, name.text)
    out.append("\",\"distinct_id\":\"")
    out.append(bytes, user.text)
    out.append("\",\"uuid\":")
    out.appendJSONString(uuid)
    out.append(",\"timestamp\":\"")
    out.append(timestamp.array())
    out.append("\",\"properties\":{")
    if let properties = body.members(of: body.root).first(where: { $0.name == "properties" }) {
      for member in body.members(of: properties.place) {
        let value = body.tape.nodes[member.place]
        out.append("\"")
        out.append(bytes, value.key)
        out.append("\":")
        // A string's node points between its quotes.
        let quotes = value.kind == .string ? 1 : 0
        out.append(bytes, Slice(value.text.start - quotes, value.text.end + quotes))
        out.append(",")
      }
    }
    out.append("\"$lib\":\"hoglet\",\"$lib_version\":\"")
    out.append(Mapper.version)
    out.append("\"}}")
    json = out.array()
  }

  private static func newUUID() -> String {
    var random = SystemRandomNumberGenerator()
    let version: UInt64 = 0x4000
    let variant: UInt64 = 1 << 63
    let high = UInt64.random(in: 0 ... .max, using: &random) & ~0xf000 | version
    let low = UInt64.random(in: 0 ... .max, using: &random) & ~(3 << 62) | variant
    var out = ByteBuffer()
    out.appendUUID((high, low))
    return out.string
  }

  /// RFC 3339 with any offset as the same moment in UTC, its fraction as it was; nil if it is none.
  static func utc(_ text: String) -> String? {
    let characters = Array(text.utf8)
    guard characters.count >= 20 else { return nil }
    func number(_ range: Range<Int>) -> Int? { Int(String(decoding: characters[range], as: UTF8.self)) }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19)
    else { return nil }
    let rest = characters[19...]
    let fraction = rest.prefix { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    guard let offset = offset(rest.dropFirst(fraction.count)) else { return nil }
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(year - 1900)
    unsafe parts.tm_mon = Int32(month - 1)
    unsafe parts.tm_mday = Int32(day)
    unsafe parts.tm_hour = Int32(hour)
    unsafe parts.tm_min = Int32(minute)
    unsafe parts.tm_sec = Int32(second)
    let moment = unsafe timegm(&parts) - offset
    guard moment >= 0 else { return nil }
    var out = ByteBuffer()
    out.appendTimestamp(UInt64(moment) * 1_000_000_000)
    return String(out.string.prefix(19)) + String(decoding: fraction, as: UTF8.self) + "Z"
  }

  /// Seconds east of Greenwich.
  private static func offset(_ zone: ArraySlice<UInt8>) -> Int? {
    let text = String(decoding: zone, as: UTF8.self)
    if text == "Z" || text == "z" { return 0 }
    let parts = text.dropFirst().split(separator: ":")
    guard let sign = text.first, sign == "+" || sign == "-", parts.count == 2, let hours = Int(parts[0]),
      let minutes = Int(parts[1])
    else { return nil }
    return (hours * 3_600 + minutes * 60) * (sign == "+" ? 1 : -1)
  }
}
