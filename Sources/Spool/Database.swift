/// The named databases of the environment; the raw value is the name on disk.
enum Database: String, CaseIterable {
  /// lane ‖ sequence → header, chunk checksums, index.
  case requests
  /// lane ‖ sequence ‖ chunk → that part of the body (or of a long index).
  case bodies
  /// lane ‖ block → sealed block.
  case decisions
  /// lane → sealed project key.
  case keys
  /// lane ‖ number → sealed dead letter.
  case dead
  /// lane → sealed next numbers; lane 0 (never given out) → format version and next lane.
  case meta
  /// lane ‖ number ‖ kind → a value that failed its checksum, as it was found.
  case quarantine
}
