package import Bytes

/// What intake notes of a request while it walks it once: its units and where their records stand in the body.
///
/// A *unit* is all spans and logs of one request that share a trace id; a log without one is a unit of its own. With the
/// index, delivery decodes only the records a trace needs.
package struct RequestIndex: Sendable, Equatable {
  /// The encoded `Resource` messages.
  package var resources: [Slice] = []
  package var scopes: [ScopeEntry] = []
  package var units: [Unit] = []
  /// The records of all units, unit by unit, in the order in which they came.
  package var records: [RecordEntry] = []

  package init() {}
}

/// Where one scope of a request stands.
package struct ScopeEntry: Sendable, Equatable {
  /// Index into `RequestIndex.resources`.
  package var resource: UInt32
  /// The encoded `InstrumentationScope`.
  package var scope: Slice
  /// `ScopeSpans.schema_url`, else that of its `ResourceSpans`.
  package var schemaURL: Slice

  package init(resource: UInt32, scope: Slice, schemaURL: Slice) {
    self.resource = resource
    self.scope = scope
    self.schemaURL = schemaURL
  }
}

/// The records of one request that belong to one trace.
package struct Unit: Sendable, Equatable {
  /// Nil for a log record without a trace id.
  package var trace: TraceID?
  /// Index of its first record in `RequestIndex.records`.
  package var first: UInt32
  package var count: UInt32

  package init(trace: TraceID?, first: UInt32, count: UInt32) {
    self.trace = trace
    self.first = first
    self.count = count
  }

  package var range: Range<Int> { Int(first)..<Int(first) + Int(count) }
}

/// One span or log record: where it stands, and what assembly must know of it before it is decoded.
package struct RecordEntry: Sendable, Equatable {
  package struct Flags: OptionSet, Sendable, Equatable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// A log record; else a span.
    package static let log = Flags(rawValue: 1)
    /// The span's parent lives in another process (flags bit 8 says known, bit 9 says remote).
    package static let remoteParent = Flags(rawValue: 2)
    /// The span has an end time.
    package static let ended = Flags(rawValue: 4)
    /// A log record that describes a model call: its event name, or its attribute `event.name`, begins with `gen_ai.`.
    package static let modelCall = Flags(rawValue: 8)
  }

  package var flags: Flags
  /// Index into `RequestIndex.scopes`.
  package var scope: UInt32
  /// The encoded `Span` or `LogRecord` message in the body.
  package var body: Slice
  /// The span id; 0 for a log record without one.
  package var span: UInt64
  /// The parent span id; 0 for a root and for log records.
  package var parent: UInt64
  /// Start of the span, or time of the log record, in nanoseconds since 1970.
  package var start: UInt64

  package init(flags: Flags, scope: UInt32, body: Slice, span: UInt64, parent: UInt64, start: UInt64) {
    self.flags = flags
    self.scope = scope
    self.body = body
    self.span = span
    self.parent = parent
    self.start = start
  }
}
