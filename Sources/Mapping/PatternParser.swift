/// Reads a pattern and compiles it in one go (recursive descent).
struct PatternParser {
  /// Deeper groups than any real pattern has.
  private static let depthMax = 32
  /// The largest count in `{m,n}`.
  private static let repeatMax = 1000

  private indirect enum Tree {
    case empty
    case set(ByteSet)
    case assertion(Pattern.Instruction)
    case sequence([Tree])
    case either([Tree])
    case group(Tree, captures: Bool)
    case repeated(Tree, min: Int, max: Int?, lazy: Bool)
  }

  private let text: [UInt8]
  private var offset = 0
  private var ignoresCase = false
  private var groups = 0
  private var output: [Pattern.Instruction] = []

  init(_ text: [UInt8]) { self.text = text }

  /// Longer than any pattern that a person can read.
  static let textBytesMax = 4096

  mutating func program(needsGroup: Bool) throws(PatternError) -> [Pattern.Instruction] {
    guard text.count <= Self.textBytesMax else {
      throw PatternError(offset: Self.textBytesMax, reason: "a pattern has at most \(Self.textBytesMax) bytes")
    }
    if text.starts(with: Array("(?i)".utf8)) {
      ignoresCase = true
      offset = 4
    }
    let tree = try alternatives(depth: 0)
    guard offset == text.count else { throw fail("a ')' without its '('") }
    guard groups == 1 || (groups == 0 && !needsGroup) else {
      let wanted = needsGroup ? "exactly one group" : "one group at most"
      throw PatternError(offset: 0, reason: "a pattern has \(wanted), this one has \(groups)")
    }
    try emit(tree)
    try emit(.match)
    return output
  }

  private func fail(_ reason: String) -> PatternError { PatternError(offset: offset, reason: reason) }
  private var next: UInt8? { offset < text.count ? text[offset] : nil }

  // MARK: Parsing

  private mutating func alternatives(depth: Int) throws(PatternError) -> Tree {
    guard depth < Self.depthMax else { throw fail("groups are nested too deeply") }
    var branches: [Tree] = [try sequence(depth: depth)]
    while next == UInt8(ascii: "|") {
      offset += 1
      branches.append(try sequence(depth: depth))
    }
    return branches.count == 1 ? branches[0] : .either(branches)
  }

