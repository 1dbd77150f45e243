package import Bytes

/// The constant words of one line of text, and how many variable values stand in the gaps between them. It knows nothing of
/// other lines: the same line gives the same words everywhere.
///
/// One pass over the bytes and no allocation. A token ends at white space or one of `=:,;()[]{}<>"'|`; numbers, ids,
/// addresses, paths and the like are variable, what is left of letters is a word.
package struct LineScanner: Sendable {
  /// What is read of a line: the variable part of most that are longer is at their end, and the cost has a bound.
  package static let bytesMax = 2_048
  /// Words that tell lines apart; a text that begins with as many equal ones is of one kind.
  package static let wordsMax = 48
  /// What may stand between quotes and still count as one word.
  static let quotedBytesMax = 80

  struct Word: Sendable {
    enum Kind: UInt8, Sendable {
      case plain
      /// Letters before one or two digits, which are left out: `en0`, `an15`.
      case numbered
      /// Words between quotes.
      case quoted
      /// Given by the caller as it is.
      case whole
    }
    var start: UInt32 = 0
    var count: UInt16 = 0
    var kind = Kind.plain
  }

  private(set) var words = InlineArray<48, Word>(repeating: Word())
  /// The hash of the first so many words; a polynomial, so that one word can be taken out of it.
  private(set) var prefixes = InlineArray<49, UInt64>(repeating: 0)
  /// Variable values before the first word, between words, and behind the last.
  private(set) var gaps = InlineArray<49, UInt16>(repeating: 0)
  private(set) var wordCount = 0

  private let classes = ByteClass.table
  private var variables: UInt16 = 0
  /// The last token was a number, so that the next one may be its unit.
  private var followsNumber = false
  /// Before this place no address begins: one that was tried from further left ended there.
  private var addressesFrom = 0
  private var end = 0

  package init() {}

  /// The id of the line's words, without regard to their neighbours in other lines.
  package var id: PatternID { Self.id(prefixes[wordCount], wordCount) }

  static func id(_ hash: UInt64, _ count: Int) -> PatternID {
    PatternID(PatternHash.mix(hash, UInt64(truncatingIfNeeded: count)))
  }

  /// The next word's part in the hash of all before it.
  @inline(__always) static func appending(_ word: UInt64, to hash: UInt64) -> UInt64 { hash &* base &+ word }

  /// Odd, so that no word loses bits.
  static let base: UInt64 = 0x9e37_79b9_7f4a_7c15

  /// Reads the text of `slice`. Its first `whole` bytes, at most a word's room, are one word whatever they are.
  package mutating func scan(_ bytes: ByteSpan, _ slice: Slice, whole: Int = 0) {
    precondition(slice.end <= bytes.count)
    wordCount = 0
    variables = 0
    followsNumber = false
    addressesFrom = 0
    end = min(slice.end, slice.start &+ Self.bytesMax)
    var index = slice.start
    if whole > 0 {
      let size = min(whole, end &- index)
      emit(bytes, index, size, .whole)
      index &+= size
    }
    while index < end, wordCount < Self.wordsMax {
      let byte = at(bytes, index)
      let kind = classOf(byte)
      if kind & ByteClass.separator != 0 {
        index = byte == UInt8(ascii: "\"") ? quoted(bytes, index) : index &+ 1
        continue
      }
      if kind & ByteClass.hex != 0, index >= addressesFrom, let next = address(bytes, index) {
        countVariable()
        index = next
      } else if beginsPath(bytes, index, byte, kind) {
        countVariable()
        index = pathEnd(bytes, index)
      } else {
        index = token(bytes, index)
      }
    }
    gaps[wordCount] = variables
  }

  @inline(__always) private func at(_ bytes: ByteSpan, _ index: Int) -> UInt8 { unsafe bytes[unchecked: index] }

  @inline(__always) private func classOf(_ byte: UInt8) -> UInt8 { classes[Int(byte)] }

  /// The byte at `index`, 0 behind the end.
  @inline(__always) private func peek(_ bytes: ByteSpan, _ index: Int) -> UInt8 {
    index < end ? at(bytes, index) : 0
  }

  @inline(__always) private mutating func countVariable() {
    variables &+= 1
    followsNumber = false
  }

  @inline(__always) private mutating func emit(_ bytes: ByteSpan, _ start: Int, _ count: Int, _ kind: Word.Kind) {
    let hash = PatternHash.text(bytes, start, count, tag: UInt64(kind.rawValue))
    prefixes[wordCount &+ 1] = Self.appending(hash, to: prefixes[wordCount])
    gaps[wordCount] = variables
    words[wordCount] = Word(
      start: UInt32(truncatingIfNeeded: start), count: UInt16(truncatingIfNeeded: count), kind: kind)
    wordCount &+= 1
    variables = 0
    followsNumber = false
  }

  // MARK: tokens

  /// Reads the token at `start`, and returns where the next one may begin.
  @inline(__always) private mutating func token(_ bytes: ByteSpan, _ start: Int) -> Int {
    var index = start
    var seen: UInt8 = 0
    var common: UInt8 = 0xff
    var dots = 0
    var slashes = 0
    while index < end {
      let byte = at(bytes, index)
      let kind = classOf(byte)
      if kind & (ByteClass.separator | ByteClass.mark) != 0 {
        if kind & ByteClass.separator != 0 { break }
        if byte == UInt8(ascii: ".") {
          if peek(bytes, index &+ 1) == byte { break }
          dots &+= 1
        } else if byte == UInt8(ascii: "/") {
          slashes &+= 1
        } else {
          seen |= ByteClass.mark
        }
      }
      seen |= kind & ~ByteClass.mark
      common &= kind
      index &+= 1
    }
    if index == start { return dotsEnd(bytes, index) }
    let next = peek(bytes, index)
    if next == UInt8(ascii: ":"), peek(bytes, index &+ 1) == UInt8(ascii: "/"),
      peek(bytes, index &+ 2) == UInt8(ascii: "/")
    {
      countVariable()
      return addressEnd(bytes, index)
    }
    if next == UInt8(ascii: "(") || next == UInt8(ascii: "["), let after = numberInBrackets(bytes, index) {
      countVariable()
      return after
    }
    var first = start
    var last = index
    while first < last, classOf(at(bytes, first)) & ByteClass.trimmed != 0 { first &+= 1 }
    while first < last, classOf(at(bytes, last &- 1)) & ByteClass.trimmed != 0 { last &-= 1 }
    if next == UInt8(ascii: ".") { index = dotsEnd(bytes, index) }
    if first == last { return index }
    let hasLetters = seen & ByteClass.letter != 0
    if hasLetters, seen & ByteClass.mark != 0 {
      countVariable()
    } else if dots > 0, hasLetters, seen & ByteClass.upper == 0, isPort(bytes, index) {
      countVariable()
    } else if slashes > 1 || slashes > 0 && dots > 0 {
      countVariable()
    } else if seen & ByteClass.digit != 0 {
      if hasLetters {
        lettersAndDigits(bytes, first, last)
      } else {
        countVariable()
        followsNumber = true
      }
    } else if hasLetters, !isVariable(bytes, start, first, last, index, isHex: common & ByteClass.hex != 0) {
      emit(bytes, first, last &- first, .plain)
    }
    return index
  }

  private mutating func lettersAndDigits(_ bytes: ByteSpan, _ first: Int, _ last: Int) {
    if KnownWords.names.contains(KnownWords.packed(bytes, first, last)) {
      return emit(bytes, first, last &- first, .plain)
    }
    var index = first
    while index < last, classOf(at(bytes, index)) & ByteClass.letter != 0, at(bytes, index) < 0x80 { index &+= 1 }
    let letters = index &- first
    while index < last, classOf(at(bytes, index)) & ByteClass.digit != 0 { index &+= 1 }
    guard index == last, letters >= 2, last &- first &- letters <= 2 else { return countVariable() }
    if wordCount > 0 {
      // A list of them, `an14 an15 an16`, is one word.
      let before = words[wordCount &- 1]
      if before.kind == .numbered,
        bytes.equals(
          Slice(offset: before.start, count: UInt32(before.count)), bytes, Slice(first, first &+ letters))
      {
        return
      }
    }
    emit(bytes, first, letters, .numbered)
  }

  /// Letters that are part of a value: the unit of a number, a hash without digits, a day or a month of a date.
  @inline(__always) private mutating func isVariable(
    _ bytes: ByteSpan, _ start: Int, _ first: Int, _ last: Int, _ index: Int, isHex: Bool
  ) -> Bool {
    let count = last &- first
    let mayBeUnit = followsNumber && at(bytes, start &- 1) == UInt8(ascii: " ")
    if mayBeUnit, KnownWords.units.contains(KnownWords.packed(bytes, first, last)) {
      followsNumber = false
      return true
    }
    if isHex, count == 8 || count == 16 || count == 32 {
      countVariable()
      return true
    }
    if count == 3, isDayOrMonth(bytes, first, index) || mayBeUnit && isTimeZone(bytes, first, last) {
      followsNumber = false
      return true
    }
    if count == 4, mayBeUnit, isTimeZone(bytes, first, last) {
      followsNumber = false
      return true
    }
    return false
  }

  /// A day's name before a month's, or a month's before a number; `index` is behind the word.
  @inline(__always) private func isDayOrMonth(_ bytes: ByteSpan, _ first: Int, _ index: Int) -> Bool {
    let word = threeLetters(bytes, first)
    if KnownWords.days.contains(word) {
      var next = index
      while peek(bytes, next) == UInt8(ascii: " ") || peek(bytes, next) == UInt8(ascii: ",") { next &+= 1 }
      var after = next
      while after < end, classOf(at(bytes, after)) & ByteClass.letter != 0 { after &+= 1 }
      if 3...9 ~= after &- next, KnownWords.months.contains(threeLetters(bytes, next)) { return true }
    }
    if KnownWords.months.contains(word) {
      var next = index
      while peek(bytes, next) == UInt8(ascii: " ") { next &+= 1 }
      return classOf(peek(bytes, next)) & ByteClass.digit != 0
    }
    return false
  }

  /// `UTC`, `CEST`: capitals that end in a T would be too many, so only those that end so behind a number.
  private func isTimeZone(_ bytes: ByteSpan, _ first: Int, _ last: Int) -> Bool {
    guard at(bytes, last &- 1) == UInt8(ascii: "T") else { return false }
    for index in first..<last where !(0x41...0x5a ~= at(bytes, index)) { return false }
    return true
  }

  /// Three bytes as `KnownWords` has them.
  @inline(__always) private func threeLetters(_ bytes: ByteSpan, _ first: Int) -> UInt64 {
    UInt64(at(bytes, first) | 0x20) << 16 | UInt64(at(bytes, first &+ 1) | 0x20) << 8
      | UInt64(at(bytes, first &+ 2) | 0x20)
  }

}

