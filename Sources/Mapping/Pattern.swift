package import Bytes

/// A regular expression with one group at most, matched in time linear in the text: instructions run side by side, nothing
/// backtracks (K. Thompson, "Regular Expression Search Algorithm", 1968; R. Pike's variant with captures).
///
/// Literals, `.`, classes, `\d \w \s \b`, `* + ? {m,n}` (and lazy forms), alternation, groups, `^ $`, and `(?i)` in front.
/// No back-references and no look-around: they cannot be matched in linear time.
package struct Pattern: Sendable {
  /// Instructions that one pattern may compile to; `{m,n}` multiplies.
  static let instructionsMax = 4096

  indirect enum Instruction: Sendable {
    case byte(ByteSet)
    case split(Int, Int)
    case jump(Int)
    case save(Int)
    case start, end, boundary
    case match
  }

  let instructions: [Instruction]
  /// The bytes that a match can begin with, at the start of a text and further on; nil if it can be empty.
  private let first: ByteSet?
  private let firstInside: ByteSet?

  /// Whether it matches the empty text, which is everywhere.
  package var isEmptyable: Bool { first == nil }

  /// Compiles the pattern, or says what it may not have. It has exactly one group, or may do without.
  package init(_ text: String, needsGroup: Bool = true) throws(PatternError) {
    var parser = PatternParser(Array(text.utf8))
    instructions = try parser.program(needsGroup: needsGroup)
    first = Self.first(of: instructions, inside: false)
    firstInside = Self.first(of: instructions, inside: true)
  }

  private static func first(of instructions: [Instruction], inside: Bool) -> ByteSet? {
    var first = ByteSet()
    var seen = [Bool](repeating: false, count: instructions.count)
    var stack = [0]
    while let place = stack.popLast() {
      if seen[place] { continue }
      seen[place] = true
      switch instructions[place] {
      case .byte(let set): first = first.union(set)
      case .match: return nil
      case .jump(let target): stack.append(target)
      case .split(let one, let other): stack += [one, other]
      case .start: if !inside { stack.append(place + 1) }
      case .save, .end, .boundary: stack.append(place + 1)
      }
    }
    return first
  }

  /// One way through the instructions, with where it began, and where the group began and ended.
  private struct Walker {
    var instruction: Int
    var start: Int
    var group: (start: Int, end: Int)
  }

  /// Where the group of the leftmost match lies; nil if there is no match, or the group took no part in it.
  package func firstGroup(in bytes: ByteSpan) -> Range<Int>? {
    // Most texts have no place where a match could begin.
    guard let start = (0...bytes.count).first(where: { canBegin(at: $0, bytes) }) else { return nil }
    var walk = Walk(instructions.count)
    return match(in: bytes, from: start, &walk)?.group
  }

  /// Where all matches lie, from left to right and none over another: of each the group, if it has one.
  ///
  /// Patterns that look far ahead in vain (`a(.*b)?`) would look at the same text again and again: where that becomes
  /// more than `rereads` times the text, all of the rest counts as one match. Nil never; `steps` counts positions.
  func matches(in bytes: ByteSpan, rereads: Int, steps: inout Int) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var walk = Walk(instructions.count)
    var from = 0
    while from <= bytes.count, let match = match(in: bytes, from: from, &walk) {
      found.append(match.group ?? match.whole)
      from = max(match.whole.upperBound, from + 1)
      if walk.positions > rereads * (bytes.count + 1) {
        if from < bytes.count { found.append(from..<bytes.count) }
        break
      }
    }
    steps += walk.positions
    return found
  }

  /// Memory of a walk, kept from one match to the next.
  private struct Walk {
    var current: [Walker] = []
    var next: [Walker] = []
    /// At which position an instruction was last entered, for the walkers of this position and of the next.
    var seen: [Int]
    /// Positions that were looked at.
    var positions = 0

    init(_ count: Int) { seen = [Int](repeating: -1, count: count) }
  }

  private func match(in bytes: ByteSpan, from: Int, _ walk: inout Walk) -> (whole: Range<Int>, group: Range<Int>?)? {
    var found: (walker: Walker, end: Int)?
    walk.current.removeAll(keepingCapacity: true)
    for index in walk.seen.indices { walk.seen[index] = -1 }
    for position in from...bytes.count {
      walk.positions += 1
      if found == nil, canBegin(at: position, bytes) {
        let walker = Walker(instruction: 0, start: position, group: (-1, -1))
        add(walker, position, bytes, &walk.current, &walk.seen)
      }
      if walk.current.isEmpty {
        if found != nil { break }
        continue
      }
      walk.next.removeAll(keepingCapacity: true)
      for walker in walk.current {
        switch instructions[walker.instruction] {
        case .byte(let set):
          guard position < bytes.count, set.contains(bytes[position]) else { continue }
          var moved = walker
          moved.instruction += 1
          add(moved, position + 1, bytes, &walk.next, &walk.seen)
          continue
        default: found = (walker, position)
        }
        break
      }
      swap(&walk.current, &walk.next)
    }
    guard let (walker, end) = found else { return nil }
    let hasGroup = walker.group.start >= 0 && walker.group.end >= walker.group.start
    return (walker.start..<end, hasGroup ? walker.group.start..<walker.group.end : nil)
  }

  @inline(__always) private func canBegin(at position: Int, _ bytes: ByteSpan) -> Bool {
    guard let set = position == 0 ? first : firstInside else { return true }
    return position < bytes.count && set.contains(bytes[position])
  }

  /// Follows everything that consumes no byte; instructions are entered once a position, in order of preference.
  private func add(
    _ start: Walker, _ position: Int, _ bytes: ByteSpan, _ walkers: inout [Walker], _ seen: inout [Int]
  ) {
    var stack = [start]
    while var walker = stack.popLast() {
      if seen[walker.instruction] == position { continue }
      seen[walker.instruction] = position
      switch instructions[walker.instruction] {
      case .byte, .match: walkers.append(walker)
      case .jump(let target):
        walker.instruction = target
        stack.append(walker)
      case .split(let first, let second):
        walker.instruction = second
        stack.append(walker)
        walker.instruction = first
        stack.append(walker)
      case .save(let slot):
        if slot == 0 { walker.group.start = position } else { walker.group.end = position }
        walker.instruction += 1
        stack.append(walker)
      case .start, .end, .boundary:
        guard holds(instructions[walker.instruction], position, bytes) else { continue }
        walker.instruction += 1
        stack.append(walker)
      }
    }
  }

  private func holds(_ assertion: Instruction, _ position: Int, _ bytes: ByteSpan) -> Bool {
    switch assertion {
    case .start: return position == 0
    case .end: return position == bytes.count
    default:
      let before = position > 0 && ByteSet.word.contains(bytes[position - 1])
      let after = position < bytes.count && ByteSet.word.contains(bytes[position])
      return before != after
    }
  }
}