  private mutating func sequence(depth: Int) throws(PatternError) -> Tree {
    var parts: [Tree] = []
    while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      parts.append(try repeated(try atom(depth: depth)))
    }
    return parts.isEmpty ? .empty : .sequence(parts)
  }

  private mutating func atom(depth: Int) throws(PatternError) -> Tree {
    guard let byte = next else { return .empty }
    switch byte {
    case UInt8(ascii: "("):
      offset += 1
      var captures = true
      if next == UInt8(ascii: "?") {
        guard offset + 1 < text.count, text[offset + 1] == UInt8(ascii: ":") else {
          throw fail("only plain groups and '(?:…)' are known; look-around and names are not")
        }
        offset += 2
        captures = false
      }
      if captures { groups += 1 }
      let inner = try alternatives(depth: depth + 1)
      guard next == UInt8(ascii: ")") else { throw fail("a '(' without its ')'") }
      offset += 1
      return .group(inner, captures: captures)
    case UInt8(ascii: "["): return .set(try bracket())
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
      throw fail("there is nothing to repeat")
    case UInt8(ascii: "."):
      offset += 1
      return .set(.any)
    case UInt8(ascii: "^"):
      offset += 1
      return .assertion(.start)
    case UInt8(ascii: "$"):
      offset += 1
      return .assertion(.end)
    case UInt8(ascii: "\\"):
      if offset + 1 < text.count, text[offset + 1] == UInt8(ascii: "b") {
        offset += 2
        return .assertion(.boundary)
      }
      return .set(try escape())
    default:
      offset += 1
      guard byte >= 0xc0 else { return .set(ByteSet { $0 == byte }) }
      // The bytes of one letter belong together: 'é+' repeats all of them.
      var letter: [Tree] = [.set(ByteSet { $0 == byte })]
      while let more = next, more & 0xc0 == 0x80 {
        letter.append(.set(ByteSet { $0 == more }))
        offset += 1
      }
      return .sequence(letter)
    }
  }

  private mutating func escape() throws(PatternError) -> ByteSet {
    guard offset + 1 < text.count else { throw fail("the pattern ends in a backslash") }
    let byte = text[offset + 1]
    let set: ByteSet
    switch byte {
    case UInt8(ascii: "d"): set = .digit
    case UInt8(ascii: "D"): set = ByteSet.digit.inverted
    case UInt8(ascii: "w"): set = .word
    case UInt8(ascii: "W"): set = ByteSet.word.inverted
    case UInt8(ascii: "s"): set = .space
    case UInt8(ascii: "S"): set = ByteSet.space.inverted
    case UInt8(ascii: "n"): set = ByteSet { $0 == 0x0a }
    case UInt8(ascii: "t"): set = ByteSet { $0 == 0x09 }
    case UInt8(ascii: "r"): set = ByteSet { $0 == 0x0d }
    case UInt8(ascii: "0")...UInt8(ascii: "9"): throw fail("back-references are not known")
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
      throw fail("the escape '\\\(Character(Unicode.Scalar(byte)))' is not known")
    default: set = ByteSet { $0 == byte }
    }
    offset += 2
    return set
  }

  private mutating func bracket() throws(PatternError) -> ByteSet {
    let start = offset
    offset += 1
    var isInverted = false
    if next == UInt8(ascii: "^") {
      isInverted = true
      offset += 1
    }
    var set = ByteSet()
    var isFirst = true
    while let byte = next, byte != UInt8(ascii: "]") || isFirst {
      isFirst = false
      if byte == UInt8(ascii: "\\") {
        set = set.union(try escape())
        continue
      }
      offset += 1
      // A set holds bytes; the bytes of 'é' apart would be parts of other letters too.
      guard byte < 0x80 else { throw fail("a set holds ASCII only; write other letters as (?:é|è)") }
      guard next == UInt8(ascii: "-"), offset + 1 < text.count, text[offset + 1] != UInt8(ascii: "]") else {
        set.insert(byte)
        continue
      }
      let upper = text[offset + 1]
      guard upper < 0x80 else { throw fail("a set holds ASCII only") }
      guard upper >= byte else { throw fail("a range that ends before it begins") }
      for member in byte...upper { set.insert(member) }
      offset += 2
    }
    guard next == UInt8(ascii: "]") else { throw PatternError(offset: start, reason: "a '[' without its ']'") }
    offset += 1
    return isInverted ? set.inverted : set
  }

  private mutating func repeated(_ tree: Tree) throws(PatternError) -> Tree {
    guard let byte = next else { return tree }
    var bounds: (min: Int, max: Int?)
    switch byte {
    case UInt8(ascii: "*"): bounds = (0, nil)
    case UInt8(ascii: "+"): bounds = (1, nil)
    case UInt8(ascii: "?"): bounds = (0, 1)
    case UInt8(ascii: "{"): bounds = try counts()
    default: return tree
    }
    offset += 1
    let lazy = next == UInt8(ascii: "?")
    if lazy { offset += 1 }
    // Also keeps the tree as flat as the groups are.
    if let more = next, "*+?{".utf8.contains(more) { throw fail("a repetition of a repetition; put a group around it") }
    return .repeated(tree, min: bounds.min, max: bounds.max, lazy: lazy)
  }

  /// Reads `{m}`, `{m,}` or `{m,n}` up to its last brace.
  private mutating func counts() throws(PatternError) -> (min: Int, max: Int?) {
    offset += 1
    let least = try count()
    var most: Int? = least
    if next == UInt8(ascii: ",") {
      offset += 1
      most = next == UInt8(ascii: "}") ? nil : try count()
    }
    guard next == UInt8(ascii: "}") else { throw fail("a '{' without its '}'") }
    if let most, most < least { throw fail("a repetition whose end is below its start") }
    return (least, most)
  }

  private mutating func count() throws(PatternError) -> Int {
    var value = 0
    let start = offset
    while let byte = next, byte >= 0x30, byte <= 0x39 {
      value = value * 10 + Int(byte - 0x30)
      guard value <= Self.repeatMax else { throw fail("a repetition of more than \(Self.repeatMax)") }
      offset += 1
    }
    guard offset > start else { throw fail("a number was expected") }
    return value
  }

  // MARK: Compiling

  private mutating func emit(_ instruction: Pattern.Instruction) throws(PatternError) {
    guard output.count < Pattern.instructionsMax else {
      throw PatternError(offset: 0, reason: "the pattern is too large once its repetitions are written out")
    }
    output.append(instruction)
  }

  private mutating func emit(_ tree: Tree) throws(PatternError) {
    switch tree {
    case .empty: break
    case .set(let set): try emit(.byte(ignoresCase ? set.withoutCase : set))
    case .assertion(let assertion): try emit(assertion)
    case .sequence(let parts): for part in parts { try emit(part) }
    case .group(let inner, let captures):
      if captures { try emit(.save(0)) }
      try emit(inner)
      if captures { try emit(.save(1)) }
    case .either(let branches):
      var exits: [Int] = []
      for (number, branch) in branches.enumerated() {
        guard number < branches.count - 1 else {
          try emit(branch)
          break
        }
        let split = output.count
        try emit(.split(0, 0))
        try emit(branch)
        exits.append(output.count)
        try emit(.jump(0))
        output[split] = .split(split + 1, output.count)
      }
      for exit in exits { output[exit] = .jump(output.count) }
    case .repeated(let inner, let least, let most, let lazy):
      let before = output.count
      for _ in 0..<least {
        try emit(inner)
        // What writes out to nothing can be repeated a thousand times a thousand times.
        if output.count == before { return }
      }
      if let most {
        for _ in least..<most { try emitOptional(inner, lazy: lazy, loops: false) }
      } else {
        try emitOptional(inner, lazy: lazy, loops: true)
      }
    }
  }

  private mutating func emitOptional(_ inner: Tree, lazy: Bool, loops: Bool) throws(PatternError) {
    let split = output.count
    try emit(.split(0, 0))
    try emit(inner)
    if loops { try emit(.jump(split)) }
    output[split] = lazy ? .split(output.count, split + 1) : .split(split + 1, output.count)
  }
}
