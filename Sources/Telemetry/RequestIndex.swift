public import Bytes

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

  /// Adds the index of a request whose body stands behind this one's, `distance` bytes on.
  package mutating func append(_ other: RequestIndex, at distance: Int) {
    let (firstResource, firstScope) = (UInt32(resources.count), UInt32(scopes.count))
    let firstRecord = UInt32(records.count)
    resources += other.resources.map { $0.shifted(by: distance) }
    scopes += other.scopes.map {
      ScopeEntry(
        resource: firstResource + $0.resource, scope: $0.scope.shifted(by: distance),
        schemaURL: $0.schemaURL.shifted(by: distance))
    }
    units += other.units.map { Unit(trace: $0.trace, first: firstRecord + $0.first, count: $0.count) }
    records += other.records.map { record in
      var moved = record
      moved.scope += firstScope
      moved.body = record.body.shifted(by: distance)
      return moved
    }
  }
}

/// Where one scope of a request stands.
@frozen @usableFromInline
package struct ScopeEntry: Sendable, Equatable {
  /// Index into `RequestIndex.resources`.
  @usableFromInline package var resource: UInt32
  /// The encoded `InstrumentationScope`.
  @usableFromInline package var scope: Slice
  /// `ScopeSpans.schema_url`, else that of its `ResourceSpans`.
  @usableFromInline package var schemaURL: Slice

  @inlinable package init(resource: UInt32, scope: Slice, schemaURL: Slice) {
    self.resource = resource
    self.scope = scope
    self.schemaURL = schemaURL
  }
}

/// The records of one request that belong to one trace.
@frozen @usableFromInline
package struct Unit: Sendable, Equatable {
  /// Nil for a log record without a trace id.
  @usableFromInline package var trace: TraceID?
  /// Index of its first record in `RequestIndex.records`.
  @usableFromInline package var first: UInt32
  @usableFromInline package var count: UInt32

  @inlinable package init(trace: TraceID?, first: UInt32, count: UInt32) {
    self.trace = trace
    self.first = first
    self.count = count
  }

  @inlinable package var range: Range<Int> { Int(first)..<Int(first) + Int(count) }
}

/// One span or log record: where it stands, and what assembly must know of it before it is decoded.
@frozen @usableFromInline
package struct RecordEntry: Sendable, Equatable {
  @frozen @usableFromInline
  package struct Flags: OptionSet, Sendable, Equatable {
    @usableFromInline package let rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// A log record; else a span.
    @inlinable package static var log: Flags { Flags(rawValue: 1) }
    /// The span's parent lives in another process (flags bit 8 says known, bit 9 says remote).
    @inlinable package static var remoteParent: Flags { Flags(rawValue: 2) }
    /// The span has an end time.
    @inlinable package static var ended: Flags { Flags(rawValue: 4) }
    /// A log record that describes a model call: its event name, or its attribute `event.name`, begins with `gen_ai.`.
    @inlinable package static var modelCall: Flags { Flags(rawValue: 8) }
    /// A log record that has an event name: without a trace id, only such a record can be a step.
    @inlinable package static var named: Flags { Flags(rawValue: 16) }
  }

  @usableFromInline package var flags: Flags
  /// Index into `RequestIndex.scopes`.
  @usableFromInline package var scope: UInt32
  /// The encoded `Span` or `LogRecord` message in the body.
  @usableFromInline package var body: Slice
  /// The span id; 0 for a log record without one.
  @usableFromInline package var span: UInt64
  /// The parent span id; 0 for a root and for log records.
  @usableFromInline package var parent: UInt64
  /// Start of the span, or time of the log record, in nanoseconds since 1970.
  @usableFromInline package var start: UInt64

  @inlinable package init(flags: Flags, scope: UInt32, body: Slice, span: UInt64, parent: UInt64, start: UInt64) {
    self.flags = flags
    self.scope = scope
    self.body = body
    self.span = span
    self.parent = parent
    self.start = start
  }
}
