/// What can go wrong with a local store, told for the person who runs it. Never holds content of events.
package enum StoreError: Error, Equatable, Sendable {
  /// The file cannot be created or opened, or is no store of ours.
  case unusable(path: String, reason: String)
  /// A newer version of this program wrote the file.
  case tooNew(path: String)
  /// Reading or writing failed; nothing of the insert was stored.
  case failed(path: String, reason: String)
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unusable(let path, let reason):
      "the local store \(path) cannot be used: \(reason); check that its directory exists and belongs to this user, "
        + "or name another file"
    case .tooNew(let path):
      "the local store \(path) was written by a newer hoglet; use that one, or name another file"
    case .failed(let path, let reason):
      "the local store \(path) failed: \(reason); check the disk's free space and health"
    }
  }
}
