import Glibc

/// The one thread that writes: takes all that waits, commits it in as few transactions as memory allows, and tells the
/// listener. While it waits for the disk the next batch gathers, so that commits grow with the load and need no timer.
final class Writer {
  private let path: String
  private let settings: SpoolSettings
  private let freeBytesMin: Int
  private let queue: Locked<CommitQueue>
  private let reading: Locked<Reading>
  private let listener: any CommitListener

  private var environment: Environment?
  private var lanes: LaneTable
  private var commits: UInt64 = 0
  private var quarantined = 0
  /// What the commit has set aside.
  private var setAside: [SetAside] = []
  /// Bytes of the data file that hold nothing.
  private var reusableBytes: Int

  /// Under load commits begin this far apart, or when so much waits: each costs two syncs whatever it holds, as much as
  /// storing a megabyte, and an exporter that sends every five seconds does not notice.
  static let commitInterval = Duration.milliseconds(20)
  static let restBytesMax = 1 << 20
  /// How often it is looked whether so much waits.
  private static let restMicroseconds: UInt32 = 4_000
  /// How much the map grows when not even deletions fit in it any more.
  private static let growthBytes = 64 << 20

  init(
    _ opened: OpenedStore, settings: SpoolSettings, queue: Locked<CommitQueue>, reading: Locked<Reading>,
    listener: any CommitListener
  ) {
    path = opened.path
    environment = opened.environment
    lanes = opened.lanes
    quarantined = opened.lanes.damaged
    reusableBytes = opened.environment.fileBytes() - opened.status.bytesUsed
    freeBytesMin =
      settings.freeBytesMin ?? SpoolSettings.freeBytesMin(total: FreeSpace.total(opened.path) ?? .max)
    self.settings = settings
    self.queue = queue
    self.reading = reading
    self.listener = listener
  }

  /// Works until the queue is closed and empty.
  func run() {
    var batch = Batch()
    while queue.wait({ $0.take(&batch) }) {
      let begun = ContinuousClock.now
      if batch.isUnreadable { _ = try? begin() }
      var start = 0
      repeat {
        let end = Self.end(of: batch.appends, from: start, bytesMax: settings.commitBytesMax)
        let first = start == 0
        commit(&batch.appends, start..<end, first ? batch.changes : [], first ? batch.damage : [])
        start = end
      } while start < batch.appends.count
      let isShared = batch.appends.count + batch.changes.count > 1
      batch.removeAll()
      if isShared { rest(until: begun + Self.commitInterval) }
    }
  }

  /// Lets the next commit gather. Only after one that was shared: a client alone waits for nobody.
  private func rest(until end: ContinuousClock.Instant) {
    while ContinuousClock.now < end, queue.withLock({ $0.mayRest(bytesMax: Self.restBytesMax) }) {
      usleep(Self.restMicroseconds)
    }
  }

  /// The end of the appends that go into one transaction: at least one, and no more than `bytesMax` bytes.
  private static func end(of appends: [Append], from start: Int, bytesMax: Int) -> Int {
    var end = start
    var bytes = 0
    while end < appends.count {
      bytes += CommitQueue.bytesWaiting(appends[end])
      if bytes > bytesMax, end > start { break }
      end += 1
    }
    return end
  }
}

// MARK: A commit

extension Writer {
  private typealias Outcome = (token: UInt64, outcome: CommitOutcome)

  private func commit(_ appends: inout [Append], _ range: Range<Int>, _ changes: [Change], _ damage: [SetAside]) {
    let size = CommitQueue.Size(appends[range])
    var appended: [Outcome] = []
    var changed: [Outcome] = []
    var accepted = range
    if !range.isEmpty, let refusal = diskRefusal() {
      appended = appends[range].map { ($0.token, .refused(refusal)) }
      accepted = range.lowerBound..<range.lowerBound
    }
    do throws(StoreFailure) {
      appended += try attempt(&appends, accepted, changes, damage)
      changed = changes.map { ($0.token, .durable(lane: LaneID(0), sequence: 0)) }
    } catch {
      let refusal = error == .mapFull ? Refusal.full(bytesMax: settings.bytesMax) : .failed(error.description)
      appended += appends[accepted].map { ($0.token, .refused(refusal)) }
      let outcome = retry(changes, damage, after: error)
      changed = changes.map { ($0.token, outcome) }
    }
    let status = status()
    let stored = lanes.bytesToTell()
    queue.withLock { $0.finished(size, status, stored) }
    if !setAside.isEmpty { listener.setAside(setAside) }
    setAside.removeAll()
    listener.committed(appends: appended, changes: changed)
  }

  /// Commits the changes without the appends they failed with: they make room.
  private func retry(_ changes: [Change], _ damage: [SetAside], after failure: StoreFailure) -> CommitOutcome {
    var none: [Append] = []
    do throws(StoreFailure) {
      do throws(StoreFailure) {
        _ = try attempt(&none, 0..<0, changes, damage)
      } catch .mapFull {
        try growMap()
        _ = try attempt(&none, 0..<0, changes, damage)
      }
      return .durable(lane: LaneID(0), sequence: 0)
    } catch {
      return .refused(.failed(error.description))
    }
  }

  /// One transaction with everything in it, or nothing.
  private func attempt(
    _ appends: inout [Append], _ range: Range<Int>, _ changes: [Change], _ damage: [SetAside]
  ) throws(StoreFailure) -> [Outcome] {
    if range.isEmpty, changes.isEmpty, damage.isEmpty { return [] }
    let before = lanes
    do throws(StoreFailure) {
      let transaction = try begin()
      // Before the changes: those may say that such a request is done with.
      try setAside(damage, transaction)
      try apply(changes, transaction)
      var outcomes: [Outcome] = []
      outcomes.reserveCapacity(range.count)
      for place in range {
        outcomes.append((appends[place].token, try store(appends[place], transaction)))
        // The transaction holds a copy until it ends; two of everything would be the most memory of all.
        appends[place].body = []
      }
      try lanes.store(transaction)
      try transaction.commit()
      commits += 1
      environment?.pages.trim()
      quarantined += setAside.count
      return outcomes
    } catch {
      lanes = before
      setAside.removeAll()
      throw error
    }
  }

