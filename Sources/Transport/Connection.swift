import NIOCore

/// A connection of any protocol, as its event loop and its replies see it. All calls on its event loop.
protocol Connection: AnyObject {
  /// Answers request number `sequence`; nothing happens when it is no longer waiting for one.
  func answer(_ response: Response, to sequence: UInt32)
  /// Answers request number `sequence` with 503: nobody else will.
  func answerUnavailable(to sequence: UInt32)
  /// Looks whether a deadline has passed.
  func sweep(now: NIODeadline)
  /// Finishes what is open, begins nothing new.
  func quiesce()
  /// Closes at once.
  func abort()
}

/// Before the first request there is nothing to answer, and nothing to finish.
extension Connection {
  func answer(_ response: Response, to sequence: UInt32) {}
  func answerUnavailable(to sequence: UInt32) {}
  func quiesce() { abort() }
}
