package import Bytes

/// The spool of one machine: an LMDB environment in a directory of its own, one writer thread, group commit.
///
/// What holds, always: an outcome `.durable` is told after the transaction was synced; a transaction is stored whole or
/// not at all; a number (lane, sequence, block) is never given out twice, whatever was deleted or failed; a damaged value
/// is set aside and counted, and nothing else suffers.
package final class LMDBSpool: Spool {
  private let path: String
  private let queue: Locked<CommitQueue>
  private let reading: Locked<Reading>
  private let listener: any CommitListener
  /// Nil once closed.
  private let thread: Locked<WriterThread?>
  /// What was done about a damaged file when it was opened; nil for a sound one.
  package let repair: SpoolRepair?

  /// Opens the spool in the directory `path`, creating it if only its parent exists.
  package static func open(
    path: String, settings: SpoolSettings, listener: any CommitListener
  ) throws(SpoolError) -> LMDBSpool {
    try LMDBSpool(OpenedStore(path, settings), settings, listener)
  }

  /// Gives the space back that the file has grown to and does not use. Nobody may have it open.
  package static func compact(path: String, settings: SpoolSettings) throws(SpoolError) -> SpoolCompaction {
    try Compaction.run(path, settings)
  }

  private init(_ opened: OpenedStore, _ settings: SpoolSettings, _ listener: any CommitListener) throws(SpoolError) {
    path = opened.path
    repair = opened.repair
    queue = Locked(CommitQueue(settings, opened.status, opened.stored))
    reading = Locked(Reading(opened.environment))
    self.listener = listener
    let writer = Writer(
      opened, settings: settings, queue: queue, reading: reading, listener: listener)
    guard let started = WriterThread(writer) else {
      throw .unusable(path: opened.path, reason: "the system gives no thread for its writer")
    }
    thread = Locked(started)
  }

  deinit { close() }

  package func append(_ request: Append) -> Refusal? {
    let refusal = queue.withLock { $0.append(request) }
    if refusal == nil { queue.signal() }
    return refusal
  }

  package func commit(_ change: Change) {
    if queue.withLock({ $0.commit(change) }) {
      queue.signal()
    } else {
      listener.committed(appends: [], changes: [(change.token, .refused(.closing))])
    }
  }

  package var status: SpoolStatus { queue.withLock(\.status) }

  /// Not from the listener: it waits for the writer thread, on which the listener is called.
  package func close() {
    let closing = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let closing else { return }
    queue.withLock { $0.close() }
    queue.signal()
    closing.join()
    reading.withLock { $0.environment = nil }
  }
}

// MARK: Reading

extension LMDBSpool {
  package func lanes() throws(SpoolError) -> [(lane: LaneID, key: String)] {
    try read { reading throws(StoreFailure) in try reading.lanes() }
  }

  package func requests(lane: LaneID, after sequence: UInt64, limit: Int) throws(SpoolError) -> [StoredRequest] {
    try read { reading throws(StoreFailure) in try reading.requests(lane: lane, after: sequence, limit: limit) }
  }

  package func read(lane: LaneID, sequence: UInt64, slices: [Slice], into arena: inout [UInt8]) throws(SpoolError) {
    let problem = try read { reading throws(StoreFailure) in
      try reading.read(lane: lane, sequence: sequence, slices: slices, into: &arena)
    }
    if let problem { throw .corrupt(lane: lane, sequence: sequence, reason: problem) }
  }

  package func decisions(
    lane: LaneID, from block: UInt64, limit: Int
  ) throws(SpoolError) -> [(block: UInt64, bytes: [UInt8])] {
    try read { reading throws(StoreFailure) in
      try reading.sealed(.decisions, lane: lane, from: block, limit: limit).map { ($0, $1) }
    }
  }

  package func deadLetters(lane: LaneID, limit: Int) throws(SpoolError) -> [StoredDeadLetter] {
    try read { reading throws(StoreFailure) in try reading.deadLetters(lane: lane, limit: limit) }
  }

  private func read<Result>(
    _ body: (inout Reading) throws(StoreFailure) -> Result
  ) throws(SpoolError) -> Result {
    do throws(StoreFailure) {
      let (result, damage) = try reading.withLock { reading throws(StoreFailure) in
        let result = try body(&reading)
        defer { reading.damage.removeAll() }
        return (result, reading.damage)
      }
      if !damage.isEmpty {
        queue.withLock { queue in for item in damage { queue.setAside(item) } }
        queue.signal()
      }
      return result
    } catch {
      if error == .panic || error == .notOpen {
        // The writer opens it anew, also when nobody has anything to write.
        queue.withLock { $0.reportUnreadable() }
        queue.signal()
      }
      throw .unusable(path: path, reason: error.description)
    }
  }
}
