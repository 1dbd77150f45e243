/// How much a local store keeps. What exceeds a limit is removed, what was stored first first.
package struct StoreLimits: Sendable, Equatable {
  /// One GiB: some hundred thousand calls with their prompts, and no surprise on a laptop's disk.
  package static let bytesMaxDefault = 1 << 30
  /// A week: long enough to come back to last Friday's trace.
  package static let ageMaxDefault: Duration = .seconds(7 * 24 * 60 * 60)

  /// Bytes of the database that are in use. The file itself may be larger by one insert and the write-ahead log.
  package var bytesMax: Int
  /// Counted from the moment an event was stored, not from its timestamp: old traces that are imported stay as long.
  package var ageMax: Duration

  package init(bytesMax: Int = bytesMaxDefault, ageMax: Duration = ageMaxDefault) {
    self.bytesMax = bytesMax
    self.ageMax = ageMax
  }
}
