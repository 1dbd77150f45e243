internal import Bytes
package import Telemetry

/// What a file holds, told by its content: for people who hand files to `hoglet map` or `hoglet replay`.
package struct ContentKind: Sendable, Equatable {
  package var signal: Signal
  package var encoding: Encoding

  static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// Nil for anything that is not an OTLP request with at least one resource in it.
  package static func identify(_ bytes: [UInt8]) -> ContentKind? {
    // JSON first: white space before a brace could also be a protobuf tag and length, but nothing else fits then.
    if let signal = JSONTranscoder.signal(of: bytes.span) { return ContentKind(signal: signal, encoding: .json) }
    if let signal = protobufSignal(bytes) { return ContentKind(signal: signal, encoding: .protobuf) }
    return nil
  }

  /// Traces and logs have the same outer messages, so that the fields of their records have to tell them apart.
  private static func protobufSignal(_ bytes: [UInt8]) -> Signal? {
    guard bytes.first == 0x0a else { return nil }
    let readable = Signal.allCases.filter { signal in
      var body = bytes
      return (try? RequestScanner.scan(&body, signal: signal)) != nil
    }
    guard readable.count == Signal.allCases.count else { return readable.first }
    var evidence = 0
    let span = bytes.span
    try? each(1, span, Slice(0, span.count)) { (group: Slice) throws(ProtobufError) in
      try each(2, span, group) { (scope: Slice) throws(ProtobufError) in
        try each(2, span, scope) { (record: Slice) throws(ProtobufError) in
          var cursor = ProtobufCursor(record)
          while let field = try cursor.next(in: span) { evidence += weight(field) }
        }
      }
    }
    return evidence < 0 ? .logs : .traces
  }

  private static func each(
    _ number: UInt32, _ bytes: ByteSpan, _ slice: Slice, _ body: (Slice) throws(ProtobufError) -> Void
  ) throws(ProtobufError) {
    var cursor = ProtobufCursor(slice)
    while let field = try cursor.next(in: bytes) {
      if field.number == number, field.wire == .bytes { try body(field.slice) }
    }
  }

  /// Above 0 for a field that only a `Span` has in this form, below 0 for one that only a `LogRecord` has; ids, whose
  /// length is known, count for more.
  private static func weight(_ field: ProtobufField) -> Int {
    switch (field.number, field.wire) {
    case (1, .bytes): field.slice.count == 16 ? 4 : 1
    case (2, .bytes): field.slice.count == 8 ? 4 : 1
    case (6, .varint), (7, .fixed64), (8, .fixed64), (11, .bytes), (15, .bytes), (16, .fixed32): 1
    case (9, .bytes): field.slice.count == 16 ? 0 : 1
    case (1, .fixed64), (11, .fixed64): -4
    case (2, .varint), (6, .bytes), (8, .fixed32): -1
    default: 0
    }
  }
}

extension JSONTranscoder {
  /// The signal of an OTLP/JSON request by the first name that tells; nil if this is no such thing.
  static func signal(of bytes: ByteSpan) -> Signal? {
    var transcoder = JSONTranscoder(bytes)
    return try? transcoder.signal(bytes)
  }

  private mutating func signal(_ bytes: ByteSpan) throws(OTLPError) -> Signal? {
    var more = try open("{", "}", bytes)
    while more {
      let name = try string(bytes)
      for signal in Signal.allCases {
        if Message.request(signal).fields[0].isNamed(bytes, name) { return signal }
      }
      try expect(":", bytes)
      try skip(bytes, depth: 0)
      more = try another("}", bytes)
    }
    return nil
  }
}
