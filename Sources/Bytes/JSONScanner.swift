/// Why text is not JSON (RFC 8259), with the byte where it stops being so.
@usableFromInline
package struct JSONError: Error, Equatable, CustomStringConvertible {
  @usableFromInline package var offset: Int
  @usableFromInline package var reason: Reason

  @usableFromInline
  package enum Reason: String, Sendable {
    case unexpectedEnd = "the text ends too early"
    case unexpectedCharacter = "unexpected character"
    case controlCharacter = "a control character inside a string"
    case badEscape = "an escape that does not exist"
    case badNumber = "not a number"
    case badUTF8 = "not valid UTF-8"
    case tooDeep = "nested too deeply"
    case tooManyValues = "too many values"
    case trailingText = "text after the end of the value"
  }

  @usableFromInline
  package init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  @usableFromInline
  package var description: String { "\(reason.rawValue) (byte \(offset))" }
}

/// A string as it stands in JSON text: the slice between the quotes, and whether it needs work before it is text.
@frozen @usableFromInline
package struct JSONString {
  @usableFromInline package var slice: Slice
  /// There is a backslash in it.
  @usableFromInline package var hasEscapes: Bool
  /// There is a `\u` escape in it, which may be half of a surrogate pair.
  @usableFromInline package var hasUnicodeEscapes: Bool

  @inlinable package init(slice: Slice, hasEscapes: Bool, hasUnicodeEscapes: Bool) {
    self.slice = slice
    self.hasEscapes = hasEscapes
    self.hasUnicodeEscapes = hasUnicodeEscapes
  }
}

/// The lexical level of JSON: cursors over whitespace, strings and numbers of a span of bytes.
///
/// Strings are checked (escapes, control characters, UTF-8) but not decoded, so that they can be copied out as they stand.
@frozen @usableFromInline
package struct JSONScanner {
  @usableFromInline package var offset: Int
  @usableFromInline package let end: Int

  @inlinable package init(_ slice: Slice) {
    offset = slice.start
    end = slice.end
  }

  /// The first byte that is not white space; nil at the end.
  @inline(__always) @inlinable package mutating func peek(_ bytes: ByteSpan) -> UInt8? {
    while offset < end {
      let byte = bytes[offset]
      if byte > 0x20 { return byte }
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
      offset &+= 1
    }
    return nil
  }

  /// Consumes `byte`, after white space, or says what stands there.
  @inline(__always) @inlinable package mutating func expect(_ byte: UInt8, _ bytes: ByteSpan) throws(JSONError) {
    guard let found = peek(bytes) else { throw JSONError(.unexpectedEnd, at: offset) }
    guard found == byte else { throw JSONError(.unexpectedCharacter, at: offset) }
    offset &+= 1
  }

  /// Consumes a literal such as `true`, whose first byte has been seen.
  package mutating func literal(_ text: StaticString, _ bytes: ByteSpan) throws(JSONError) {
    let size = text.utf8CodeUnitCount
    guard end - offset >= size else { throw JSONError(.unexpectedEnd, at: offset) }
    for index in 0..<size {
      guard unsafe bytes[offset + index] == text.utf8Start[index] else {
        throw JSONError(.unexpectedCharacter, at: offset)
      }
    }
    offset += size
  }

  /// Consumes a string; the cursor stands on its opening quote.
  @inline(__always) @inlinable package mutating func string(_ bytes: ByteSpan) throws(JSONError) -> JSONString {
    precondition(end <= bytes.count && bytes[offset] == UInt8(ascii: "\""))
    let start = offset &+ 1
    // Names and words end within one block.
    if start < end {
      let close = start &+ JSONBlock.at(start, of: bytes).plain
      if close < end, bytes[close] == UInt8(ascii: "\"") {
        offset = close &+ 1
        return JSONString(slice: Slice(start, close), hasEscapes: false, hasUnicodeEscapes: false)
      }
    }
    return try longString(bytes)
  }

  @usableFromInline mutating func longString(_ bytes: ByteSpan) throws(JSONError) -> JSONString {
    let start = offset &+ 1
    var index = start
    var result = JSONString(slice: .empty, hasEscapes: false, hasUnicodeEscapes: false)
    while true {
      index = JSONScanner.firstSpecial(bytes, index, end)
      guard index < end else { throw JSONError(.unexpectedEnd, at: end) }
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        result.slice = Slice(start, index)
        offset = index &+ 1
        return result
      }
      if byte == UInt8(ascii: "\\") {
        result.hasEscapes = true
        let next = index &+ 1 < end ? bytes[index &+ 1] : 0
        // The escapes that text is full of.
        if next == UInt8(ascii: "n") || next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") {
          index &+= 2
        } else {
          index = try escape(bytes, index, &result.hasUnicodeEscapes)
        }
      } else if byte < 0x20 {
        throw JSONError(.controlCharacter, at: index)
      } else if byte >= 0x80 {
        let size = UTF8Check.sequenceLength(bytes, index, end)
        guard size > 0 else { throw JSONError(.badUTF8, at: index) }
        index &+= size
      } else {
        index &+= 1
      }
    }
  }

  /// The first byte from `index` on that is a quote, a backslash, a control character or not ASCII; `end` if there is
  /// none.
  @inlinable static func firstSpecial(_ bytes: ByteSpan, _ index: Int, _ end: Int) -> Int {
    var index = index
    while index < end {
      let plain = JSONBlock.at(index, of: bytes).plain
      index &+= plain
      if plain < JSONBlock.size { break }
    }
    return min(index, end)
  }

  @usableFromInline func escape(
    _ bytes: ByteSpan, _ index: Int, _ unicode: inout Bool
  ) throws(JSONError) -> Int {
    guard index + 1 < end else { throw JSONError(.unexpectedEnd, at: index) }
    switch bytes[index + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return index + 2
    case UInt8(ascii: "u"):
      guard index + 6 <= end else { throw JSONError(.unexpectedEnd, at: index) }
      for digit in index + 2..<index + 6 where Hex.digit(bytes[digit]) == nil {
        throw JSONError(.badEscape, at: index)
      }
      unicode = true
      return index + 6
    default:
      throw JSONError(.badEscape, at: index)
    }
  }

  /// Consumes a number and returns its text; the cursor stands on its first character.
  package mutating func number(_ bytes: ByteSpan) throws(JSONError) -> Slice {
    let start = offset
    var index = offset
    func digits() -> Int {
      let first = index
      while index < end, bytes[index] >= 0x30, bytes[index] <= 0x39 { index += 1 }
      return index - first
    }
    if index < end, bytes[index] == UInt8(ascii: "-") { index += 1 }
    let leadingZero = index < end && bytes[index] == 0x30
    let whole = digits()
    guard whole > 0, !(leadingZero && whole > 1) else { throw JSONError(.badNumber, at: start) }
    if index < end, bytes[index] == UInt8(ascii: ".") {
      index += 1
      guard digits() > 0 else { throw JSONError(.badNumber, at: start) }
    }
    if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < end, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard digits() > 0 else { throw JSONError(.badNumber, at: start) }
    }
    offset = index
    return Slice(start, index)
  }
}
