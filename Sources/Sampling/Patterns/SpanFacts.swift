package import Bytes

/// What tells kinds of spans apart. The slices lie in one arena; empty ones say nothing.
package struct SpanFacts: Sendable {
  /// The span's kind as OTLP numbers it.
  package var kind: UInt8 = 0
  package var name = Slice.empty
  /// `gen_ai.operation.name`
  package var operation = Slice.empty
  package var provider = Slice.empty
  package var model = Slice.empty
  package var tool = Slice.empty
  package var service = Slice.empty
  /// The status code as OTLP numbers it.
  package var status: UInt8 = 0
  /// `error.type`
  package var errorType = Slice.empty

  package init() {}
}

extension LineScanner {
  /// The same for spans that differ in the values in their names only, on every replica. Nothing is mined: a span's name is
  /// short, and what varies in it is told by attributes.
  package mutating func signature(of span: SpanFacts, in bytes: ByteSpan) -> PatternID {
    scan(bytes, span.name)
    var hash = PatternHash.mix(id.value, UInt64(span.kind) << 8 | UInt64(span.status))
    func add(_ slice: Slice) {
      hash = PatternHash.mix(hash, PatternHash.text(bytes, slice.start, Int(slice.count), tag: Self.spanTag))
    }
    add(span.operation)
    add(span.provider)
    add(span.model)
    add(span.tool)
    add(span.service)
    add(span.errorType)
    return PatternID(hash)
  }

  private static var spanTag: UInt64 { 0x7370_616e }

  /// How a kind of span is shown.
  package mutating func template(of span: SpanFacts, in bytes: ByteSpan) -> String {
    scan(bytes, span.name)
    var text = WordKey(self, bytes).template(self, bytes)
    for (name, slice) in [
      ("operation", span.operation), ("provider", span.provider), ("model", span.model), ("tool", span.tool),
      ("service", span.service), ("error", span.errorType),
    ] where !slice.isEmpty {
      text += Array(" \(name)=".utf8)
      for index in slice.range { text.append(bytes[index] < 0x20 || bytes[index] == 0x7f ? 0x20 : bytes[index]) }
    }
    return String(decoding: text.prefix(PatternMiner.templateBytesMax), as: UTF8.self)
  }
}
