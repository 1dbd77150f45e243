internal import Bytes
internal import Telemetry

/// Walking one record: its ids, its time, and that everything below it is well-formed.
extension RequestScanner {
  /// Bit 8 of `Span.flags` says that bit 9, "the parent is remote", is known (trace.proto, `SpanFlags`).
  static let remoteParentBits: UInt64 = 0x300

  /// A `Span`.
  mutating func span(_ bytes: ByteSpan, _ slice: Slice, scope: UInt32) throws(OTLPError) {
    try walk.countNode()
    var trace = Slice.empty
    var id = Slice.empty
    var parent = Slice.empty
    var entry = RecordEntry(flags: [], scope: scope, body: slice, span: 0, parent: 0, start: 0)
    var spanFlags: UInt64 = 0
    var end: UInt64 = 0
    var attributes = 0
    var longest = 0
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      switch (field.number, field.wire) {
      case (9, .bytes):
        try walk.keyValue(bytes, field.slice)
        attributes &+= try 1 &+ walk.plainRun(bytes, &cursor, tag: 0x4a)
      case (1, .bytes): trace = field.slice
      case (2, .bytes): id = field.slice
      case (4, .bytes): parent = field.slice
      case (7, .fixed64): entry.start = field.scalar
      case (8, .fixed64): end = field.scalar
      case (11, .bytes): longest = max(longest, try walk.attributed(bytes, field.slice, number: 3))
      case (13, .bytes): longest = max(longest, try walk.attributed(bytes, field.slice, number: 4))
      case (15, .bytes): try walk.flat(bytes, field.slice)
      case (16, .fixed32): spanFlags = field.scalar
      default: continue
      }
    }
    guard let traceID = TraceID(bytes, trace) else { return rejections.count(.traceID) }
    guard let spanID = SpanID(bytes, id) else { return rejections.count(.spanID) }
    guard parent.isEmpty || parent.count == 8 else { return rejections.count(.parentID) }
    guard max(longest, attributes) <= Limits.attributesMax else { return rejections.count(.attributes) }
    if end != 0 { entry.flags.insert(.ended) }
    entry.span = spanID.value
    entry.parent = SpanID(bytes, parent)?.value ?? 0
    if entry.parent != 0, spanFlags & Self.remoteParentBits == Self.remoteParentBits {
      entry.flags.insert(.remoteParent)
    }
    units.append(entry, trace: traceID)
  }

  /// A `LogRecord`. Ids that are missing, zero or of the wrong length count as absent: the record is worth having.
  mutating func log(_ bytes: ByteSpan, _ slice: Slice, scope: UInt32) throws(OTLPError) {
    try walk.countNode()
    var trace = Slice.empty
    var id = Slice.empty
    var observed: UInt64 = 0
    var entry = RecordEntry(flags: .log, scope: scope, body: slice, span: 0, parent: 0, start: 0)
    var eventName = Slice.empty
    var attributes = 0
    var bodies = 0
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      switch (field.number, field.wire) {
      case (6, .bytes):
        attributes &+= 1
        try walk.keyValue(bytes, field.slice)
        noteName(attribute: field.slice, bytes, &entry.flags)
      case (5, .bytes):
        bodies &+= 1
        try walk.anyValue(bytes, field.slice, depth: 1)
      case (1, .fixed64): entry.start = field.scalar
      case (9, .bytes): trace = field.slice
      case (10, .bytes): id = field.slice
      case (11, .fixed64): observed = field.scalar
      case (12, .bytes): eventName = field.slice
      default: continue
      }
    }
    if bodies > 1 { walk.repeatsSingular = true }
    guard attributes <= Limits.attributesMax else { return rejections.count(.attributes) }
    if entry.start == 0 { entry.start = observed }
    note(name: eventName, bytes, &entry.flags)
    entry.span = SpanID(bytes, id)?.value ?? 0
    units.append(entry, trace: TraceID(bytes, trace))
  }

  static let modelCallPrefix = Array("gen_ai.".utf8)
  static let eventNameKey = Array("event.name".utf8)

  /// Before there was a field for it, the event's name was this attribute. The attribute has just been walked.
  private func noteName(attribute: Slice, _ bytes: ByteSpan, _ flags: inout RecordEntry.Flags) {
    guard bytes.equals(walk.lastKey, Self.eventNameKey) else { return }
    guard case .string(let name)? = (try? Attribute(bytes, keyValue: attribute))?.value else { return }
    note(name: name, bytes, &flags)
  }

  private func note(name: Slice, _ bytes: ByteSpan, _ flags: inout RecordEntry.Flags) {
    if !name.isEmpty { flags.insert(.named) }
    if bytes.starts(name, with: Self.modelCallPrefix) { flags.insert(.modelCall) }
  }
}
