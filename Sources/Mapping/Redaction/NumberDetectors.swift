/// Payment cards: 13 to 19 digits with single blanks or hyphens, the first one that of a card scheme (so no time in
/// milliseconds or nanoseconds of this century), and the check digit right (Luhn). One in ten random numbers of that form
/// passes; numbers inside ids, decimals and hexadecimal text do not count.
extension PresetScan {
  mutating func findCard(at index: Int) {
    guard (UInt8(ascii: "2")...UInt8(ascii: "6")).contains(text[index]), isEdge(index, Self.beforeCard) else { return }
    var digits: [UInt8] = []
    var end = index
    var place = index
    while place < text.count, digits.count <= 19 {
      let byte = text[place]
      if TextClass.digit.contains(byte) {
        digits.append(byte - 0x30)
        end = place + 1
      } else {
        guard byte == 0x20 || byte == 0x2d, place == end else { break }
      }
      place += 1
    }
    steps += place - index
    // "4111 1111 1111 1111 12/29": what follows a blank may be something else.
    while digits.count >= 13 {
      if digits.count <= 19, !has(end, TextClass.word), isLuhn(digits), Set(digits).count > 1 {
        return add(index, end, .card)
      }
      guard let shorter = shortened(index, end, &digits) else { return }
      end = shorter
    }
  }

  /// Without the last group of digits.
  private func shortened(_ start: Int, _ end: Int, _ digits: inout [UInt8]) -> Int? {
    var place = end
    while place > start, TextClass.digit.contains(text[place - 1]) {
      place -= 1
      digits.removeLast()
    }
    return place > start ? place - 1 : nil
  }

  private static let beforeCard = TextClass.word.union(ByteSet { "-.".utf8.contains($0) })

  private func isLuhn(_ digits: [UInt8]) -> Bool {
    var sum = 0
    for (place, digit) in digits.reversed().enumerated() {
      let doubled = place % 2 == 1 ? Int(digit) * 2 : Int(digit)
      sum += doubled > 9 ? doubled - 9 : doubled
    }
    return sum % 10 == 0
  }
}

/// IBANs of the countries that have them: capital letters, the country's length, and the check digits right (mod 97).
extension PresetScan {
  mutating func findAccount(at index: Int) {
    guard has(index + 1, TextClass.upper), has(index + 2, TextClass.digit), has(index + 3, TextClass.digit),
      isEdge(index, TextClass.word),
      let length = Self.lengths[[text[index], text[index + 1]]]
    else { return }
    var characters: [UInt8] = []
    var place = index
    var end = index
    while place < text.count, characters.count < length {
      if Self.accountCharacters.contains(text[place]) {
        characters.append(text[place])
        end = place + 1
      } else {
        guard text[place] == 0x20, place == end else { break }
      }
      place += 1
    }
    steps += place - index
    guard characters.count == length, !has(end, TextClass.word), isValid(characters) else { return }
    add(index, end, .iban)
  }

  private func isValid(_ characters: [UInt8]) -> Bool {
    var rest = 0
    for byte in characters[4...] + characters[..<4] {
      if TextClass.digit.contains(byte) {
        rest = (rest * 10 + Int(byte - 0x30)) % 97
      } else {
        rest = (rest * 100 + Int(byte - 0x41) + 10) % 97
      }
    }
    return rest == 1
  }

  private static let accountCharacters = TextClass.upper.union(TextClass.digit)

  /// The lengths of ISO 13616, by country.
  private static let lengths: [[UInt8]: Int] = {
    let text =
      "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
      + "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 "
      + "LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 "
      + "QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
    var lengths: [[UInt8]: Int] = [:]
    for word in text.split(separator: " ") { lengths[Array(word.utf8.prefix(2))] = Int(word.dropFirst(2)) }
    return lengths
  }()
}

/// IP addresses. Version 4: four numbers up to 255, so `1.2.3.4` as a version of something is masked too. Version 6: eight
/// groups, or `::` with a digit somewhere (so `dead::beef` and other names of code stay).
extension PresetScan {
  mutating func findAddress(at index: Int) {
    guard index >= addressDone else { return }
    let end = run(index, Self.addressCharacters)
    addressDone = end
    guard !has(end, TextClass.word) else { return }
    var start = index
    // "host:10.0.0.1"
    if text[index] == UInt8(ascii: ":"), !has(index + 1, Self.colon) { start += 1 }
    guard start > index || isEdge(index, Self.beforeAddress) else { return }
    if isVersion6(text[start..<end]) { return add(start, end, .ip) }
    // A full stop or a colon behind it.
    if end - start > 2, !TextClass.hex.contains(text[end - 1]), isVersion6(text[start..<end - 1]) {
      return add(start, end - 1, .ip)
    }
    for part in text[start..<end].split(separator: UInt8(ascii: ":")) {
      let address = part.last == UInt8(ascii: ".") ? part.dropLast() : part
      if isVersion4(address) { add(address.startIndex, address.endIndex, .ip) }
    }
  }

  private func isVersion4(_ run: ArraySlice<UInt8>) -> Bool {
    let parts = run.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        guard (1...3).contains(part.count), part.allSatisfy({ TextClass.digit.contains($0) }) else { return false }
        if part.count > 1, part.first == UInt8(ascii: "0") { return false }
        return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
      }
  }

  private func isVersion6(_ run: ArraySlice<UInt8>) -> Bool {
    guard run.count <= Self.version6Max else { return false }
    var parts = run.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return false }
    if let last = parts.last, last.contains(UInt8(ascii: ".")) {
      guard isVersion4(last) else { return false }
      parts[parts.count - 1] = [0x30]
      parts.append([0x30])
    }
    guard parts.allSatisfy({ $0.count <= 4 && $0.allSatisfy { TextClass.hex.contains($0) } }) else { return false }
    // "::" at an edge splits into two empty parts.
    if parts.first?.isEmpty == true {
      guard parts[1].isEmpty else { return false }
      parts.removeFirst()
    }
    if parts.last?.isEmpty == true {
      guard parts.count >= 2, parts[parts.count - 2].isEmpty else { return false }
      parts.removeLast()
    }
    let empty = parts.count { $0.isEmpty }
    if empty == 0 { return parts.count == 8 }
    return empty == 1 && parts.count <= 8 && run.contains { TextClass.digit.contains($0) }
  }

  /// Eight groups, the last two of them as version 4.
  private static let version6Max = 45
  private static let colon = ByteSet { $0 == UInt8(ascii: ":") }
  private static let addressCharacters = TextClass.hex.union(ByteSet { ".:".utf8.contains($0) })
  private static let beforeAddress = TextClass.word.union(ByteSet { ".:".utf8.contains($0) })
}
