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

  private static func isMarked(_ bytes: ByteSpan, _ run: Slice) -> Bool {
    for index in run.range {
      switch bytes[index] {
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "A"), UInt8(ascii: "a"),
        UInt8(ascii: "J"), UInt8(ascii: "0"), UInt8(ascii: "@"):
        if ends(bytes, run, index) { return true }
      default: continue
      }
    }
    return hasScheme(bytes, run.start)
  }

  /// Whether one of the marks ends at `index`.
  private static func ends(_ bytes: ByteSpan, _ run: Slice, _ index: Int) -> Bool {
    func before(_ distance: Int) -> UInt8 { index - distance >= run.start ? bytes[index - distance] : 0 }
    func follows(_ text: StaticString) -> Bool {
      let size = text.utf8CodeUnitCount
      guard index - size >= run.start else { return false }
      for place in 0..<size {
        if unsafe bytes[index - size + place] != text.utf8Start[place] { return false }
      }
      return true
    }
    switch bytes[index] {
    case UInt8(ascii: "-"):
      return follows("sk") || follows("glpat") || (before(2) == UInt8(ascii: "x") && before(3) == UInt8(ascii: "o"))
        || (follows("----") && before(5) >= 0x41 && before(5) <= 0x5a)
    case UInt8(ascii: "_"):
      return (before(2) == UInt8(ascii: "h") && before(3) == UInt8(ascii: "g"))
        || follows("_pat") || follows("phx") || follows("hf") || follows("npm") || follows("live") || follows("test")
    case UInt8(ascii: "."): return follows("SG") || follows("ya29")
    case UInt8(ascii: "A"): return follows("AKI") || follows("ASI")
    case UInt8(ascii: "a"): return follows("AIz")
    case UInt8(ascii: "J"): return follows("ey")
    case UInt8(ascii: "0"): return follows("\\u0")
    default:
      // A password in a URL: the slashes stand somewhere before the @.
      var place = index - 1
      while place > run.start {
        if bytes[place] == UInt8(ascii: "/") { return true }
        place -= 1
      }
      return false
    }
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
    case (UInt8(ascii: "r"), UInt8(ascii: "e"), UInt8(ascii: "r")): return true
    case (UInt8(ascii: "s"), UInt8(ascii: "i"), UInt8(ascii: "c")): return true
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
      if bytes[place] == UInt8(ascii: "-"), bytes[place - 4] == UInt8(ascii: "-") { return true }
      place -= 1
    }
    return false
  }
}
