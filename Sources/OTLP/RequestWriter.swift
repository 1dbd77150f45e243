package import Bytes
package import Telemetry

/// Puts records that were taken out of requests back into requests, each with its resource and scope, as they came: what
/// a dead letter keeps, and what people export.
package enum RequestWriter {
  /// `ExportTraceServiceRequest` of the spans and `ExportLogsServiceRequest` of the log records among `records`; empty
  /// without any. Slices refer to `bytes`, indices are as for `BatchDecoder.decode`.
  package static func requests(
    _ bytes: ByteSpan, resources: [Slice], scopes: [ScopeEntry], records: [RecordEntry]
  ) -> (traces: [UInt8], logs: [UInt8]) {
    func request(_ isLog: Bool) -> [UInt8] {
      var out = ByteBuffer()
      for number in scopes.indices {
        let own = records.filter { Int($0.scope) == number && $0.flags.contains(.log) == isLog }
        if own.isEmpty { continue }
        var encoded = ByteBuffer()
        for record in own { encoded.appendField(2, bytes.extracting(record.body.range)) }
        let entry = scopes[number]
        appendGroup(
          bytes, resource: resources[Int(entry.resource)], scope: entry.scope, schemaURL: entry.schemaURL, encoded,
          to: &out)
      }
      return out.array()
    }
    return (request(false), request(true))
  }

  /// Appends the field of a request that holds a `ResourceSpans` or `ResourceLogs` with one scope: they have the same
  /// fields. `records` are fields of the scope's group already; other slices refer to `bytes`.
  package static func appendGroup(
    _ bytes: ByteSpan, resource: Slice, scope: Slice, schemaURL: Slice, _ records: borrowing ByteBuffer,
    to out: inout ByteBuffer
  ) {
    let recordsSize = records.count
    let urlSize = schemaURL.isEmpty ? 0 : fieldSize(Int(schemaURL.count))
    let scopeSize = fieldSize(Int(scope.count)) + recordsSize + urlSize
    out.appendTag(1, .bytes)
    out.appendVarint(UInt64(fieldSize(Int(resource.count)) + fieldSize(scopeSize)))
    out.appendField(1, bytes.extracting(resource.range))
    out.appendTag(2, .bytes)
    out.appendVarint(UInt64(scopeSize))
    out.appendField(1, bytes.extracting(scope.range))
    records.copy(0, recordsSize, to: &out)
    if !schemaURL.isEmpty { out.appendField(3, bytes.extracting(schemaURL.range)) }
  }

  /// What a field with a number below 16 takes with so much content.
  private static func fieldSize(_ content: Int) -> Int {
    1 + max(1, (UInt64.bitWidth - UInt64(content).leadingZeroBitCount + 6) / 7) + content
  }
}
