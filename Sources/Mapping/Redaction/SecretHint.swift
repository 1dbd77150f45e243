import Bytes

/// Tells cheaply that an event holds no key and no token, as nearly all hold none: what the detectors of `keys` and `jwt`
/// find is always in, or is, a run that `LongRuns` finds, and has one of these marks in it or before it.
///
/// It reads the JSON as it stands. Its writer leaves no escape where a plain character would do, so that nothing hides
/// behind escapes; text that was escaped twice counts as a hint by itself.
enum SecretHint {
  static func isIn(_ bytes: ByteSpan, _ slice: Slice) -> Bool {
    var runs = LongRuns(slice)
    while let run = runs.next(bytes) {
      if isMarked(bytes, run) { return true }
    }
    return false
  }

  /// After each mark follow sixteen bytes at least, but for the `@` of a URL.
  private static func isMarked(_ bytes: ByteSpan, _ run: Slice) -> Bool {
    precondition(run.count >= LongRuns.least && run.end <= bytes.count)
    let marksEnd = run.end &- 16
    for index in run.start..<marksEnd {
      switch unsafe bytes[unchecked: index] {
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "A"), UInt8(ascii: "J"),
        UInt8(ascii: "z"):
        if endsMark(bytes, run.start, index) { return true }
      case UInt8(ascii: "\\"):
        if bytes[index + 1] == UInt8(ascii: "u"), bytes[index + 2] == 0x30, bytes[index + 3] == 0x30 { return true }
      case UInt8(ascii: "@"):
        if hasSlash(bytes, Slice(run.start, index)) { return true }
      default: continue
      }
    }
    if hasAt(bytes.word(at: marksEnd)) || hasAt(bytes.word(at: marksEnd + 8)), hasSlash(bytes, run) { return true }
    return hasScheme(bytes, run.start)
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
    while place >= 6, bytes[place] == 0x20, blanks < 8 {
      place -= 1
      blanks += 1
    }
    guard place >= 6, blanks > 0 else { return false }
    switch (bytes[place - 2] | 0x20, bytes[place - 1] | 0x20, bytes[place] | 0x20) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e"), UInt8(ascii: "r")): return bytes[place - 3] | 0x20 == UInt8(ascii: "a")
    case (UInt8(ascii: "s"), UInt8(ascii: "i"), UInt8(ascii: "c")): return bytes[place - 4] | 0x20 == UInt8(ascii: "b")
    case (_, UInt8(ascii: "-"), UInt8(ascii: "-")): return true
    case (_, UInt8(ascii: "\\") | 0x20, UInt8(ascii: "n")), (_, UInt8(ascii: "\\") | 0x20, UInt8(ascii: "r")):
      return hasTitle(bytes, before: place)
    default: return false
    }
  }

  /// Whether the first line of a private key ends shortly before an indented line.
  private static func hasTitle(_ bytes: ByteSpan, before end: Int) -> Bool {
    var place = end
    let least = max(4, end - 256)
    while place > least {
      if bytes[place] == UInt8(ascii: "-"), (1...4).allSatisfy({ bytes[place - $0] == UInt8(ascii: "-") }) {
        return true
      }
      place -= 1
    }
    return false
  }
}