// MARK: what is more than one token

extension LineScanner {
  /// Words without digits between quotes are one word, and nothing between them is a value; anything else is read on.
  private mutating func quoted(_ bytes: ByteSpan, _ quote: Int) -> Int {
    var index = quote &+ 1
    var isText = false
    var hasValue = false
    while index < end, index &- quote < Self.quotedBytesMax &+ 2 {
      let byte = at(bytes, index)
      if byte == UInt8(ascii: "\"") { break }
      let kind = classOf(byte)
      if kind & ByteClass.digit != 0 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") { hasValue = true }
      if kind & ByteClass.letter != 0 { isText = true }
      index &+= 1
    }
    guard peek(bytes, index) == UInt8(ascii: "\"") else { return quote &+ 1 }
    if hasValue { return quote &+ 1 }
    if isText {
      emit(bytes, quote &+ 1, index &- quote &- 1, .quoted)
    } else {
      countVariable()
    }
    return index &+ 1
  }

  /// Behind a hardware or IPv6 address: three or more groups of up to four hexadecimal digits, joined by colons.
  private mutating func address(_ bytes: ByteSpan, _ start: Int) -> Int? {
    var index = start
    var groups = 0
    var colons = 0
    var hasDigit = false
    while index < end {
      let first = index
      while index < end, index &- first < 5 {
        let kind = classOf(at(bytes, index))
        guard kind & ByteClass.hex != 0 else { break }
        if kind & ByteClass.digit != 0 { hasDigit = true }
        index &+= 1
      }
      if index &- first == 5 { break }
      if index > first { groups &+= 1 }
      guard peek(bytes, index) == UInt8(ascii: ":") else { break }
      colons &+= 1
      index &+= 1
      if peek(bytes, index) == UInt8(ascii: ":") {
        colons &+= 1
        index &+= 1
      }
    }
    if colons >= 3, hasDigit, groups >= 2,
      classOf(peek(bytes, index)) & (ByteClass.letter | ByteClass.digit) == 0
    {
      return index
    }
    // Those that begin further right have fewer groups and the same end.
    addressesFrom = index
    return nil
  }

