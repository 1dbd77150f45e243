package import Bytes
package import Telemetry

/// Names a lane: everything that belongs to one project key. Given out by the spool, never reused.
package struct LaneID: Hashable, Sendable, Comparable {
  package let value: UInt32
  package init(_ value: UInt32) { self.value = value }
  package static func < (one: LaneID, other: LaneID) -> Bool { one.value < other.value }
}

/// A request as intake hands it over: what the client sent (as OTLP protobuf) and the index of its units.
package struct Append: Sendable {
  /// Comes back in the outcome; the spool does not look at it.
  package var token: UInt64
  /// The project key; decides the lane. Secret: never in logs or errors.
  package var key: String
  package var signal: Signal
  /// When the request arrived, in nanoseconds since 1970.
  package var arrival: UInt64
  /// `RequestIndex.encoded()`.
  package var index: [UInt8]
  /// The OTLP protobuf body, identity-encoded.
  package var body: [UInt8]
  /// Comes back as `StoredRequest.frozen`.
  var frozen: [UInt8] = []

  package init(token: UInt64, key: String, signal: Signal, arrival: UInt64, index: [UInt8], body: [UInt8]) {
    self.token = token
    self.key = key
    self.signal = signal
    self.arrival = arrival
    self.index = index
    self.body = body
  }
}

/// What became of an `Append` or a `Change`.
package enum CommitOutcome: Sendable, Equatable {
  /// Durable: the transaction was synced to disk. `sequence` is the request's number in its lane (0 for a change).
  case durable(lane: LaneID, sequence: UInt64)
  /// Nothing of it was stored; the client may try again.
  case refused(Refusal)
}

/// Why the spool took nothing.
package enum Refusal: Error, Sendable, Equatable {
  /// The spool holds as many bytes as it may (`SpoolSettings.bytesMax`).
  case full(bytesMax: Int)
  /// The key holds as many bytes as one key may (`SpoolSettings.keyShare`); others are still served.
  case keyFull(bytesMax: Int)
  /// Less free space on the disk than `SpoolSettings.freeBytesMin`.
  case diskLow(freeBytes: Int)
  /// More bytes are waiting for a commit than `SpoolSettings.queueBytesMax`.
  case busy
  /// Too many lanes (`SpoolSettings.lanesMax`).
  case tooManyLanes
  /// The disk or the store failed.
  case failed(String)
  /// The spool is closing.
  case closing
}

/// What delivery writes, in one transaction: frozen decisions, finished traces, deleted requests, dead letters.
package struct Change: Sendable {
  /// Comes back in the outcome.
  package var token: UInt64
  package var lanes: [LaneChange]

  package init(token: UInt64, lanes: [LaneChange]) {
    self.token = token
    self.lanes = lanes
  }
}

package struct LaneChange: Sendable {
  package var lane: LaneID
  /// A block to append to the lane's decision log (frozen and finished traces), opaque to the spool, under a number
  /// above all that the log holds; nil for none.
  package var decisions: (block: UInt64, bytes: [UInt8])?
  /// Requests of which every unit is done.
  package var finishedRequests: [UInt64] = []
  /// Requests of which every unit is done as far as it could be read: what could not is set aside, bytes and all.
  package var damagedRequests: [UInt64] = []
  /// Decision blocks numbered below this are no longer needed; nil deletes none.
  package var decisionsBelow: UInt64?
  package var deadLetters: [DeadLetter] = []
  /// Dead letters that become requests again, by number, with an arrival time; those without a source stay.
  package var retriedLetters: (numbers: [UInt64], arrival: UInt64)?
  /// Dead letters that are deleted, by number.
  package var purgedLetters: [UInt64] = []
  /// What was set aside and is no longer needed.
  package var finishedDamage: [SetAside] = []
  /// Requests that take the place of what was set aside.
  package var retried: [Append] = []

  package init(lane: LaneID) { self.lane = lane }
}

/// A stored request without its body.
package struct StoredRequest: Sendable {
  package var sequence: UInt64
  package var signal: Signal
  package var arrival: UInt64
  package var index: [UInt8]
  package var bodyCount: Int
  /// What is fixed about it, if it was a dead letter (`DeadLetterSource.frozen`); empty for what a client sent.
  package var frozen: [UInt8]

  package init(
    sequence: UInt64, signal: Signal, arrival: UInt64, index: [UInt8], bodyCount: Int, frozen: [UInt8] = []
  ) {
    self.sequence = sequence
    self.signal = signal
    self.arrival = arrival
    self.index = index
    self.bodyCount = bodyCount
    self.frozen = frozen
  }
}

