import Bytes
import Telemetry

/// Where redaction meets the mapper: an event that is written, and a user that is found.
extension Mapper {
  /// Takes from the event that ends the buffer what must not leave.
  func redact(_ index: Int, from start: Int, _ out: inout ByteBuffer) {
    guard let redactor else { return }
    redactor.redact(
      &out, event: start, body: current.bodyStart, dialect: Int(spans[index].dialect), service: serviceName(of: index))
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
