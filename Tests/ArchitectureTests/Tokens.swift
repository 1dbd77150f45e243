/// A piece of Swift: a word (name, keyword or number), the content of a string, or a single character.
struct Token: Equatable {
  enum Kind: Equatable { case word, string, mark }
  var kind: Kind
  var text: String
  var line: Int
  /// Whether it follows the token before it without a space.
  var adjoins: Bool
}

/// Splits Swift into tokens well enough to count and to search: comments vanish, strings keep to themselves, and what
/// stands in an interpolation is code again. Regex literals are not known.
struct Tokenizer {
  private(set) var tokens: [Token] = []
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var lastEnd = -1

  static func tokens(_ text: String) -> [Token] { tokens(Array(text.utf8)) }

  static func tokens(_ bytes: [UInt8]) -> [Token] {
    var tokenizer = Tokenizer(bytes)
    tokenizer.code(untilParenthesis: false)
    return tokenizer.tokens
  }

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func at(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }
  private func matches(_ text: StaticString) -> Bool {
    (0..<text.utf8CodeUnitCount).allSatisfy { unsafe at(index + $0) == text.utf8Start[$0] }
  }

  /// Reads code to the end, or to the `)` that closes an interpolation.
  private mutating func code(untilParenthesis: Bool) {
    var depth = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\n") { line += 1 }
      if matches("//") {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
      } else if matches("/*") {
        blockComment()
      } else if let hashes = stringStart() {
        string(hashes: hashes)
      } else if byte == UInt8(ascii: "`") {
        rawIdentifier()
      } else if Self.isWord(byte) {
        let start = index
        while Self.isWord(at(index)) { index += 1 }
        add(.word, start, index)
      } else {
        index += 1
        if byte <= UInt8(ascii: " ") { continue }
        add(.mark, index - 1, index)
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") {
          depth -= 1
          if untilParenthesis, depth < 0 { return }
        }
      }
    }
  }

  private mutating func add(_ kind: Token.Kind, _ start: Int, _ end: Int, line: Int? = nil, from: Int? = nil) {
    let text = String(decoding: bytes[start..<end], as: UTF8.self)
    tokens.append(Token(kind: kind, text: text, line: line ?? self.line, adjoins: lastEnd == from ?? start))
    lastEnd = index
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      if matches("/*") {
        depth += 1
        index += 2
      } else if matches("*/") {
        depth -= 1
        index += 2
      } else {
        if at(index) == UInt8(ascii: "\n") { line += 1 }
        index += 1
      }
    } while depth > 0 && index < bytes.count
  }

  private mutating func rawIdentifier() {
    let start = index
    index += 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "`"), bytes[index] != UInt8(ascii: "\n") { index += 1 }
    index += 1
    add(.word, start, min(index, bytes.count))
  }

  /// How many `#` stand before the quote of a string that begins here; nil when none does.
  private func stringStart() -> Int? {
    var hashes = 0
    while at(index + hashes) == UInt8(ascii: "#") { hashes += 1 }
    return at(index + hashes) == UInt8(ascii: "\"") ? hashes : nil
  }

  private mutating func string(hashes: Int) {
    let before = index
    index += hashes
    let long = matches("\"\"\"")
    index += long ? 3 : 1
    let start = index
    let startLine = line
    // The string's own token comes before those of its interpolations.
    let place = tokens.count
    var end = index
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\n") {
        line += 1
        if !long { break }
      }
      if byte == UInt8(ascii: "\\"), hashesFollow(index + 1, hashes) {
        index += 1 + hashes
        let isInterpolation = at(index) == UInt8(ascii: "(")
        index += 1
        if isInterpolation { code(untilParenthesis: true) }
        continue
      }
      let isClosed = long ? matches("\"\"\"") : byte == UInt8(ascii: "\"")
      end = index
      if isClosed, hashesFollow(index + (long ? 3 : 1), hashes) {
        index += (long ? 3 : 1) + hashes
        break
      }
      index += 1
    }
    add(.string, start, min(max(end, start), bytes.count), line: startLine, from: before)
    tokens.insert(tokens.removeLast(), at: place)
  }

  private func hashesFollow(_ offset: Int, _ count: Int) -> Bool {
    (0..<count).allSatisfy { at(offset + $0) == UInt8(ascii: "#") }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39, UInt8(ascii: "_"),
      0x80...:
      true
    default: false
    }
  }
}
