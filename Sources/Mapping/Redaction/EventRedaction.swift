import Bytes

/// Redaction of a finished event: whatever wrote it, nothing gets past.
extension Redactor {
  /// Rewrites the properties of the event that ends the buffer, from `body` on: the members that follow the ids, up to
  /// the event's end. Mostly there is nothing to do, and that is found out first. `clean` members at `clean.start` are
  /// known to hint at nothing (those of the resource, which many events share).
  func redact(
    _ out: inout ByteBuffer, event start: Int, body: Int, clean: Slice = .empty, dialect: Int, service: [UInt8]
  ) {
    let size = out.count
    if program.hintsSuffice {
      hints.removeAll(keepingCapacity: true)
      hintsPassed = 0
      out.withSpan { bytes in
        SecretHint.add(bytes, Slice(body, clean.isEmpty ? bytes.count : clean.start), to: &hints)
        if !clean.isEmpty { SecretHint.add(bytes, Slice(clean.end, bytes.count), to: &hints) }
      }
      if hints.isEmpty { return }
      out.withSpan { SecretHint.addTitles($0, Slice(body, $0.count), to: &hints) }
    }
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
      record.add(.drop, RedactionRecord.privacy, rule: nil, bytes.string(name))
      member.isDropped = true
      scanner.offset = value.end
      return
    }
    let (whole, wanted) = pass.rules(bytes, name)
    if let whole {
      record.add(whole.action, RedactionRecord.property, rule: whole.number, bytes.string(name))
      scanner.offset = value.end
      if whole.action == .drop {
        member.isDropped = true
      } else {
        replace(whole.action, bytes, value, &pass)
      }
      return
    }
    if wanted.presets == 0 && wanted.patterns == 0 || !hasHint(in: Slice(member.start, value.end)) {
      scanner.offset = value.end
      return
    }
    scanner.offset = member.start
    while scanner.offset < value.end {
      guard bytes[scanner.offset] == UInt8(ascii: "\"") else {
        scanner.offset += 1
        continue
      }
      if try !string(bytes, &scanner, name, wanted, &pass) {
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
    record.add(.drop, RedactionRecord.size, rule: nil, bytes.string(name))
    rewritten.truncate(to: before)
    member.isDropped = true
  }

  /// Whether something in the stretch is to be looked at; stretches are asked for from left to right.
  private func hasHint(in slice: Slice) -> Bool {
    if !program.hintsSuffice { return true }
    while hintsPassed < hints.count, hints[hintsPassed].end <= slice.start { hintsPassed += 1 }
    return hintsPassed < hints.count && hints[hintsPassed].start < slice.end
  }

  /// Passes one string; false if it drops the property.
  private func string(
    _ bytes: ByteSpan, _ scanner: inout JSONScanner, _ property: Slice, _ wanted: Wanted, _ pass: inout EventPass
  ) throws(JSONError) -> Bool {
    let string = try scanner.string(bytes)
    if !hasHint(in: string.slice) { return true }
    text.removeAll(keepingCapacity: true)
    if string.hasEscapes {
      JSONText.unescape(bytes, string.slice, into: &text)
    } else {
      text.append(bytes, string.slice)
    }
    let changes = changes(wanted)
    if changes.isEmpty { return true }
    if let drop = changes.first(where: { $0.action == .drop }) {
      note(drop, wanted, bytes, property)
      return false
    }
    for change in changes { note(change, wanted, bytes, property) }
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

  private func note(_ change: Change, _ wanted: Wanted, _ bytes: ByteSpan, _ property: Slice) {
    let label = program.labels[change.matcher]
    record.add(
      change.action, String(decoding: label, as: UTF8.self), rule: wanted.rule(change.matcher)?.number,
      bytes.string(property))
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
