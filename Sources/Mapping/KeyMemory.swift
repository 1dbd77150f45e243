import Bytes

/// What the program knows of one attribute name, looked up once per name instead of once per span.
struct KeyInfo {
  /// The family it belongs to; -1 for none.
  var family: Int32
  /// The slots by which rules read it in a resource and in a scope; -1 for none.
  var resourceSlot: Int32
  var scopeSlot: Int32
  /// `"otel.<name>":`, or `"$name":` for names of PostHog's own, in the memory's labels.
  var label: Slice
  /// A name that the writer gives itself; what an application says under it is not passed on.
  var isReserved: Bool
  /// The dialects whose spans drop it, a bit each; see `KeyMemory.drops`.
  var droppedBy: UInt64
}

/// Attribute names seen before, with their labels already encoded: telemetry repeats the same names for ever. The names
/// that rules read come first, so that a name's number is the slot by which rules know it, if it is less than
/// `slotCount`.
final class KeyMemory {
  private var names: KeyTable
  private var info = ValueBuffer<KeyInfo>()
  private var labels = ByteBuffer()
  private var hints = ValueBuffer<MatchIndex.Hint>()
  /// Whether a name's hint says anything: most do not.
  private var hasHint = ValueBuffer<Bool>()
  /// The name that came after a name the last time: an instrumentation writes its names in the same order in every
  /// span, and to compare with one name is quicker than to hash.
  private var following = ValueBuffer<Int32>()

  init(_ program: borrowing Program) {
    names = program.slots
    for slot in 0..<names.count {
      let name = names.name(slot)
      describe(name.span, Slice(0, name.count), program)
    }
  }

  var count: Int { info.count }
  var isFull: Bool { info.count >= MappingLimits.keysRememberedMax }

  subscript(_ key: Int32) -> KeyInfo { info[Int(key)] }

  @inline(__always) func family(of key: Int32) -> Int32 { info[Int(key)].family }

  /// What an attribute of that name says about its span's dialect; nil if nothing.
  @inline(__always) func hint(of key: Int) -> MatchIndex.Hint? { hasHint[key] ? hints[key] : nil }

  /// Appends a name's label.
  @inline(__always) func appendLabel(_ key: Int32, to out: inout ByteBuffer) {
    let label = info[Int(key)].label
    labels.withSpan { out.append($0, label) }
  }

  /// The number of a name, learnt if it is new. `previous` is the name before it; -1 for none.
  @inline(__always) func key(
    _ bytes: ByteSpan, _ name: Slice, after previous: Int32, _ program: borrowing Program
  ) -> Int32 {
    if previous >= 0 {
      let expected = following[Int(previous)]
      if expected >= 0, names.is(Int(expected), bytes, name) { return expected }
    }
    return unexpectedKey(bytes, name, after: previous, program)
  }

  private func unexpectedKey(
    _ bytes: ByteSpan, _ name: Slice, after previous: Int32, _ program: borrowing Program
  ) -> Int32 {
    var key = names.find(bytes, name)
    if key == nil {
      key = names.intern(bytes, name)
      describe(bytes, name, program)
    }
    let number = Int32(truncatingIfNeeded: key ?? 0)
    if previous >= 0 { following[Int(previous)] = number }
    return number
  }

  private func describe(_ bytes: ByteSpan, _ name: Slice, _ program: borrowing Program) {
    let start = labels.count
    let isNative = !name.isEmpty && bytes[name.start] == UInt8(ascii: "$")
    labels.append(isNative ? "\"" : "\"otel.")
    labels.appendJSONContent(bytes, name)
    labels.append("\":")
    var droppedBy: UInt64 = 0
    for (number, dialect) in program.dialects.prefix(64).enumerated()
    where Self.matches(dialect.facts.drop, bytes, name) { droppedBy |= 1 << UInt64(number) }
    let family = program.families.firstIndex { bytes.starts(name, with: $0) }
    info.append(
      KeyInfo(
        family: Int32(family ?? -1), resourceSlot: Int32(program.resourceSlots.find(bytes, name) ?? -1),
        scopeSlot: Int32(program.scopeSlots.find(bytes, name) ?? -1), label: Slice(start, labels.count),
        isReserved: isNative && program.reserved.find(bytes, name) != nil, droppedBy: droppedBy))
    let slot = hints.count
    let hint =
      slot < program.slots.count ? program.matches.bySlot[slot] : family.map { program.matches.byFamily[$0] }
    hints.append(hint ?? MatchIndex.Hint())
    hasHint.append(hint?.isNone == false)
    following.append(-1)
  }

  /// Whether a dialect drops attributes of that name. Of dialects beyond the 64th nothing is remembered.
  @inline(__always) func drops(
    _ key: Int32, _ dialect: Int, _ program: borrowing Program, _ bytes: ByteSpan, _ name: Slice
  ) -> Bool {
    if dialect < 64 { return info[Int(key)].droppedBy &>> UInt64(dialect) & 1 != 0 }
    return Self.matches(program.dialects[dialect].facts.drop, bytes, name)
  }

  static func matches(_ drops: [(bytes: [UInt8], isPrefix: Bool)], _ bytes: ByteSpan, _ key: Slice) -> Bool {
    for drop in drops where drop.isPrefix ? bytes.starts(key, with: drop.bytes) : bytes.equals(key, drop.bytes) {
      return true
    }
    return false
  }
}