  private func setAside(_ damage: [SetAside], _ transaction: borrowing Transaction) throws(StoreFailure) {
    for item in damage {
      guard let bytes = try transaction.setAside(item) else { continue }
      lanes.add(bytes: -bytes, to: item.lane)
      setAside.append(item)
    }
    if !damage.isEmpty {
      try transaction.trimDamage(bytesMax: Int(Double(settings.bytesMax) * settings.quarantineShare))
    }
  }

  private func store(_ append: Append, _ transaction: borrowing Transaction) throws(StoreFailure) -> CommitOutcome {
    guard let lane = try lanes.lane(of: append.key, max: settings.lanesMax, transaction) else {
      return .refused(.tooManyLanes)
    }
    let sequence = lanes.next(.sequence, of: lane)
    lanes.add(bytes: try transaction.store(append, lane: lane, sequence: sequence), to: lane)
    return .durable(lane: lane, sequence: sequence)
  }

  private func apply(_ changes: [Change], _ transaction: borrowing Transaction) throws(StoreFailure) {
    if changes.isEmpty { return }
    let chunks = try transaction.cursor(.bodies)
    // A lane that the spool never gave out has nothing to change.
    for change in changes.lazy.flatMap(\.lanes) where lanes.contains(change.lane) {
      for sequence in change.finishedRequests {
        let key = StoreKey(lane: change.lane, number: sequence)
        lanes.add(bytes: -(try transaction.deleteRequest(key, chunks: chunks)), to: change.lane)
      }
      try setAside(
        change.damagedRequests.map { SetAside(kind: .request, lane: change.lane, number: $0) }, transaction)
      if let block = change.decisions {
        let key = StoreKey(lane: change.lane, number: block.block)
        try SealedValue.put(block.bytes.span, in: .decisions, key, transaction)
      }
      if let limit = change.decisionsBelow { try transaction.deleteDecisions(lane: change.lane, below: limit) }
      if let retried = change.retriedLetters {
        for number in retried.numbers { try retry(number, change.lane, arrival: retried.arrival, transaction) }
      }
      for number in change.purgedLetters {
        try transaction.delete(.dead, StoreKey(lane: change.lane, number: number))
      }
      for damage in change.finishedDamage { try transaction.forget(damage) }
      for append in change.retried { _ = try store(append, transaction) }
      if change.deadLetters.isEmpty { continue }
      for letter in change.deadLetters {
        let key = StoreKey(lane: change.lane, number: lanes.next(.deadLetter, of: change.lane))
        try letter.encoded().withSpan { span throws(StoreFailure) in
          try SealedValue.put(span, in: .dead, key, transaction)
        }
      }
      let bytesMax = Int(Double(settings.bytesMax) * settings.deadLettersShare)
      try transaction.trimDeadLetters(bytesMax: bytesMax)
    }
  }
}

extension Writer {
  /// Makes a request of a dead letter. One that is not there (any more), or has no source, changes nothing.
  private func retry(
    _ number: UInt64, _ lane: LaneID, arrival: UInt64, _ transaction: borrowing Transaction
  ) throws(StoreFailure) {
    let key = StoreKey(lane: lane, number: number)
    guard let stored = try unsafe transaction.value(.dead, key),
      let source = unsafe SealedValue.open(stored, key).flatMap(DeadLetter.init(_:))?.source
    else { return }
    var request = Append(
      token: 0, key: "", signal: .traces, arrival: arrival, index: source.index, body: source.body)
    request.frozen = source.frozen
    let bytes = try transaction.store(request, lane: lane, sequence: lanes.next(.sequence, of: lane))
    lanes.add(bytes: bytes, to: lane)
    try transaction.delete(.dead, key)
  }
}

// MARK: Space and trouble

extension Writer {
  private func diskRefusal() -> Refusal? {
    guard let free = FreeSpace.bytes(path) else { return nil }
    return FreeSpace.refusal(freeBytes: free, reusableBytes: reusableBytes, freeBytesMin: freeBytesMin)
  }

  private func begin() throws(StoreFailure) -> Transaction {
    if let environment {
      do throws(StoreFailure) {
        return try environment.begin(reading: false)
      } catch {
        if error != .panic { throw error }
      }
    }
    try reopen()
    guard let environment else { throw .notOpen }
    return try environment.begin(reading: false)
  }

  /// Opens the environment anew after LMDB gave it up: it does when writing its meta page failed. What was committed is
  /// untouched by that.
  private func reopen() throws(StoreFailure) {
    try reading.withLock { reading throws(StoreFailure) in
      // LMDB must not have a file open twice in a process, so the old one goes first.
      reading.environment = nil
      environment = nil
      do throws(SpoolError) {
        environment = try OpenedStore.openEnvironment(path, settings)
      } catch {
        throw .notOpen
      }
      reading.environment = environment
    }
  }

  private func growMap() throws(StoreFailure) {
    try reading.withLock { _ throws(StoreFailure) in
      try environment?.grow(by: Self.growthBytes)
    }
  }

  private func status() -> SpoolStatus {
    var status = queue.withLock(\.status)
    status.commits = commits
    status.quarantined = quarantined
    if let environment {
      environment.forgetDeadReaders()
      try? status.count(environment)
      reusableBytes = environment.fileBytes() - status.bytesUsed
    }
    return status
  }
}
