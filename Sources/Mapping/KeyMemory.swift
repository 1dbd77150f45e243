import Bytes

/// What the program knows of one attribute name, looked up once per name instead of once per span.
struct KeyInfo {
  /// The slot that rules read it by; -1 if none does.
  var slot: Int32
  /// The family it belongs to; -1 for none.
  var family: Int32
  /// `"otel.<name>":`, or `"$name":` for names of PostHog's own, in the memory's labels.
  var label: Slice
  /// A name beginning with `$`: set by the application for PostHog, passed on under its own name.
  var isNative: Bool
  /// A name that the writer gives itself; what an application says under it is not passed on.
  var isReserved: Bool
}

/// Attribute names seen before, with their labels already encoded: telemetry repeats the same names for ever.
/// A class: a struct of arrays is copied, and its references counted, where one of its methods is called in a loop.
final class KeyMemory {
  private var names = KeyTable()
  private var info: [KeyInfo] = []
  private var labels = ByteBuffer()
  /// The name that came after a name the last time: an instrumentation writes its names in the same order in every
  /// span, and to compare with one name is quicker than to hash.
  private var following: [Int32] = []

  var count: Int { info.count }
  var isFull: Bool { info.count >= MappingLimits.keysRememberedMax }

  subscript(_ key: Int32) -> KeyInfo { info[Int(key)] }

  /// Appends a name's label.
  func appendLabel(_ key: Int32, to out: inout ByteBuffer) {
    let label = info[Int(key)].label
    labels.withSpan { out.append($0, label) }
  }

  /// The number of a name, learnt if it is new. `previous` is the name before it.
  func key(_ bytes: ByteSpan, _ name: Slice, after previous: Int32, _ program: borrowing Program) -> Int32 {
    if following.isEmpty { return learn(bytes, name, program) }
    let expected = following[Int(previous)]
    if names.is(Int(expected), bytes, name) { return expected }
    let key = names.find(bytes, name).map { Int32(truncatingIfNeeded: $0) } ?? learn(bytes, name, program)
    following[Int(previous)] = key
    return key
  }

  private func learn(_ bytes: ByteSpan, _ name: Slice, _ program: borrowing Program) -> Int32 {
    let number = names.intern(bytes, name)
    let start = labels.count
    let isNative = !name.isEmpty && bytes[name.start] == UInt8(ascii: "$")
    labels.append(isNative ? "\"" : "\"otel.")
    labels.appendJSONContent(bytes, name)
    labels.append("\":")
    let slot = program.slots.find(bytes, name)
    let family = program.families.firstIndex { bytes.starts(name, with: $0) }
    info.append(
      KeyInfo(
        slot: Int32(slot ?? -1), family: Int32(family ?? -1), label: Slice(start, labels.count), isNative: isNative,
        isReserved: isNative && program.reserved.find(bytes, name) != nil))
    following.append(Int32(number))
    return Int32(number)
  }
}
