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
        group(bytes, resource: resources[Int(scopes[number].resource)], scopes[number], own).withSpan {
          out.appendField(1, $0)
        }
      }
      return out.array()
    }
    return (request(false), request(true))
  }

  /// `ResourceSpans` or `ResourceLogs` with one scope: they have the same fields.
  private static func group(
    _ bytes: ByteSpan, resource: Slice, _ entry: ScopeEntry, _ records: [RecordEntry]
  ) -> ByteBuffer {
    var scope = ByteBuffer()
    scope.appendField(1, bytes.extracting(entry.scope.range))
    for record in records { scope.appendField(2, bytes.extracting(record.body.range)) }
    if !entry.schemaURL.isEmpty { scope.appendField(3, bytes.extracting(entry.schemaURL.range)) }
    var out = ByteBuffer()
    out.appendField(1, bytes.extracting(resource.range))
    scope.withSpan { out.appendField(2, $0) }
    return out
  }
}
