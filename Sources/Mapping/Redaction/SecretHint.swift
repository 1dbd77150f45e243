import Bytes

/// Tells cheaply that an event holds no key and no token, as nearly all hold none: what the detectors of `keys` and `jwt`
/// find is always in, or is, a run that `LongRuns` finds, and has one of these marks in it or before it.
///
/// It reads the JSON as it stands, or the text that a JSON string means. The JSON's writer leaves no escape where a plain
/// character would do, so that nothing hides behind escapes; text that was escaped twice counts as a hint by itself.
enum SecretHint {
  static func isIn(_ bytes: ByteSpan, _ slice: Slice) -> Bool {
    var runs = LongRuns(slice)
    while let run = runs.next(bytes) {
      if isMarked(bytes, run) { return true }
    }
    return false
  }

  /// Where detectors must begin, from left to right: the runs that hint at a key or token, and the first
  /// lines of private keys too, which may stand far before theirs.
  static func all(in bytes: ByteSpan, _ slice: Slice) -> [Slice] {
    var found: [Slice] = []
    add(bytes, slice, to: &found)
    addTitles(bytes, slice, to: &found)
    return found
  }

  static func add(_ bytes: ByteSpan, _ slice: Slice, to found: inout [Slice]) {
    var runs = LongRuns(slice)
    while let run = runs.next(bytes) {
      if isMarked(bytes, run) { found.append(run) }
    }
  }

  /// Adds where private keys begin. Of five hyphens one stands at each fifth place.
  static func addTitles(_ bytes: ByteSpan, _ slice: Slice, to found: inout [Slice]) {
    let before = found.count
    var place = slice.start + 4
    while place < slice.end {
      guard bytes[place] == UInt8(ascii: "-") else {
        place += 5
        continue
      }
      var (first, last) = (place, place + 1)
      while first > slice.start, bytes[first - 1] == UInt8(ascii: "-") { first -= 1 }
      while last < slice.end, bytes[last] == UInt8(ascii: "-") { last += 1 }
      if last - first >= 5, last + 1 < slice.end, bytes[last] == UInt8(ascii: "B"), bytes[last + 1] == UInt8(ascii: "E")
      {
        found.append(Slice(first, last))
      }
      place = last + 4
    }
    if found.count > before { found.sort { $0.start < $1.start } }
  }

  /// How far before its run a key may begin: `Bearer` and eight blanks.
  static let beforeMax = 14
  private static let titleMax = 256

  /// After each mark follow sixteen bytes at least, but for the `@` of a URL. Looks at eight bytes at a time, and closer
  /// only where a mark may end.
  private static func isMarked(_ bytes: ByteSpan, _ run: Slice) -> Bool {
    precondition(run.count >= LongRuns.least && run.end <= bytes.count)
    let marksEnd = run.end &- 16
    var place = run.start
    // No slash stands before it: a run of many @ is searched once.
    var slashless = run.start
    while place < marksEnd {
      var marks = unsafe markEnds(UInt64(littleEndian: bytes.uncheckedWord(place)))
      while marks != 0 {
        let index = place &+ marks.trailingZeroBitCount &>> 3
        if index >= marksEnd { break }
        if bytes[index] == UInt8(ascii: "@") {
          if hasSlash(bytes, Slice(slashless, index)) { return true }
          slashless = index
        } else if isMark(bytes, run.start, index) {
          return true
        }
        marks &= marks &- 1
      }
      place &+= 8
    }
    if hasAt(bytes.word(at: marksEnd)) || hasAt(bytes.word(at: marksEnd + 8)),
      hasSlash(bytes, Slice(slashless, run.end))
    {
      return true
    }
    return hasScheme(bytes, run.start)
  }

  /// The highest bit of each byte that is one of `-` `.` `@` `A` `J` `\` `_` `z`; all bytes are ASCII, as in a run.
  @inline(__always) private static func markEnds(_ word: UInt64) -> UInt64 {
    /// The highest bit of each byte stays 0 only where it is this one.
    func others(_ word: UInt64, _ byte: UInt64) -> UInt64 {
      (word ^ byte &* 0x0101_0101_0101_0101) &+ 0x7f7f_7f7f_7f7f_7f7f
    }
    let even: UInt64 = 0x7e7e_7e7e_7e7e_7e7e
    let none =
      others((word &+ 0x0101_0101_0101_0101) & even, 0x2e) & others(word & even, 0x40) & others(word, 0x4a)
      & others(word, 0x5c) & others(word, 0x5f) & others(word, 0x7a)
    return ~none & 0x8080_8080_8080_8080
  }

  private static func isMark(_ bytes: ByteSpan, _ start: Int, _ index: Int) -> Bool {
    switch bytes[index] {
    case UInt8(ascii: "\\"):
      bytes[index + 1] == UInt8(ascii: "u") && bytes[index + 2] == 0x30 && bytes[index + 3] == 0x30
    default: endsMark(bytes, start, index)
    }
  }

  @inline(__always) private static func hasAt(_ word: UInt64) -> Bool {
    let flipped = word ^ 0x4040_4040_4040_4040
    return (flipped &- 0x0101_0101_0101_0101) & ~flipped & 0x8080_8080_8080_8080 != 0
  }

