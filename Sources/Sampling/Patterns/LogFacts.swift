package import Bytes

/// What tells kinds of log records apart. The slices lie in one arena; empty ones say nothing.
package struct LogFacts: Sendable {
  /// The text of the body; where the body is an object, that of its `message`, `msg`, `event` or `body`.
  package var body = Slice.empty
  /// The text before values were put into it, where an attribute has it.
  package var messageTemplate = Slice.empty
  package var eventName = Slice.empty
  /// `code.function.name` and `code.file.path`. A line number would make new patterns of each release.
  package var function = Slice.empty
  package var file = Slice.empty

  package init() {}
}

extension PatternMiner {
  /// More members make a body a table of values, not one with fields.
  package static let namesMax = 64
  /// What function, file and member names count at most; the rest of `LineScanner.bytesMax` is the body's.
  static let wholeBytesMax = 512

  /// The pattern of a log record; `names` are those of the members of a body that is an object.
  ///
  /// A named event is its name. Otherwise the message template counts, or the body where there is none, together with the
  /// code it comes from and the names of its members.
  package mutating func pattern(
    of log: LogFacts, names: borrowing Swift.Span<Slice>, in bytes: ByteSpan
  ) -> Match {
    if !log.eventName.isEmpty {
      return pattern(of: bytes, log.eventName, whole: Int(log.eventName.count))
    }
    let body = log.messageTemplate.isEmpty ? log.body : log.messageTemplate
    if log.function.isEmpty, log.file.isEmpty, names.isEmpty { return pattern(of: bytes, body) }
    // Taken out, so that it can be read while the miner changes.
    var text: [UInt8] = []
    swap(&text, &self.text)
    text.removeAll(keepingCapacity: true)
    text.append(bytes, log.function)
    if !log.file.isEmpty {
      if !text.isEmpty { text.append(UInt8(ascii: " ")) }
      text.append(bytes, log.file)
    }
    if !names.isEmpty { appendNames(names, bytes, to: &text) }
    if text.count > Self.wholeBytesMax { text.removeSubrange(Self.wholeBytesMax...) }
    let whole = text.count
    text.append(bytes, Slice(body.start, min(body.end, body.start + LineScanner.bytesMax)))
    let match = pattern(of: text.span, Slice(0, text.count), whole: whole)
    swap(&text, &self.text)
    return match
  }

  /// In alphabetical order: a JSON object has none.
  private mutating func appendNames(_ names: borrowing Swift.Span<Slice>, _ bytes: ByteSpan, to text: inout [UInt8]) {
    if !text.isEmpty { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "{"))
    sorted.removeAll(keepingCapacity: true)
    if names.count <= Self.namesMax {
      for index in names.indices {
        var place = sorted.count
        while place > 0, bytes.precedes(names[index], sorted[place - 1]) { place -= 1 }
        sorted.insert(names[index], at: place)
      }
      for (place, name) in sorted.enumerated() {
        if place > 0 { text.append(UInt8(ascii: ",")) }
        text.append(bytes, name)
      }
    } else {
      text.append(UInt8(ascii: "*"))
    }
    text.append(UInt8(ascii: "}"))
  }
}

extension Swift.Span<UInt8> {
  /// Whether one text comes before another in the order of their bytes.
  fileprivate func precedes(_ slice: Slice, _ other: Slice) -> Bool {
    for distance in 0..<Int(min(slice.count, other.count)) {
      let (left, right) = (self[slice.start + distance], self[other.start + distance])
      if left != right { return left < right }
    }
    return slice.count < other.count
  }
}
