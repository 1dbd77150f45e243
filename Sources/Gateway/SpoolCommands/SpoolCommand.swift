package import Spool
package import Telemetry

/// `hoglet spool`: look at what waits on the disk, and do what only a person can decide.
package struct SpoolCommand: Sendable {
  package enum Action: Sendable, Equatable {
    case status
    case list(SpoolKind)
    case show(SpoolEntry)
    /// Writes files into a folder.
    case export(SpoolKind, folder: String)
    case retry(SpoolKind)
    /// Only with `isConfirmed` is anything deleted.
    case purge(SpoolKind, isConfirmed: Bool)
    case compact
  }

  package var action: Action
  package var filter: SpoolFilter
  package var isJSON: Bool
  package var settings: GatewaySettings

  package init(_ action: Action, filter: SpoolFilter = SpoolFilter(), isJSON: Bool = false, settings: GatewaySettings) {
    self.action = action
    self.filter = filter
    self.isJSON = isJSON
    self.settings = settings
  }
}

/// What a spool holds, by the words of the command line.
package enum SpoolKind: String, Sendable, CaseIterable {
  case requests, traces, dead, damaged
}

/// Which of it.
package struct SpoolFilter: Sendable, Equatable {
  /// Only these.
  package var entries: [SpoolEntry] = []
  /// Only the key with this fingerprint.
  package var key: String?
  /// Only requests that hold something of this trace.
  package var trace: TraceID?
  /// Only what came before so long.
  package var olderThan: Duration?
  /// At most so many; nil for all.
  package var limit: Int?

  package init() {}

  /// Only requests that hold something of this trace; false for what is no trace id.
  package mutating func pick(trace text: String) -> Bool {
    trace = TraceID(hex: text)
    return trace != nil
  }

  /// Only what came before so long, such as `90s`, `2h`, `7d`; false for what is no age.
  package mutating func pick(olderThan text: String) -> Bool {
    olderThan = WrittenUnits.duration(text)
    return olderThan != nil
  }
}

/// Names one thing in a spool, such as `1/42` for request 42 of lane 1.
package struct SpoolEntry: Sendable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable, CaseIterable {
    case request
    case dead
    case damaged
    case damagedDecisions = "damaged-decisions"
    case damagedDead = "damaged-dead"
  }

  package var kind: Kind
  package var lane: LaneID
  package var number: UInt64

  package init(_ kind: Kind, _ lane: LaneID, _ number: UInt64) {
    self.kind = kind
    self.lane = lane
    self.number = number
  }

  /// Reads `1/42`, `dead/1/3` or `damaged/1/7`.
  package init?(_ text: String) {
    var words = text.split(separator: "/", omittingEmptySubsequences: false)
    let kind = words.count == 3 ? Kind(rawValue: String(words.removeFirst())) : .request
    guard let kind, words.count == 2, let lane = UInt32(words[0]), let number = UInt64(words[1]) else { return nil }
    self.init(kind, LaneID(lane), number)
  }

  package var description: String {
    kind == .request ? "\(lane.value)/\(number)" : "\(kind.rawValue)/\(lane.value)/\(number)"
  }

  init(_ damage: SetAside) {
    let kind: Kind =
      switch damage.kind {
      case .request: .damaged
      case .decisions: .damagedDecisions
      case .deadLetter: .damagedDead
      }
    self.init(kind, damage.lane, damage.number)
  }

  /// What was set aside under this name; nil for what is not damaged.
  var damage: SetAside? {
    switch kind {
    case .damaged: SetAside(kind: .request, lane: lane, number: number)
    case .damagedDecisions: SetAside(kind: .decisions, lane: lane, number: number)
    case .damagedDead: SetAside(kind: .deadLetter, lane: lane, number: number)
    case .request, .dead: nil
    }
  }
}
