package import Bytes

/// Decoded telemetry: flat arrays over one arena of bytes. Everything refers to the arena by offset, so a batch is a
/// plain value, cheap to make and without lifetimes (architecture.md, section 3).
package struct Batch: Sendable {
  package var arena: [UInt8]
  package var attributes: [Attribute] = []
  package var resources: [Resource] = []
  package var scopes: [Scope] = []
  package var spans: [Span] = []
  package var events: [SpanEvent] = []
  package var logs: [LogRecord] = []

  package init(arena: [UInt8] = []) {
    self.arena = arena
  }

  /// A larger arena was made by a large trace, and is not kept for small ones.
  private static let keptBytesMax = 4 << 20

  /// Forgets everything but the memory, so that one batch serves trace after trace.
  package mutating func removeAll() {
    arena.removeAll(keepingCapacity: arena.capacity <= Self.keptBytesMax)
    attributes.removeAll(keepingCapacity: true)
    resources.removeAll(keepingCapacity: true)
    scopes.removeAll(keepingCapacity: true)
    spans.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
    logs.removeAll(keepingCapacity: true)
  }
}

/// A contiguous run of `Batch.attributes` (or `Batch.events`).
package typealias Run = Range<Int32>

/// What produced the telemetry: OTLP `Resource`.
package struct Resource: Sendable, Equatable {
  package var attributes: Run
  /// The encoded message, for forwarding it as it came.
  package var encoded: Slice = .empty
  package init(attributes: Run) { self.attributes = attributes }
}

/// The instrumentation that made the records: OTLP `InstrumentationScope`, with where it stands.
package struct Scope: Sendable, Equatable {
  package var name: Slice
  package var version: Slice
  package var schemaURL: Slice
  package var attributes: Run
  /// Index into `Batch.resources`.
  package var resource: Int32
  /// The encoded message, for forwarding it as it came.
  package var encoded: Slice = .empty

  package init(name: Slice, version: Slice, schemaURL: Slice, attributes: Run, resource: Int32) {
    self.name = name
    self.version = version
    self.schemaURL = schemaURL
    self.attributes = attributes
    self.resource = resource
  }
}

/// OTLP `Status.StatusCode`.
package enum StatusCode: UInt8, Sendable {
  case unset = 0
  case ok = 1
  case error = 2
}

/// One operation of a trace: OTLP `Span`.
package struct Span: Sendable, Equatable {
  package var trace: TraceID
  package var id: SpanID
  /// Nil for a root.
  package var parent: SpanID?
  /// Whether the parent lives in another process, as far as the span's flags say (bits 8 and 9).
  package var parentIsRemote: Bool
  package var name: Slice = .empty
  /// OTLP `SpanKind` (0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer).
  package var kind: UInt8 = 0
  /// Nanoseconds since 1970.
  package var start: UInt64 = 0
  /// Nanoseconds since 1970; 0 if the span never said.
  package var end: UInt64 = 0
  package var traceState: Slice = .empty
  package var status: StatusCode = .unset
  package var statusMessage: Slice = .empty
  package var attributes: Run = 0..<0
  /// A run of `Batch.events`.
  package var events: Run = 0..<0
  /// Index into `Batch.scopes`.
  package var scope: Int32

  package init(trace: TraceID, id: SpanID, parent: SpanID?, parentIsRemote: Bool, scope: Int32) {
    self.trace = trace
    self.id = id
    self.parent = parent
    self.parentIsRemote = parentIsRemote
    self.scope = scope
  }
}

/// Something that happened during a span: OTLP `Span.Event`.
package struct SpanEvent: Sendable, Equatable {
  package var name: Slice
  /// Nanoseconds since 1970.
  package var time: UInt64
  package var attributes: Run

  package init(name: Slice, time: UInt64, attributes: Run) {
    self.name = name
    self.time = time
    self.attributes = attributes
  }
}

/// OTLP `LogRecord`.
package struct LogRecord: Sendable, Equatable {
  package var trace: TraceID?
  package var span: SpanID?
  /// Nanoseconds since 1970; 0 if unknown.
  package var time: UInt64 = 0
  package var observedTime: UInt64 = 0
  /// 1 (TRACE) to 24 (FATAL4); 0 if unknown.
  package var severity: UInt8 = 0
  package var severityText: Slice = .empty
  package var eventName: Slice = .empty
  package var body: Value = .empty
  package var attributes: Run = 0..<0
  /// Index into `Batch.scopes`.
  package var scope: Int32
  /// The encoded record, for forwarding it as it came.
  package var encoded: Slice = .empty

  package init(trace: TraceID?, span: SpanID?, scope: Int32) {
    self.trace = trace
    self.span = span
    self.scope = scope
  }
}
