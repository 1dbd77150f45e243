/// A stored value that failed its checksum, for the writer to set aside.
struct Damage: Equatable {
  enum Kind: UInt16 {
    case request = 1
    case decisions = 2
    case deadLetter = 3

    var database: Database {
      switch self {
      case .request: .requests
      case .decisions: .decisions
      case .deadLetter: .dead
      }
    }
  }

  /// How many are kept for somebody to look at, the first going first: enough to see what a disk does, little space.
  static let keptMax = 64

  var kind: Kind
  var lane: LaneID
  var number: UInt64
}