  @inline(__always) private func beginsPath(_ bytes: ByteSpan, _ index: Int, _ byte: UInt8, _ kind: UInt8) -> Bool {
    let slash = UInt8(ascii: "/")
    let backslash = UInt8(ascii: "\\")
    if byte == slash || byte == backslash { return true }
    let next = peek(bytes, index &+ 1)
    if byte == UInt8(ascii: ".") {
      return next == slash || next == UInt8(ascii: ".") && peek(bytes, index &+ 2) == slash
    }
    guard next == UInt8(ascii: ":"), kind & ByteClass.letter != 0 else { return false }
    // A drive's letter; two slashes would be an address.
    let third = peek(bytes, index &+ 2)
    return third == backslash || third == slash && index &+ 3 < end && at(bytes, index &+ 3) != slash
  }

  private func pathEnd(_ bytes: ByteSpan, _ start: Int) -> Int {
    var index = start
    while index < end {
      let byte = at(bytes, index)
      if classOf(byte) & ByteClass.white != 0 { break }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "|"),
        UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        return index
      default: index &+= 1
      }
    }
    return index
  }

  /// Behind `scheme://…`; `start` is on the colon.
  private func addressEnd(_ bytes: ByteSpan, _ start: Int) -> Int {
    var index = start
    while index < end {
      let byte = at(bytes, index)
      if classOf(byte) & ByteClass.white != 0 { break }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ")"),
        UInt8(ascii: "]"), UInt8(ascii: "}"):
        return index
      default: index &+= 1
      }
    }
    return index
  }

  /// Behind `(123)` or `[123]`, which makes a value of the name before it.
  private func numberInBrackets(_ bytes: ByteSpan, _ bracket: Int) -> Int? {
    var index = bracket &+ 1
    while index < end, classOf(at(bytes, index)) & ByteClass.digit != 0 { index &+= 1 }
    guard index > bracket &+ 1 else { return nil }
    let close = peek(bytes, index)
    return close == UInt8(ascii: ")") || close == UInt8(ascii: "]") ? index &+ 1 : nil
  }

  /// A colon and two digits.
  private func isPort(_ bytes: ByteSpan, _ index: Int) -> Bool {
    peek(bytes, index) == UInt8(ascii: ":") && classOf(peek(bytes, index &+ 1)) & ByteClass.digit != 0
      && classOf(peek(bytes, index &+ 2)) & ByteClass.digit != 0
  }

  private func dotsEnd(_ bytes: ByteSpan, _ start: Int) -> Int {
    var index = start
    while peek(bytes, index) == UInt8(ascii: ".") { index &+= 1 }
    return index
  }
}
