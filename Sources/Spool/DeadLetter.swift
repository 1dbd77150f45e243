/// An event that PostHog refuses for good, kept for people to look at and to try again.
package struct DeadLetter: Sendable, Equatable {
  /// Nanoseconds since 1970.
  package var time: UInt64
  /// The HTTP status PostHog answered; 0 if the event was not sent.
  package var status: UInt16
  /// What PostHog said, cut and without secrets.
  package var reason: String
  /// The event as it was sent, JSON.
  package var event: [UInt8]
  /// What it was made of; nil if that could not be read any more, and in letters of version 1.
  package var source: DeadLetterSource?

  package init(time: UInt64, status: UInt16, reason: String, event: [UInt8], source: DeadLetterSource? = nil) {
    self.time = time
    self.status = status
    self.reason = reason
    self.event = event
    self.source = source
  }
}

/// The spans and log records that a dead event was made of, as the client sent them: enough to map it again and to send
/// it under the same uuid.
package struct DeadLetterSource: Sendable, Equatable {
  /// What may not change about the event (an entry of the decision log), opaque to the spool; at most
  /// `frozenBytesMax`.
  package var frozen: [UInt8]
  /// What is fixed about one event: a user's name is the longest part, and has 200 characters. Two bytes count it.
  package static let frozenBytesMax = 8_192
  /// `RequestIndex.encoded()` of `body`.
  package var index: [UInt8]
  /// An `ExportTraceServiceRequest`, and behind it an `ExportLogsServiceRequest`; either may be empty.
  package var body: [UInt8]
  /// Where the second one begins.
  package var tracesCount: Int

  package init(frozen: [UInt8], index: [UInt8], body: [UInt8], tracesCount: Int) {
    self.frozen = frozen
    self.index = index
    self.body = body
    self.tracesCount = tracesCount
  }

  /// `ExportTraceServiceRequest`, for whoever exports it.
  package var traces: ArraySlice<UInt8> { body[..<tracesCount] }
  /// `ExportLogsServiceRequest`.
  package var logs: ArraySlice<UInt8> { body[tracesCount...] }
}

/// A dead letter under the number that names it within its lane.
package struct StoredDeadLetter: Sendable, Equatable {
  package var number: UInt64
  package var letter: DeadLetter

  package init(number: UInt64, letter: DeadLetter) {
    self.number = number
    self.letter = letter
  }
}
