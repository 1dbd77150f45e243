import Bytes

/// One JSON object on a line of its own, for machines. What is nil is left out.
struct JSONLine: ~Copyable {
  private var out = ByteBuffer()

  init() { out.append(UInt8(ascii: "{")) }

  mutating func add(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    begin(name)
    out.appendJSONString(value)
  }

  mutating func add(_ name: StaticString, _ value: Int?) {
    guard let value else { return }
    begin(name)
    out.appendDecimal(Int64(value))
  }

  mutating func add(_ name: StaticString, _ values: [String]) {
    begin(name)
    out.append(UInt8(ascii: "["))
    for (number, value) in values.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      out.appendJSONString(value)
    }
    out.append(UInt8(ascii: "]"))
  }

  /// Adds what is JSON already.
  mutating func add(_ name: StaticString, json: [UInt8]?) {
    guard let json else { return }
    begin(name)
    out.append(json)
  }

  private mutating func begin(_ name: StaticString) {
    if out.count > 1 { out.append(UInt8(ascii: ",")) }
    out.append(UInt8(ascii: "\""))
    out.append(name)
    out.append("\":")
  }

  /// The object, without a line's end.
  consuming func object() -> [UInt8] {
    out.append(UInt8(ascii: "}"))
    return out.array()
  }
}