/// A damaged value that was moved out of the way, and stays for people to look at.
package struct SetAside: Sendable, Equatable, CustomStringConvertible {
  package enum Kind: UInt16, Sendable {
    case request = 1
    case decisions = 2
    case deadLetter = 3
  }

  package var kind: Kind
  package var lane: LaneID
  package var number: UInt64

  package init(kind: Kind, lane: LaneID, number: UInt64) {
    self.kind = kind
    self.lane = lane
    self.number = number
  }

  package var description: String {
    let what =
      switch kind {
      case .request: "request \(number) of lane \(lane.value) is damaged on the disk"
      case .decisions: "block \(number) of lane \(lane.value)'s decisions is damaged on the disk"
      case .deadLetter: "dead letter \(number) of lane \(lane.value) is damaged on the disk"
      }
    return "\(what); it was set aside, everything else is served ('hoglet spool ls damaged' lists it)"
  }
}

/// Gets told, on the spool's writer thread and once per commit, what became of everything in it. Must not block.
package protocol CommitListener: AnyObject, Sendable {
  func committed(appends: [(token: UInt64, outcome: CommitOutcome)], changes: [(token: UInt64, outcome: CommitOutcome)])
  /// Called only when something was damaged.
  func setAside(_ damaged: [SetAside])
}

extension CommitListener {
  package func setAside(_ damaged: [SetAside]) {}
}

/// What the spool holds right now, for metrics and people.
package struct SpoolStatus: Sendable, Equatable {
  /// Bytes of the store that are in use.
  package var bytesUsed = 0
  package var bytesMax = 0
  package var requests = 0
  package var deadLetters = 0
  /// Requests or blocks that failed their checksum and were set aside since start.
  package var quarantined = 0
  package var commits: UInt64 = 0

  package init() {}
}

/// Not losing anything: the durable queue between intake and delivery.
///
/// A protocol so that a replicated log can stand in its place (architecture.md, section 5). Appends and changes may come
/// from any thread; reading is for the delivery thread alone.
package protocol Spool: AnyObject, Sendable {
  /// Queues a request for the next group commit. The listener hears the outcome; a refusal that is known at once
  /// (full, busy, closing) is returned instead, and the listener hears nothing.
  func append(_ request: Append) -> Refusal?
  /// Queues a change; several are committed together, in order, with the appends that wait. Never refused for space.
  func commit(_ change: Change)

  /// Every lane with its project key, oldest first.
  func lanes() throws(SpoolError) -> [(lane: LaneID, key: String)]
  /// The stored requests of a lane above `sequence`, in order, at most `limit`, and fewer if their indexes are long.
  func requests(lane: LaneID, after sequence: UInt64, limit: Int) throws(SpoolError) -> [StoredRequest]
  /// Appends the bytes of `slices` of a request's body to `arena`, in order. Verifies the checksums of the chunks they
  /// lie in; `.corrupt` says that one fails. The request's other chunks can still be read, until a change says that it is
  /// done with (`LaneChange.damagedRequests`).
  func read(lane: LaneID, sequence: UInt64, slices: [Slice], into arena: inout [UInt8]) throws(SpoolError)
  /// The decision blocks of a lane from `block` on, in order, at most `limit`.
  func decisions(lane: LaneID, from block: UInt64, limit: Int) throws(SpoolError) -> [(block: UInt64, bytes: [UInt8])]
  /// The newest dead letters of a lane, newest first.
  func deadLetters(lane: LaneID, limit: Int) throws(SpoolError) -> [StoredDeadLetter]

  var status: SpoolStatus { get }
  /// Commits what waits, then refuses everything.
  func close()
}

/// What can go wrong in the store, told for the operator.
package enum SpoolError: Error, Equatable, Sendable {
  /// Another process has this spool open: that one, if it said so.
  case locked(path: String, process: Int32?)
  /// There is no spool in the directory.
  case missing(path: String)
  /// The directory or the database cannot be opened or read.
  case unusable(path: String, reason: String)
  /// A stored record fails its checksum or does not decode.
  case corrupt(lane: LaneID, sequence: UInt64, reason: String)
}

extension SpoolError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .locked(let path, let process):
      "the spool at \(path) is in use by \(process.map { "process \($0)" } ?? "another process"); stop that one, or give "
        + "this one its own HOGLET_SPOOL_PATH"
    case .missing(let path):
      "there is no spool at \(path); HOGLET_SPOOL_PATH or the settings file (--config) says where it is"
    case .unusable(let path, let reason):
      "the spool at \(path) cannot be used: \(reason)"
    case .corrupt(let lane, let sequence, let reason):
      "request \(sequence) of lane \(lane.value) is damaged (\(reason)); everything else is served"
    }
  }
}
