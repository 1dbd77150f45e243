/// Several patterns as one non-deterministic automaton: the instructions of all, one after the other.
struct PatternSet: Sendable {
  /// Instructions, their targets counted over all patterns.
  private(set) var instructions: [Pattern.Instruction] = []
  /// Where each pattern begins.
  private(set) var starts: [Int32] = []
  /// For the place of each `match`, the pattern's bit.
  private(set) var matches: [Int32: UInt64] = [:]
  /// Bytes that no pattern tells apart have the same class; the last class stands for the end of the text.
  private(set) var classes: [UInt8] = []
  private(set) var classCount = 1
  /// A byte of each class.
  private(set) var samples: [UInt8] = []

  init(_ patterns: [Pattern]) {
    for (number, pattern) in patterns.enumerated() {
      let base = instructions.count
      starts.append(Int32(base))
      for instruction in pattern.instructions {
        switch instruction {
        case .jump(let target): instructions.append(.jump(target + base))
        case .split(let one, let other): instructions.append(.split(one + base, other + base))
        case .match:
          matches[Int32(instructions.count)] = 1 << UInt64(number)
          instructions.append(.match)
        default: instructions.append(instruction)
        }
      }
    }
    divide()
  }

  /// Numbers the classes of bytes: two bytes share one if every set has both or neither.
  private mutating func divide() {
    var numbers = [Int](repeating: 0, count: 256)
    func split(by set: ByteSet) {
      var renamed: [[Int]: Int] = [:]
      for byte in UInt8.min...UInt8.max {
        let key = [numbers[Int(byte)], set.contains(byte) ? 1 : 0]
        numbers[Int(byte)] = renamed[key, default: renamed.count]
        renamed[key] = numbers[Int(byte)]
      }
    }
    split(by: .word)
    var seen = Set<ByteSet>()
    for case .byte(let set) in instructions where seen.insert(set).inserted { split(by: set) }
    classes = numbers.map { UInt8($0) }
    let count = (numbers.max() ?? 0) + 1
    samples = (0..<count).map { number in UInt8(numbers.firstIndex(of: number) ?? 0) }
    classCount = count + 1
  }
}

/// Which patterns occur in a text: a deterministic automaton over bytes, its states made when they are first reached, so
/// that all patterns are looked for in one pass and each byte costs one look-up.
///
/// A state stands for all the ways in which the patterns can have gone so far, wherever they began. What a byte makes of
/// it is found out once and remembered; when too many states are remembered all are forgotten. In the worst case each
/// byte costs as much as there are instructions, never more (`steps` counts).
struct PatternSearch {
  private struct State: Hashable {
    /// Places among the instructions, sorted.
    var places: [Int32]
    var afterWord: Bool
    var atStart: Bool
    /// Patterns that ended before the byte that led here.
    var matched: UInt64
  }

  private let set: PatternSet
  private var states: [State] = []
  private var numbers: [State: Int32] = [:]
  /// For each state and class the next state; -1 where that is not known yet.
  private var next: [Int32] = []
  private(set) var steps = 0

  init(_ set: PatternSet) { self.set = set }

  /// The bits of the patterns that match somewhere in the text.
  mutating func patterns(in text: [UInt8]) -> UInt64 {
    if set.starts.isEmpty { return 0 }
    var found: UInt64 = 0
    let width = set.classCount
    var state = number(of: State(places: set.starts, afterWord: false, atStart: true, matched: 0))
    for byte in text {
      let known = next[Int(state) &* width &+ Int(set.classes[Int(byte)])]
      state = known >= 0 ? known : make(from: state, Int(set.classes[Int(byte)]), byte)
      found |= states[Int(state)].matched
    }
    steps += text.count + 1
    let last = next[Int(state) * width + width - 1]
    state = last >= 0 ? last : make(from: state, width - 1, nil)
    return found | states[Int(state)].matched
  }

  private mutating func number(of state: State) -> Int32 {
    if let known = numbers[state] { return known }
    let number = Int32(states.count)
    states.append(state)
    numbers[state] = number
    next += repeatElement(-1, count: set.classCount)
    return number
  }

  /// Finds out what a byte (nil: the end) makes of a state.
  private mutating func make(from number: Int32, _ byteClass: Int, _ byte: UInt8?) -> Int32 {
    let state = states[Int(number)]
    var target = State(places: [], afterWord: false, atStart: false, matched: 0)
    var moved = Set(set.starts)
    for place in closure(state, byte) {
      switch set.instructions[Int(place)] {
      case .match: target.matched |= set.matches[place] ?? 0
      case .byte(let bytes):
        if let byte, bytes.contains(byte) { moved.insert(place + 1) }
      default: break
      }
    }
    target.afterWord = byte.map { ByteSet.word.contains($0) } ?? false
    target.places = moved.sorted()
    if states.count >= RedactionLimits.statesMax {
      states.removeAll(keepingCapacity: true)
      numbers.removeAll(keepingCapacity: true)
      next.removeAll(keepingCapacity: true)
      return self.number(of: target)
    }
    let found = self.number(of: target)
    next[Int(number) * set.classCount + byteClass] = found
    return found
  }

  /// Everything that can be reached from a state without consuming a byte, given the byte that comes.
  private mutating func closure(_ state: State, _ byte: UInt8?) -> [Int32] {
    let beforeWord = byte.map { ByteSet.word.contains($0) } ?? false
    var seen = Set<Int32>()
    var stack = state.places
    while let place = stack.popLast() {
      guard seen.insert(place).inserted else { continue }
      steps += 1
      switch set.instructions[Int(place)] {
      case .byte, .match: break
      case .jump(let target): stack.append(Int32(target))
      case .split(let one, let other): stack += [Int32(one), Int32(other)]
      case .save: stack.append(place + 1)
      case .start: if state.atStart { stack.append(place + 1) }
      case .end: if byte == nil { stack.append(place + 1) }
      case .boundary: if state.afterWord != beforeWord { stack.append(place + 1) }
      }
    }
    return Array(seen)
  }
}
