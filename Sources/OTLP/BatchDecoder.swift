package import Bytes
package import Telemetry

/// Turns encoded records into the flat arrays of a `Batch`. Nothing is copied: every slice of the result points into
/// the batch's arena, where the encoded bytes already stand.
package struct BatchDecoder: ~Copyable {
  /// The events of the span at hand; kept from span to span, so that it allocates once.
  private var events: [Slice] = []
  /// A run of attributes on its way into the batch: an array asks at each append whether it is its only owner.
  private var run = ValueBuffer<Attribute>()

  package init() {}

  /// Decodes `records` and appends them to `batch`, spans to spans and logs to logs, in order.
  ///
  /// All slices refer to `batch.arena`. `ScopeEntry.resource` is an index into `resources`, `RecordEntry.scope` one into
  /// `scopes`; of a record entry only `flags`, `scope` and `body` are read. Throws `.malformed` only for bytes that no
  /// scanner has accepted; `batch` then holds what came before them.
  package mutating func decode(
    resources: [Slice], scopes: [ScopeEntry], records: [RecordEntry], into batch: inout Batch
  ) throws(OTLPError) {
    // A second reference, not a copy: the arena is read while the batch's other arrays grow.
    let arena = batch.arena
    let bytes = arena.span
    let firstResource = Int32(batch.resources.count)
    let firstScope = Int32(batch.scopes.count)
    for resource in resources {
      try check(resource, bytes)
      var decoded = Resource(attributes: try attributes(bytes, resource, number: 1, into: &batch))
      decoded.encoded = resource
      batch.resources.append(decoded)
    }
    for entry in scopes {
      try check(entry.scope, bytes)
      try check(entry.schemaURL, bytes)
      guard entry.resource < resources.count else { throw .missing("resource", entry.scope) }
      try scope(bytes, entry, resource: firstResource + Int32(entry.resource), into: &batch)
    }
    for record in records {
      try check(record.body, bytes)
      guard record.scope < scopes.count else { throw .missing("scope", record.body) }
      let scope = firstScope + Int32(record.scope)
      if record.flags.contains(.log) {
        try log(bytes, record.body, scope: scope, into: &batch)
      } else {
        try span(bytes, record.body, scope: scope, into: &batch)
      }
    }
  }

  /// Scans and decodes a whole request, for people and tests: records come unit by unit.
  package static func decode(request body: [UInt8], signal: Signal) throws(OTLPError) -> Batch {
    var batch = Batch(arena: body)
    let index = try RequestScanner.scan(&batch.arena, signal: signal).index
    var decoder = BatchDecoder()
    try decoder.decode(resources: index.resources, scopes: index.scopes, records: index.records, into: &batch)
    return batch
  }

  private func check(_ slice: Slice, _ bytes: ByteSpan) throws(OTLPError) {
    if slice.end > bytes.count { throw .malformed(offset: slice.start, path: "", reason: "a record out of range") }
  }

  private mutating func scope(
    _ bytes: ByteSpan, _ entry: ScopeEntry, resource: Int32, into batch: inout Batch
  ) throws(OTLPError) {
    var scope = Scope(
      name: .empty, version: .empty, schemaURL: entry.schemaURL, attributes: 0..<0, resource: resource)
    scope.encoded = entry.scope
    var cursor = ProtobufCursor(entry.scope)
    while let field = try cursor.field(in: bytes) {
      switch (field.number, field.wire) {
      case (1, .bytes): scope.name = field.slice
      case (2, .bytes): scope.version = field.slice
      default: continue
      }
    }
    scope.attributes = try attributes(bytes, entry.scope, number: 3, into: &batch)
    batch.scopes.append(scope)
  }

  /// Appends the attributes that stand in field `number` of a message.
  private mutating func attributes(
    _ bytes: ByteSpan, _ slice: Slice, number: UInt32, into batch: inout Batch
  ) throws(OTLPError) -> Run {
    let first = Int32(batch.attributes.count)
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      if field.number == number, field.wire == .bytes {
        try attribute(bytes, field.slice, into: &batch)
        plainRun(bytes, &cursor, tag: UInt8(number &<< 3 | 2), into: &batch)
      }
    }
    return first..<Int32(batch.attributes.count)
  }

  @inline(__always) private func attribute(
    _ bytes: ByteSpan, _ slice: Slice, into batch: inout Batch
  ) throws(OTLPError) {
    do throws(ProtobufError) { batch.attributes.append(try Attribute(bytes, keyValue: slice)) } catch {
      throw OTLPError(error)
    }
  }

  /// Appends the plain attributes that stand at the cursor, all in the field with this one-byte tag.
  private mutating func plainRun(
    _ bytes: ByteSpan, _ cursor: inout ProtobufCursor, tag: UInt8, into batch: inout Batch
  ) {
    var offset = cursor.offset
    let end = cursor.end
    precondition(end <= bytes.count)
    run.removeAll()
    while offset < end, bytes[offset] == tag {
      if let short = PlainAttribute.short(bytes, &offset, end, tag: tag) {
        run.append(short)
        continue
      }
      var start = offset &+ 1
      let size = PlainAttribute.length(bytes, &start, end)
      guard size >= 0, size <= end &- start, let plain = PlainAttribute(bytes, Slice(start, start &+ size)) else {
        break
      }
      run.append(Attribute(key: plain.key, value: plain.value(bytes)))
      offset = start &+ size
    }
    cursor.offset = offset
    run.appendAll(to: &batch.attributes)
  }

  private mutating func span(
    _ bytes: ByteSpan, _ slice: Slice, scope: Int32, into batch: inout Batch
  ) throws(OTLPError) {
    var trace: TraceID?
    var id: SpanID?
    var parent: SpanID?
    var flags: UInt64 = 0
    var name = Slice.empty
    var traceState = Slice.empty
    var kind: UInt8 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var status = Status()
    let firstAttribute = Int32(batch.attributes.count)
    // Attributes of one owner stand together, so those of events wait until the span has all of its own.
    events.removeAll(keepingCapacity: true)
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      switch (field.number, field.wire) {
      case (9, .bytes):
        try attribute(bytes, field.slice, into: &batch)
        plainRun(bytes, &cursor, tag: 0x4a, into: &batch)
      case (1, .bytes): trace = TraceID(bytes, field.slice)
      case (2, .bytes): id = SpanID(bytes, field.slice)
      case (3, .bytes): traceState = field.slice
      case (4, .bytes): parent = SpanID(bytes, field.slice)
      case (5, .bytes): name = field.slice
      case (6, .varint): kind = Self.enumeration(field.scalar, max: 5)
      case (7, .fixed64): start = field.scalar
      case (8, .fixed64): end = field.scalar
      case (11, .bytes): events.append(field.slice)
      case (15, .bytes): try status.read(bytes, field.slice)
      case (16, .fixed32): flags = field.scalar
      default: continue
      }
    }
    guard let trace, let id else { throw .missing("id", slice) }
    let remote = parent != nil && flags & RequestScanner.remoteParentBits == RequestScanner.remoteParentBits
    var span = Span(trace: trace, id: id, parent: parent, parentIsRemote: remote, scope: scope)
    span.name = name
    span.traceState = traceState
    span.kind = kind
    span.start = start
    span.end = end
    span.status = status.code
    span.statusMessage = status.message
    span.attributes = firstAttribute..<Int32(batch.attributes.count)
    let firstEvent = Int32(batch.events.count)
    for event in events { try self.event(bytes, event, into: &batch) }
    span.events = firstEvent..<Int32(batch.events.count)
    batch.spans.append(span)
  }

  private mutating func event(_ bytes: ByteSpan, _ slice: Slice, into batch: inout Batch) throws(OTLPError) {
    var event = SpanEvent(name: .empty, time: 0, attributes: 0..<0)
    var cursor = ProtobufCursor(slice)
    let first = Int32(batch.attributes.count)
    while let field = try cursor.field(in: bytes) {
      switch (field.number, field.wire) {
      case (1, .fixed64): event.time = field.scalar
      case (2, .bytes): event.name = field.slice
      case (3, .bytes): try attribute(bytes, field.slice, into: &batch)
      default: continue
      }
    }
    event.attributes = first..<Int32(batch.attributes.count)
    batch.events.append(event)
  }

  private func log(_ bytes: ByteSpan, _ slice: Slice, scope: Int32, into batch: inout Batch) throws(OTLPError) {
    var log = LogRecord(trace: nil, span: nil, scope: scope)
    log.encoded = slice
    let first = Int32(batch.attributes.count)
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      switch (field.number, field.wire) {
      case (6, .bytes): try attribute(bytes, field.slice, into: &batch)
      case (1, .fixed64): log.time = field.scalar
      case (2, .varint): log.severity = Self.enumeration(field.scalar, max: 24)
      case (3, .bytes): log.severityText = field.slice
      case (5, .bytes):
        do throws(ProtobufError) { log.body = try Value(bytes, anyValue: field.slice) } catch { throw OTLPError(error) }
      case (9, .bytes): log.trace = TraceID(bytes, field.slice)
      case (10, .bytes): log.span = SpanID(bytes, field.slice)
      case (11, .fixed64): log.observedTime = field.scalar
      case (12, .bytes): log.eventName = field.slice
      default: continue
      }
    }
    log.attributes = first..<Int32(batch.attributes.count)
    batch.logs.append(log)
  }

  /// A number that the specification has not given out yet counts as unspecified.
  private static func enumeration(_ value: UInt64, max: UInt8) -> UInt8 {
    value <= UInt64(max) ? UInt8(value) : 0
  }

  /// A `Status` message.
  private struct Status {
    var code = StatusCode.unset
    var message = Slice.empty

    mutating func read(_ bytes: ByteSpan, _ slice: Slice) throws(OTLPError) {
      var cursor = ProtobufCursor(slice)
      while let field = try cursor.field(in: bytes) {
        switch (field.number, field.wire) {
        case (2, .bytes): message = field.slice
        case (3, .varint): code = StatusCode(rawValue: BatchDecoder.enumeration(field.scalar, max: 2)) ?? .unset
        default: continue
        }
      }
    }
  }
}

extension OTLPError {
  fileprivate static func missing(_ what: String, _ slice: Slice) -> OTLPError {
    .malformed(offset: slice.start, path: "", reason: "a record without its \(what)")
  }
}
