package import Bytes

/// The words of a line on their way into the miner's memory, some of them taken out perhaps.
struct WordKey: Sendable {
  struct Word: Sendable {
    var hash: UInt64
    /// Its place among the scanned line's words.
    var index: Int
    /// It looks like a value: capitals, digits or punctuation inside.
    var looksVariable: Bool
    /// It says that a name follows: `user`, `host`.
    var announcesName: Bool
  }

  var words: [Word]
  /// Variable values in front of each word, and behind the last.
  var gaps: [UInt16]
  /// Of all words, before it is finished.
  private var hash: UInt64

  init(_ scanner: borrowing LineScanner, _ bytes: ByteSpan) {
    words = []
    words.reserveCapacity(scanner.wordCount)
    gaps = []
    gaps.reserveCapacity(scanner.wordCount + 1)
    for index in 0..<scanner.wordCount {
      let word = scanner.words[index]
      let slice = Slice(offset: word.start, count: UInt32(word.count))
      words.append(
        Word(
          hash: scanner.prefixes[index + 1] &- scanner.prefixes[index] &* LineScanner.base, index: index,
          looksVariable: Self.looksVariable(word.kind, bytes, slice),
          announcesName: word.kind == .plain && Self.announcesName(bytes, slice)))
      gaps.append(scanner.gaps[index])
    }
    gaps.append(scanner.gaps[scanner.wordCount])
    hash = scanner.prefixes[scanner.wordCount]
  }

  var id: PatternID { LineScanner.id(hash, words.count) }

  /// How many variable values stand where word `index` stands, if it is one itself.
  func gap(without index: Int) -> UInt16 { gaps[index] &+ gaps[index + 1] }

  /// The ids of the key without each of its words.
  func shorterIDs() -> [PatternID] {
    var found: [PatternID] = []
    found.reserveCapacity(words.count)
    // What stands behind a word keeps its part in the hash; what stands before it moves by one place.
    var before: UInt64 = 0
    var places = [UInt64](repeating: 1, count: words.count)
    for index in words.indices.dropLast().reversed() { places[index] = places[index + 1] &* LineScanner.base }
    for (index, word) in words.enumerated() {
      let through = LineScanner.appending(word.hash, to: before)
      found.append(LineScanner.id(hash &+ (before &- through) &* places[index], words.count - 1))
      before = through
    }
    return found
  }

  /// The key without one word, whose place has at least one value of its own.
  func removing(_ index: Int) -> WordKey {
    var shorter = self
    let gap = gap(without: index) &+ 1
    shorter.words.remove(at: index)
    shorter.gaps.remove(at: index)
    shorter.gaps[index] = gap
    shorter.hash = shorter.words.reduce(0) { LineScanner.appending($1.hash, to: $0) }
    return shorter
  }

  /// `<*>` stands for values. Longer ones are cut.
  func template(_ scanner: borrowing LineScanner, _ bytes: ByteSpan) -> [UInt8] {
    var text: [UInt8] = []
    let cut = PatternMiner.templateBytesMax - 3
    for (place, word) in words.enumerated() {
      Self.separate(&text, gaps[place] > 0)
      scanner.append(word.index, bytes, to: &text)
      if text.count > cut { return text.prefix(cut) + Array("...".utf8) }
    }
    if gaps[words.count] > 0 { Self.separate(&text, true) }
    while text.last == UInt8(ascii: " ") { text.removeLast() }
    return text
  }

  private static func separate(_ text: inout [UInt8], _ hasValue: Bool) {
    if !text.isEmpty { text.append(UInt8(ascii: " ")) }
    if hasValue { text += Array("<*> ".utf8) }
  }

  private static func announcesName(_ bytes: ByteSpan, _ slice: Slice) -> Bool {
    KnownWords.owners.contains(KnownWords.packed(bytes, slice.start, slice.end))
  }

  private static func looksVariable(_ kind: LineScanner.Word.Kind, _ bytes: ByteSpan, _ slice: Slice) -> Bool {
    switch kind {
    case .whole: return false
    case .numbered, .quoted: return true
    case .plain: break
    }
    var wasLower = false
    for (place, index) in slice.range.enumerated() {
      let byte = bytes[index]
      let isUpper = 0x41...0x5a ~= byte
      if isUpper, wasLower { return true }
      if isUpper, place == 1, 0x41...0x5a ~= bytes[slice.start] { return true }
      wasLower = 0x61...0x7a ~= byte
      switch byte {
      case 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "#"),
        UInt8(ascii: "/"), UInt8(ascii: "$"), UInt8(ascii: "@"):
        return true
      default: continue
      }
    }
    return false
  }
}

extension LineScanner {
  /// How a line is shown that nothing else is known of.
  package mutating func template(of bytes: ByteSpan, _ slice: Slice) -> [UInt8] {
    scan(bytes, slice)
    return WordKey(self, bytes).template(self, bytes)
  }

  /// A word as it is shown: one line, without what would move a terminal's cursor.
  func append(_ index: Int, _ bytes: ByteSpan, to text: inout [UInt8]) {
    let word = words[index]
    if word.kind == .quoted { text.append(UInt8(ascii: "\"")) }
    for place in Int(word.start)..<Int(word.start) + Int(word.count) {
      text.append(bytes[place] < 0x20 || bytes[place] == 0x7f ? UInt8(ascii: " ") : bytes[place])
    }
    if word.kind == .numbered { text.append(UInt8(ascii: "#")) }
    if word.kind == .quoted { text.append(UInt8(ascii: "\"")) }
  }
}
