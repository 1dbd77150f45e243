import Bytes

/// Redaction of a finished event: whatever wrote it, nothing gets past.
extension Redactor {
  /// Rewrites the properties of the event that ends the buffer, from `body` on: the members that follow the ids, up to
  /// the event's end. Mostly there is nothing to do, and that is found out first.
  func redact(_ out: inout ByteBuffer, event start: Int, body: Int, dialect: Int, service: [UInt8]) {
    let size = out.count
    if program.hintsSuffice, !out.withSpan({ SecretHint.isIn($0, Slice(body, $0.count)) }) { return }
    let rules = program.active(dialect: dialect, service: service)
    if rules.isEmpty, program.privacy == .none { return }
    rewritten.truncate(to: 0)
    var pass = EventPass(rules, allowance: max(0, MappingLimits.eventBytesMax - (size - start)))
    let isWhole = out.withSpan { bytes in
      do throws(JSONError) {
        try rewrite(bytes, Slice(body, size), &pass)
        return true
      } catch {
        return false
      }
    }
    if !isWhole {
      // What cannot be read cannot be let out: who and when is left.
      out.truncate(to: body)
      return out.append("\"$ai_truncated\":[\"*\"]}}")
    }
    guard pass.isChanged else { return }
    out.truncate(to: body)
    rewritten.withSpan { out.append($0, Slice(0, $0.count)) }
  }

  /// One event's pass.
  struct EventPass {
    private let rules: [RedactionProgram.Rule]
    private let named: [RedactionProgram.Rule]
    /// What is looked for in properties that no rule names.
    private let content: Wanted
    /// How many bytes the event may become longer: markers are longer than what they hide.
    var allowance: Int
    var isChanged = false
    /// Up to where the event is written already.
    var copied = 0
    /// Member names that were changed; two of one object must not become the same.
    var changedNames = 0

    init(_ rules: [RedactionProgram.Rule], allowance: Int) {
      self.rules = rules
      named = rules.filter { !$0.names.isEmpty }
      content = Wanted(rules.filter { $0.names.isEmpty })
      self.allowance = allowance
    }

    /// The first rule that takes a property's whole value, and what is looked for in it otherwise.
    func rules(_ bytes: ByteSpan, _ name: Slice) -> (whole: RedactionProgram.Rule?, wanted: Wanted) {
      guard named.contains(where: { $0.names(bytes, name) }) else { return (nil, content) }
      let matching = rules.filter { $0.names(bytes, name) }
      return (matching.first(where: \.isWhole), Wanted(matching))
    }
  }

  private func rewrite(_ bytes: ByteSpan, _ members: Slice, _ pass: inout EventPass) throws(JSONError) {
    var scanner = JSONScanner(members)
    pass.copied = members.start
    while let first = scanner.peek(bytes), first != UInt8(ascii: "}") {
      guard first == UInt8(ascii: "\"") else { throw JSONError(.unexpectedCharacter, at: scanner.offset) }
      var member = Member(start: scanner.offset)
      member.name = try scanner.string(bytes)
      try scanner.expect(UInt8(ascii: ":"), bytes)
      _ = scanner.peek(bytes)
      member.valueStart = scanner.offset
      try redact(&member, bytes, &scanner, &pass)
      if scanner.peek(bytes) == UInt8(ascii: ",") { scanner.offset += 1 }
      if member.isDropped {
        pass.copied = scanner.offset
        pass.isChanged = true
      }
    }
    rewritten.append(bytes, Slice(pass.copied, members.end))
  }

  /// A property, as it is passed.
  private struct Member {
    var start: Int
    var name = JSONString(slice: .empty, hasEscapes: false, hasUnicodeEscapes: false)
    var valueStart = 0
    var isDropped = false

    init(start: Int) { self.start = start }
  }

