internal import Bytes
package import Telemetry

/// What intake learns from walking a request once.
package struct ScanResult: Sendable {
  package var index: RequestIndex
  /// Spans or log records that `index` holds.
  package var accepted: Int
  /// Spans or log records left out of it: the partial success.
  package var rejected: Int
  /// Why, with counts, for the client: at most `Limits.messageBytesMax`; empty when `rejected` is 0.
  package var rejection: String
}

/// Walks one `ExportTraceServiceRequest` or `ExportLogsServiceRequest` (opentelemetry-proto 1.11): checks that it is
/// well-formed down to the last attribute value, so that decoding it later cannot fail, and notes where its records
/// stand, grouped by trace. Nothing is copied.
package struct RequestScanner {
  var index = RequestIndex()
  var units = UnitTable()
  var rejections = Rejections()
  var walk = ValueWalk()
  private var records = 0
  let signal: Signal

  init(signal: Signal) {
    self.signal = signal
  }

  /// Scans `body`. Only a body that repeats a message which may stand once (legal, but no known encoder does it) is
  /// changed: rewritten with those messages merged, so that every message stands in one piece.
  package static func scan(_ body: inout [UInt8], signal: Signal) throws(OTLPError) -> ScanResult {
    var scanner = RequestScanner(signal: signal)
    try scanner.request(body.span)
    if scanner.walk.repeatsSingular {
      body = try Normaliser.normalised(body.span, signal: signal)
      scanner = RequestScanner(signal: signal)
      try scanner.request(body.span)
    }
    return scanner.result()
  }

  private consuming func result() -> ScanResult {
    let rejected = rejections.total
    let accepted = records - rejected
    let message = rejections.message(signal)
    var index = index
    units.finish(into: &index)
    return ScanResult(index: index, accepted: accepted, rejected: rejected, rejection: message)
  }

  private mutating func request(_ bytes: ByteSpan) throws(OTLPError) {
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    while let field = try cursor.field(in: bytes) {
      if field.number == 1, field.wire == .bytes { try resourceGroup(bytes, field.slice) }
    }
  }

  /// `ResourceSpans` or `ResourceLogs`: they have the same fields.
  private mutating func resourceGroup(_ bytes: ByteSpan, _ slice: Slice) throws(OTLPError) {
    try walk.countNode()
    let resource = index.resources.count
    let firstScope = index.scopes.count
    var resources = 0
    var schemaURL = Slice.empty
    index.resources.append(.empty)
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      guard field.wire == .bytes else { continue }
      switch field.number {
      case 1:
        resources += 1
        index.resources[resource] = field.slice
        try owner(bytes, field.slice, attributes: 1)
      case 2: try scopeGroup(bytes, field.slice, resource: resource)
      case 3: schemaURL = field.slice
      default: continue
      }
    }
    if resources > 1 { walk.repeatsSingular = true }
    if index.scopes.count == firstScope { index.resources.removeLast() }
    for scope in firstScope..<index.scopes.count where index.scopes[scope].schemaURL.isEmpty {
      index.scopes[scope].schemaURL = schemaURL
    }
  }

  /// `ScopeSpans` or `ScopeLogs`. One without records leaves no trace, so that empty ones cannot fill the index.
  private mutating func scopeGroup(_ bytes: ByteSpan, _ slice: Slice, resource: Int) throws(OTLPError) {
    try walk.countNode()
    var entry = ScopeEntry(resource: UInt32(resource), scope: .empty, schemaURL: .empty)
    let scope = index.scopes.count
    index.scopes.append(entry)
    let recordsBefore = records
    var scopes = 0
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.field(in: bytes) {
      guard field.wire == .bytes else { continue }
      switch field.number {
      case 1:
        scopes += 1
        entry.scope = field.slice
        try owner(bytes, field.slice, attributes: 3)
      case 2:
        records += 1
        if records > Limits.recordsMax { throw .tooManyRecords }
        switch signal {
        case .traces: try span(bytes, field.slice, scope: UInt32(scope))
        case .logs: try log(bytes, field.slice, scope: UInt32(scope))
        }
      case 3: entry.schemaURL = field.slice
      default: continue
      }
    }
    if scopes > 1 { walk.repeatsSingular = true }
    if records == recordsBefore { index.scopes.removeLast() } else { index.scopes[scope] = entry }
  }

  /// A `Resource` or `InstrumentationScope`.
  private mutating func owner(_ bytes: ByteSpan, _ slice: Slice, attributes: UInt32) throws(OTLPError) {
    let count = try walk.attributed(bytes, slice, number: attributes)
    guard count <= Limits.attributesMax else { throw .tooManyAttributes(offset: slice.start) }
  }
}
