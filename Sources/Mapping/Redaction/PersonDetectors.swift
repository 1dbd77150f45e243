/// E-mail addresses: a local part and a domain whose last label is letters (so `pkg@1.2.3` and `@handle` are none), as
/// text or with `%40` as in URLs. `git@github.com` is one. ASCII only: words of other scripts stand beside addresses
/// without a blank, and would be taken along.
extension PresetScan {
  mutating func findEmail(at index: Int) {
    let isEscaped = text[index] == UInt8(ascii: "%")
    if isEscaped, !begins(index, Array("%40".utf8)) { return }
    var start = index
    // 64 characters: RFC 5321, section 4.5.3.1.1.
    while start > 0, index - start < 64, Self.local.contains(text[start - 1]) { start -= 1 }
    steps += index - start
    // A letter that is itself part of an escape (`\n`) is none of the address.
    if has(start - 1, Self.backslashes), has(start, TextClass.escapes), start + 1 < index { start += 1 }
    while start < index, !TextClass.alphanumeric.contains(text[start]) { start += 1 }
    guard start < index, let end = domainEnd(index + (isEscaped ? 3 : 1)) else { return }
    add(start, end, .email)
  }

  private mutating func domainEnd(_ start: Int) -> Int? {
    // 253 characters: RFC 1035.
    let limit = run(start, Self.domain, limit: 253)
    var end: Int?
    var label = start
    var hasLetter = false
    for index in start...limit {
      if index < limit, text[index] != UInt8(ascii: ".") { continue }
      if label == index { break }
      let isLetters = text[label..<index].allSatisfy { TextClass.letter.contains($0) }
      // In "lodash@4.17.21.tgz" the label before the last has no letter.
      if label > start, isLetters, index - label >= 2, hasLetter { end = index }
      hasLetter = text[label..<index].contains { TextClass.letter.contains($0) }
      label = index + 1
    }
    return end
  }

  private static let local = TextClass.alphanumeric.union(ByteSet { "._%+-'".utf8.contains($0) })
  private static let domain = TextClass.alphanumeric.union(ByteSet { ".-".utf8.contains($0) })
  private static let backslashes = ByteSet { $0 == UInt8(ascii: "\\") }
}

/// Telephone numbers: international ones with their `+`, and North American ones with separators. Digits alone are ids
/// and times more often than numbers, and other national formats cannot be told from dates and ranges: they stay.
extension PresetScan {
  mutating func findPhone(at index: Int) {
    guard index >= phoneDone else { return }
    let isInternational = text[index] == UInt8(ascii: "+")
    guard isEdge(index, isInternational ? Self.beforePlus : Self.beforeDigits) else { return }
    guard let end = isInternational ? international(index) : northAmerican(index) else { return }
    phoneDone = end
    add(index, end, .phone)
  }

  /// `+`, then 8 to 15 digits (ITU-T E.164) with single separators.
  private mutating func international(_ start: Int) -> Int? {
    guard has(start + 1, TextClass.digit), text[start + 1] != UInt8(ascii: "0") else { return nil }
    var digits = 0
    /// Behind the last digit, and behind the last group of digits that makes a number.
    var end = start + 1
    var number: Int?
    var index = start + 1
    while index < text.count, index - start < 32, digits <= 15 {
      if TextClass.digit.contains(text[index]) {
        digits += 1
        end = index + 1
      } else {
        guard Self.separator.contains(text[index]) else { break }
        // ") " is the one pair that is usual.
        guard index == end || text[index] == UInt8(ascii: "(") || text[index - 1] == UInt8(ascii: ")") else { break }
        if (8...15).contains(digits) { number = end }
      }
      index += 1
    }
    steps += index - start
    if (8...15).contains(digits), !has(end, TextClass.word) { number = end }
    return number
  }

  /// `(212) 555-0100`, `212-555-0100`, `212.555.0100`, `1-212-555-0100`.
  private mutating func northAmerican(_ start: Int) -> Int? {
    steps += 18
    var index = start
    if has(index, Self.one), has(index + 1, Self.mark) { index += 2 }
    let isOpen = has(index, Self.open)
    if isOpen { index += 1 }
    guard digits(index, 3), has(index, Self.areaStart) else { return nil }
    index += 3
    if isOpen {
      guard has(index, Self.close) else { return nil }
      index += has(index + 1, Self.mark) ? 2 : 1
    } else {
      guard has(index, Self.mark) else { return nil }
      index += 1
    }
    guard digits(index, 3), has(index + 3, Self.mark), digits(index + 4, 4) else { return nil }
    let end = index + 8
    return has(end, TextClass.alphanumeric) || (has(end, Self.mark) && has(end + 1, TextClass.digit)) ? nil : end
  }

  private func digits(_ start: Int, _ count: Int) -> Bool {
    (start..<start + count).allSatisfy { has($0, TextClass.digit) }
  }

  private static let one = ByteSet { $0 == UInt8(ascii: "1") }
  private static let open = ByteSet { $0 == UInt8(ascii: "(") }
  private static let close = ByteSet { $0 == UInt8(ascii: ")") }
  private static let mark = ByteSet { " .-".utf8.contains($0) }
  private static let separator = ByteSet { " .-()".utf8.contains($0) }
  private static let areaStart = ByteSet { $0 >= 0x32 && $0 <= 0x39 }
  private static let beforePlus = TextClass.word.union(ByteSet { $0 == UInt8(ascii: "+") })
  /// What makes digits the middle of something else: ids, hashes, decimals, ranges.
  static let beforeDigits = TextClass.word.union(ByteSet { "+-./".utf8.contains($0) })
}
