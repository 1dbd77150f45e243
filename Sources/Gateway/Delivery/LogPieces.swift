import Bytes
import OTLP
import Telemetry

/// Kept log records as PostHog's logs endpoint takes them: fields of an `ExportLogsServiceRequest`, each a `ResourceLogs` of
/// one scope, with the records as they came and a few attributes more (posthog.md, section 5).
enum LogPieces {
  /// A piece is refused as a whole if one of its records is bad, so it is no larger than this; a larger record has one of
  /// its own.
  static let bytesMax = 64 << 10

  /// Appends the pieces that hold `kept`, indices into `batch.logs`, to `out`, and returns where they stand. `attributes`
  /// gives what a record is told beside what it says itself: encoded fields of `LogRecord`.
  static func write(
    _ batch: Batch, kept: some Sequence<Int>, to out: inout ByteBuffer, attributes: (Int) -> [UInt8]
  ) -> [Slice] {
    var pieces: [Slice] = []
    let bytes = batch.arena.span
    var records = ByteBuffer(capacity: 1 << 12)
    var scope: Int32 = -1
    func close() {
      guard records.count > 0 else { return }
      let entry = batch.scopes[Int(scope)]
      let start = out.count
      RequestWriter.appendGroup(
        bytes, resource: batch.resources[Int(entry.resource)].encoded, scope: entry.encoded,
        schemaURL: entry.schemaURL, records, to: &out)
      pieces.append(Slice(start, out.count))
      records.truncate(to: 0)
    }
    for index in kept {
      let log = batch.logs[index]
      if log.scope != scope || records.count + Int(log.encoded.count) > bytesMax { close() }
      scope = log.scope
      let more = attributes(index)
      records.appendTag(2, .bytes)
      records.appendVarint(UInt64(Int(log.encoded.count) + more.count))
      records.append(bytes, log.encoded)
      records.append(more)
    }
    close()
    return pieces
  }

  /// How many records a piece holds.
  static func count(_ piece: [UInt8]) -> Int {
    let bytes = piece.span
    var records = 0
    func each(_ slice: Slice, _ number: UInt32, _ body: (Slice) -> Void) {
      var cursor = ProtobufCursor(slice)
      while let field = (try? cursor.next(in: bytes)) ?? nil {
        if field.number == number, field.wire == .bytes { body(field.slice) }
      }
    }
    each(Slice(0, piece.count), 1) { resource in
      each(resource, 2) { scope in each(scope, 2) { _ in records += 1 } }
    }
    return records
  }

  /// Whether something that died is a piece: events are JSON objects.
  static func isPiece(_ bytes: [UInt8]) -> Bool { bytes.first == 0x0a }
}

extension Decision {
  /// As `members`, for a log record: encoded attributes, nothing where nothing was sampled.
  var logAttributes: [UInt8] {
    if self == .keepAll { return [] }
    var out = ByteBuffer(capacity: 160)
    out.appendLogAttribute("$sample_weight", double: weight)
    out.appendLogAttribute("$sample_rate", double: probability)
    out.appendLogAttribute("$sample_reason", text: Array("\(reason.text)".utf8))
    out.appendLogAttribute("$sample_policy", text: Array(String(policyVersion).utf8))
    return out.array()
  }
}

extension ByteBuffer {
  /// Appends an attribute of a `LogRecord` (field 6), a string.
  mutating func appendLogAttribute(_ key: String, text: [UInt8]) {
    appendLogAttribute(key) { $0.appendField(1, text.span) }
  }

  /// A double.
  mutating func appendLogAttribute(_ key: String, double: Double) {
    appendLogAttribute(key) {
      $0.appendTag(4, .fixed64)
      $0.appendLittleEndian(double.bitPattern)
    }
  }

  private mutating func appendLogAttribute(_ key: String, value: (inout ByteBuffer) -> Void) {
    var any = ByteBuffer()
    value(&any)
    var pair = ByteBuffer()
    pair.appendField(1, Array(key.utf8).span)
    any.withSpan { pair.appendField(2, $0) }
    pair.withSpan { appendField(6, $0) }
  }
}
