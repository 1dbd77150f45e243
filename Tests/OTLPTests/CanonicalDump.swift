import Bytes
import OTLP
import Telemetry

/// What a request says, as text that `Tests/Differential/otlp_reference.py` writes in the same form.
enum CanonicalDump {
  /// Scans and decodes `body`. Of each unit the records come in the index's order.
  static func text(of body: [UInt8], signal: Signal) throws(OTLPError) -> String {
    var batch = Batch(arena: body)
    let result = try RequestScanner.scan(&batch.arena, signal: signal)
    var decoder = BatchDecoder()
    try decoder.decode(
      resources: result.index.resources, scopes: result.index.scopes, records: result.index.records, into: &batch)
    var writer = DumpWriter(batch: batch, index: result.index)
    writer.request(result, signal: signal)
    return writer.out.string
  }
}

/// Writes the dump; on the way it checks that the index says the same as the batch.
private struct DumpWriter: ~Copyable {
  let batch: Batch
  let index: RequestIndex
  var out = ByteBuffer()

  init(batch: Batch, index: RequestIndex) {
    self.batch = batch
    self.index = index
  }

  mutating func request(_ result: ScanResult, signal: Signal) {
    out.append("{\"rejected\":")
    out.appendDecimal(Int64(result.rejected))
    out.append(",\"units\":")
    array(index.units) { writer, unit in
      writer.array(Array(unit.range)) { writer, record in
        switch signal {
        case .traces: writer.span(writer.batch.spans[record], writer.index.records[record], unit)
        case .logs: writer.log(writer.batch.logs[record], writer.index.records[record], unit)
        }
      }
    }
    out.append("}")
  }

  private mutating func span(_ span: Telemetry.Span, _ entry: RecordEntry, _ unit: Unit) {
    let agrees =
      unit.trace == span.trace && entry.span == span.id.value && entry.parent == span.parent?.value ?? 0
      && entry.start == span.start && entry.flags.contains(.ended) == (span.end != 0)
      && entry.flags.contains(.remoteParent) == span.parentIsRemote && !entry.flags.contains(.log)
    if !agrees { out.append("(the index disagrees)") }
    out.append("{\"trace\":\"\(span.trace)\",\"span\":\"\(span.id)\",\"parent\":\"")
    out.append(span.parent?.description ?? "")
    out.append("\",\"remote\":\(span.parentIsRemote),\"name\":")
    text(span.name)
    out.append(",\"kind\":\(span.kind),\"start\":\"\(span.start)\",\"end\":\"\(span.end)\",\"state\":")
    text(span.traceState)
    out.append(",\"status\":\(span.status.rawValue),\"message\":")
    text(span.statusMessage)
    out.append(",\"attributes\":")
    attributes(span.attributes)
    out.append(",\"events\":")
    array(span.events.map { batch.events[Int($0)] }) { writer, event in
      writer.out.append("[")
      writer.text(event.name)
      writer.out.append(",\"\(event.time)\",")
      writer.attributes(event.attributes)
      writer.out.append("]")
    }
    origin(span.scope)
  }

  private mutating func log(_ log: LogRecord, _ entry: RecordEntry, _ unit: Unit) {
    let agrees =
      unit.trace == log.trace && entry.span == log.span?.value ?? 0 && entry.body == log.encoded
      && entry.start == (log.time == 0 ? log.observedTime : log.time) && entry.flags.contains(.log)
    if !agrees { out.append("(the index disagrees)") }
    out.append("{\"trace\":\"\(log.trace?.description ?? "")\",\"span\":\"\(log.span?.description ?? "")\"")
    out.append(",\"time\":\"\(log.time)\",\"observed\":\"\(log.observedTime)\",\"severity\":\(log.severity),\"text\":")
    text(log.severityText)
    out.append(",\"event\":")
    text(log.eventName)
    out.append(",\"call\":\(entry.flags.contains(.modelCall)),\"body\":")
    value(log.body)
    out.append(",\"attributes\":")
    attributes(log.attributes)
    origin(log.scope)
  }

  private mutating func origin(_ index: Int32) {
    let scope = batch.scopes[Int(index)]
    out.append(",\"scope\":[")
    text(scope.name)
    out.append(",")
    text(scope.version)
    out.append(",")
    text(scope.schemaURL)
    out.append(",")
    attributes(scope.attributes)
    out.append("],\"resource\":")
    attributes(batch.resources[Int(scope.resource)].attributes)
    out.append("}")
  }

  private mutating func attributes(_ run: Run) {
    pairs(batch.attributes[Int(run.lowerBound)..<Int(run.upperBound)].map { $0 })
  }

  private mutating func pairs(_ attributes: [Attribute]) {
    array(attributes) { writer, attribute in
      writer.out.append("[")
      writer.text(attribute.key)
      writer.out.append(",")
      writer.value(attribute.value)
      writer.out.append("]")
    }
  }

  private mutating func value(_ value: Value) {
    let arena = batch.arena
    out.append("[\"")
    switch value {
    case .empty: out.append("0\"")
    case .string(let slice):
      out.append("s\",")
      text(slice)
    case .int(let number): out.append("i\",\"\(number)\"")
    case .bool(let flag): out.append("b\",\(flag)")
    case .double(let number):
      out.append("d\",\"")
      if number.isNaN { out.append("nan") } else { out.appendHex(number.bitPattern) }
      out.append("\"")
    case .bytes(let slice):
      out.append("x\",\"")
      for byte in arena[slice.range] {
        out.append(Hex.character(UInt64(byte >> 4)))
        out.append(Hex.character(UInt64(byte)))
      }
      out.append("\"")
    case .array(let slice):
      out.append("a\",")
      var reader = ArrayReader(slice)
      var values: [Value] = []
      while let next = try? reader.next(in: arena.span) { values.append(next) }
      array(values) { writer, element in writer.value(element) }
    case .map(let slice):
      out.append("m\",")
      var reader = MapReader(slice)
      var members: [Attribute] = []
      while let next = try? reader.next(in: arena.span) { members.append(next) }
      pairs(members)
    }
    out.append("]")
  }

  private mutating func text(_ slice: Slice) {
    let arena = batch.arena
    out.appendJSONString(arena.span, slice)
  }

  private mutating func array<Element>(_ elements: [Element], _ body: (inout DumpWriter, Element) -> Void) {
    out.append("[")
    for (index, element) in elements.enumerated() {
      if index > 0 { out.append(",") }
      body(&self, element)
    }
    out.append("]")
  }
}