/// What a pattern has that it may not have, and where.
package struct PatternError: Error, Equatable, CustomStringConvertible {
  /// Bytes from the start of the pattern.
  package var offset: Int
  package var reason: String
  package var description: String { "\(reason) (at \(offset + 1) of the pattern)" }
}

/// A set of bytes.
struct ByteSet: Sendable, Hashable {
  private var words = SIMD4<UInt64>()

  static let word = ByteSet { ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || $0 == 0x5f }
  static let digit = ByteSet { $0 >= 0x30 && $0 <= 0x39 }
  static let space = ByteSet { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0d) }
  static let any = ByteSet { $0 != 0x0a }

  init(_ isMember: (UInt8) -> Bool = { _ in false }) {
    for byte in UInt8.min...UInt8.max where isMember(byte) { insert(byte) }
  }

  func contains(_ byte: UInt8) -> Bool {
    let word =
      switch byte >> 6 {
      case 0: words[0]
      case 1: words[1]
      case 2: words[2]
      default: words[3]
      }
    return word >> UInt64(byte & 63) & 1 == 1
  }

  mutating func insert(_ byte: UInt8) {
    let bit: UInt64 = 1 << UInt64(byte & 63)
    switch byte >> 6 {
    case 0: words[0] |= bit
    case 1: words[1] |= bit
    case 2: words[2] |= bit
    default: words[3] |= bit
    }
  }

  func union(_ other: ByteSet) -> ByteSet { ByteSet { self.contains($0) || other.contains($0) } }
  var inverted: ByteSet { ByteSet { !self.contains($0) } }

  /// The same letters in both cases.
  var withoutCase: ByteSet {
    ByteSet { byte in
      let isLetter = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a
      return self.contains(byte) || (isLetter && self.contains(byte ^ 0x20))
    }
  }
}