  /// A password in a URL: its slashes stand somewhere before the @.
  private static func hasSlash(_ bytes: ByteSpan, _ run: Slice) -> Bool {
    run.range.contains { bytes[$0] == UInt8(ascii: "/") }
  }

  /// Whether one of the marks ends at `index`, where its last byte stands.
  private static func endsMark(_ bytes: ByteSpan, _ start: Int, _ index: Int) -> Bool {
    guard index >= start + 2 else { return false }
    // The byte so many before; 0 where the run had not begun.
    func before(_ count: Int) -> UInt8 { index - count >= start ? bytes[index - count] : 0 }
    let (two, one) = (bytes[index - 2], bytes[index - 1])
    switch bytes[index] {
    case UInt8(ascii: "-"):
      switch (before(3), two, one) {
      // Inside "task-" no key begins; behind an escape such as \n or \u2028 one may.
      case (let edge, UInt8(ascii: "s"), UInt8(ascii: "k")):
        return !isWordPart(edge) || (4...8).contains { before($0) == UInt8(ascii: "\\") }
      case (UInt8(ascii: "p"), UInt8(ascii: "a"), UInt8(ascii: "t")): return before(4) == UInt8(ascii: "l")
      case (UInt8(ascii: "o"), UInt8(ascii: "x"), _): return before(4) == UInt8(ascii: "x")
      case (UInt8(ascii: "-"), UInt8(ascii: "-"), UInt8(ascii: "-")): return bytes[index + 1] != UInt8(ascii: "-")
      default: return false
      }
    case UInt8(ascii: "_"):
      switch one {
      case UInt8(ascii: "p"), UInt8(ascii: "o"), UInt8(ascii: "u"), UInt8(ascii: "r"), UInt8(ascii: "s"):
        return two == UInt8(ascii: "h") && before(3) == UInt8(ascii: "g")
      // github_pat_, sk_test_ and rk_test_, sk_live_ and rk_live_.
      case UInt8(ascii: "t"):
        return two == UInt8(ascii: "a") && before(3) == UInt8(ascii: "p") && before(5) == UInt8(ascii: "b")
          || two == UInt8(ascii: "s") && before(5) == UInt8(ascii: "_") && before(6) == UInt8(ascii: "k")
      case UInt8(ascii: "e"): return two == UInt8(ascii: "v") && before(6) == UInt8(ascii: "k")
      case UInt8(ascii: "x"): return two == UInt8(ascii: "h") && before(3) == UInt8(ascii: "p")
      case UInt8(ascii: "f"): return two == UInt8(ascii: "h")
      case UInt8(ascii: "m"): return two == UInt8(ascii: "p") && before(3) == UInt8(ascii: "n")
      default: return false
      }
    case UInt8(ascii: "."):
      return two == UInt8(ascii: "S") && one == UInt8(ascii: "G")
        || before(3) == UInt8(ascii: "a") && two == UInt8(ascii: "2") && one == UInt8(ascii: "9")
    case UInt8(ascii: "A"): return one == UInt8(ascii: "I") && (two == UInt8(ascii: "K") || two == UInt8(ascii: "S"))
    case UInt8(ascii: "J"): return one == UInt8(ascii: "y") && two == UInt8(ascii: "e")
    default: return one == UInt8(ascii: "I") && two == UInt8(ascii: "A")
    }
  }

  private static func isWordPart(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || (byte >= 0x30 && byte <= 0x39)
  }

  /// Whether `Bearer`, `Basic` or the beginning of a private key stands before the run.
  private static func hasScheme(_ bytes: ByteSpan, _ start: Int) -> Bool {
    var place = start - 1
    var blanks = 0
    while place >= 4, bytes[place] == 0x20, blanks < 8 {
      place -= 1
      blanks += 1
    }
    guard place >= 4, blanks > 0 else { return false }
    switch (bytes[place - 2] | 0x20, bytes[place - 1] | 0x20, bytes[place] | 0x20) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e"), UInt8(ascii: "r")): return bytes[place - 3] | 0x20 == UInt8(ascii: "a")
    case (UInt8(ascii: "s"), UInt8(ascii: "i"), UInt8(ascii: "c")): return bytes[place - 4] | 0x20 == UInt8(ascii: "b")
    case (_, UInt8(ascii: "-"), UInt8(ascii: "-")): return true
    case (_, UInt8(ascii: "\\") | 0x20, UInt8(ascii: "n")), (_, UInt8(ascii: "\\") | 0x20, UInt8(ascii: "r")),
      // The same unescaped, with the bit for lower case.
      (_, _, 0x0a | 0x20), (_, _, 0x0d | 0x20):
      return hasTitle(bytes, before: place)
    default: return false
    }
  }

  /// Whether the first line of a private key ends shortly before an indented line. Of five hyphens one stands at each
  /// fifth place.
  private static func hasTitle(_ bytes: ByteSpan, before end: Int) -> Bool {
    var place = end
    let least = max(4, end - titleMax)
    while place > least {
      if bytes[place] == UInt8(ascii: "-") {
        var (first, last) = (place, place)
        while first > 0, bytes[first - 1] == UInt8(ascii: "-"), place - first < 4 { first -= 1 }
        while last < end, bytes[last + 1] == UInt8(ascii: "-"), last - place < 4 { last += 1 }
        if last - first >= 4 { return true }
      }
      place -= 5
    }
    return false
  }
}
