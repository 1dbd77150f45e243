/// How much of what was damaged is kept.
enum Damage {
  /// Values, the first going first: whoever has more has a disk to replace.
  static let keptMax = 1024
}

extension SetAside.Kind {
  var database: Database {
    switch self {
    case .request: .requests
    case .decisions: .decisions
    case .deadLetter: .dead
    }
  }
}

extension SetAside {
  /// Where the value was.
  var source: StoreKey { StoreKey(lane: lane, number: number) }
  /// Where it is now.
  var place: StoreKey { StoreKey(lane: lane, number: number, chunk: kind.rawValue) }

  /// Reads a place back; nil for a kind that is not known.
  init?(_ place: StoreKey) {
    guard let kind = Kind(rawValue: place.chunk) else { return nil }
    self.init(kind: kind, lane: place.lane, number: place.number)
  }
}
