package import Telemetry

/// An event as local mode keeps it: the columns people search by, and the whole of it as JSON. No project key: a store
/// belongs to one machine, and keys are nobody's to read.
package struct StoredEvent: Sendable, Equatable {
  /// The event's own id; a second event with the same one is the same event.
  package var uuid: String
  /// `$ai_generation` and so on.
  package var event: String
  package var distinctID: String
  /// RFC 3339, as it stands in the event.
  package var timestamp: String
  /// The same instant in nanoseconds since 1970.
  package var time: UInt64
  /// nil for events that belong to no trace (roll-ups).
  package var trace: TraceID?
  /// The event as PostHog would get it, UTF-8.
  package var json: [UInt8]

  package init(
    uuid: String, event: String, distinctID: String, timestamp: String, time: UInt64, trace: TraceID?, json: [UInt8]
  ) {
    self.uuid = uuid
    self.event = event
    self.distinctID = distinctID
    self.timestamp = timestamp
    self.time = time
    self.trace = trace
    self.json = json
  }
}
