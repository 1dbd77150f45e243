import Bytes
import Telemetry

/// Where redaction meets the mapper: an event that is written, and a user that is found.
extension Mapper {
  /// Takes from the event that ends the buffer what must not leave.
  func redact(_ index: Int, from start: Int, _ out: inout ByteBuffer) {
    guard let redactor else { return }
    redactor.redact(
      &out, event: start, body: current.bodyStart, clean: cleanResource(of: index, redactor),
      dialect: Int(spans[index].dialect), service: serviceName(of: index))
  }

  /// Where the resource's attributes stand in the event, if they hint at no key and no token: asked once a trace.
  private func cleanResource(of index: Int, _ redactor: Redactor) -> Slice {
    let number = Int(batch.scopes[Int(batch.spans[index].scope)].resource)
    guard redactor.program.hintsSuffice, !current.resource.isEmpty, let written = resourceSlices[number] else {
      return .empty
    }
    let isClean = resourcesClean[number] ?? resourceText.withSpan { !SecretHint.isIn($0, written) }
    resourcesClean[number] = isClean
    return isClean ? current.resource : .empty
  }

  /// Gives what redaction did in events since it was last asked: the action, what was found, and how often.
  package func takeRedactions(_ body: (RedactionAction, String, Int) -> Void) {
    guard let redactor, !redactor.record.counts.isEmpty else { return }
    for (kind, count) in redactor.record.counts { body(kind.action, kind.found, count) }
    redactor.record.counts.removeAll(keepingCapacity: true)
  }

  /// What redaction does to an event, found out by writing it again.
  func explainRedaction(_ event: MappedEvent, _ index: Int) -> [EventExplanation.Redaction] {
    guard let redactor else { return [] }
    focus(on: index)
    var out = ByteBuffer()
    let counts = redactor.record.counts
    writeEvent(index, event.frozen, event.id, to: &out)
    redactor.record.notes = []
    redact(index, from: 0, &out)
    let notes = redactor.record.notes ?? []
    redactor.record.notes = nil
    redactor.record.counts = counts
    return notes.map { note in
      let place = note.rule.flatMap { program.origins.place(redactor.program.rules[$0].position) }
      return .init(property: note.property, action: note.action, found: note.found, place: place)
    }
  }

  /// The user as the redaction rules let it be seen; in the arena.
  func redacted(_ user: Slice, of index: Int) -> Slice {
    guard let redactor else { return user }
    // Too short for a key.
    if redactor.program.hintsSuffice, user.count < LongRuns.least { return user }
    let dialect = Int(spans[index].dialect)
    let service = serviceName(of: index)
    if let last = lastRedacted, last.dialect == dialect, last.service == service, bytes.equals(user, last.user) {
      return last.slice
    }
    var text: [UInt8] = []
    text.append(bytes, user)
    let slice = redactor.identity(text, dialect: dialect, service: service).map { constant($0) } ?? user
    lastRedacted = RedactedUser(user: text, dialect: dialect, service: service, slice: slice)
    return slice
  }

  /// `service.name` of the span's resource, where some rule asks for it.
  private func serviceName(of index: Int) -> [UInt8] {
    guard let redactor, redactor.program.asksService else { return [] }
    let resource = Int(batch.scopes[Int(batch.spans[index].scope)].resource)
    for attribute in batch.resources[resource].attributes {
      let named = batch.attributes[Int(attribute)]
      if bytes.equals(named.key, Self.serviceKey), case .string(let text) = named.value {
        var name: [UInt8] = []
        name.append(bytes, text)
        return name
      }
    }
    return []
  }

  private static let serviceKey = Array("service.name".utf8)
}

/// The user that was redacted last, in the trace that is loaded: most spans of a trace have the same.
struct RedactedUser {
  var user: [UInt8]
  var dialect: Int
  var service: [UInt8]
  var slice: Slice
}