  /// Passes one property and leaves it, its name and its value changed as they must be, in `rewritten`; the scanner stands
  /// behind it.
  private func redact(
    _ member: inout Member, _ bytes: ByteSpan, _ scanner: inout JSONScanner, _ pass: inout EventPass
  ) throws(JSONError) {
    var probe = scanner
    try JSONSkip.value(bytes, &probe)
    let value = Slice(scanner.offset, probe.offset)
    let name = member.name.slice
    // What the gateway says itself.
    if EventNames.isOwn(bytes, name) {
      scanner.offset = value.end
      return
    }
    // Everything up to here stays, whatever becomes of this one.
    rewritten.append(bytes, Slice(pass.copied, member.start))
    pass.copied = member.start
    let before = rewritten.count
    if program.privacy == .noContent, !isKept(bytes, name, value) {
      member.isDropped = true
      scanner.offset = value.end
      return
    }
    let (whole, wanted) = pass.rules(bytes, name)
    if let whole {
      scanner.offset = value.end
      if whole.action == .drop {
        member.isDropped = true
      } else {
        replace(whole.action, bytes, value, &pass)
      }
      return
    }
    if wanted.presets == 0, wanted.patterns == 0 {
      scanner.offset = value.end
      return
    }
    scanner.offset = member.start
    while scanner.offset < value.end {
      guard bytes[scanner.offset] == UInt8(ascii: "\"") else {
        scanner.offset += 1
        continue
      }
      if try !string(bytes, &scanner, wanted, &pass) {
        // Found by a rule that drops: nothing of it may be there.
        rewritten.truncate(to: before)
        member.isDropped = true
        scanner.offset = value.end
        return
      }
    }
    let growth = rewritten.count - before - (pass.copied - member.start)
    if growth <= 0 { return }
    pass.allowance -= growth
    guard pass.allowance < 0 else { return }
    // Its name may be what was found, so that goes too.
    pass.allowance += growth
    rewritten.truncate(to: before)
    member.isDropped = true
  }

  /// Passes one string; false if it drops the property.
  private func string(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, _ wanted: Wanted, _ pass: inout EventPass
  ) throws(JSONError) -> Bool {
    let string = try scanner.string(bytes)
    text.removeAll(keepingCapacity: true)
    if string.hasEscapes {
      JSONText.unescape(bytes, string.slice, into: &text)
    } else {
      text.append(bytes, string.slice)
    }
    let changes = changes(wanted)
    if changes.isEmpty { return true }
    if changes.contains(where: { $0.action == .drop }) { return false }
    rewritten.append(bytes, Slice(pass.copied, string.slice.start))
    write(changes, to: &rewritten)
    pass.copied = string.slice.end
    pass.isChanged = true
    if scanner.peek(bytes) == UInt8(ascii: ":") {
      pass.changedNames += 1
      if pass.changedNames > 1 { rewritten.append(" \(pass.changedNames)") }
    }
    return true
  }

  /// Puts a marker or a hash in place of a whole value.
  private func replace(_ action: RedactionAction, _ bytes: ByteSpan, _ value: Slice, _ pass: inout EventPass) {
    rewritten.append(bytes, Slice(pass.copied, value.start))
    rewritten.append(UInt8(ascii: "\""))
    if action == .hash {
      text.removeAll(keepingCapacity: true)
      if bytes[value.start] == UInt8(ascii: "\"") {
        JSONText.unescape(bytes, Slice(value.start + 1, value.end - 1), into: &text)
      } else {
        text.append(bytes, value)
      }
      rewritten.append(hash(text))
    } else {
      rewritten.append(Self.marker)
    }
    rewritten.append(UInt8(ascii: "\""))
    pass.allowance -= max(0, 34 - Int(value.count))
    pass.copied = value.end
    pass.isChanged = true
  }
}

/// Passing over JSON without looking at it.
enum JSONSkip {
  static func value(_ bytes: ByteSpan, _ scanner: inout JSONScanner) throws(JSONError) {
    var depth = 0
    while let byte = scanner.peek(bytes) {
      switch byte {
      case UInt8(ascii: "\""): _ = try scanner.string(bytes)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        scanner.offset += 1
        continue
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { throw JSONError(.unexpectedCharacter, at: scanner.offset) }
        depth -= 1
        scanner.offset += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw JSONError(.unexpectedCharacter, at: scanner.offset) }
        scanner.offset += 1
        continue
      default: scalar(bytes, &scanner)
      }
      if depth == 0 { return }
    }
    throw JSONError(.unexpectedEnd, at: scanner.offset)
  }

  /// A number, `true`, `false` or `null`.
  private static func scalar(_ bytes: ByteSpan, _ scanner: inout JSONScanner) {
    repeat {
      scanner.offset += 1
    } while scanner.offset < scanner.end
      && !",:]}\" \n\r\t".utf8.contains(bytes[scanner.offset])
  }
}
