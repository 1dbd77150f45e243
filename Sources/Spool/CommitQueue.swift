/// What waits for the next commit.
struct Batch {
  var appends: [Append] = []
  var changes: [Change] = []
  var damage: [SetAside] = []
  /// Somebody cannot read: the environment may have to be opened anew.
  var isUnreadable = false

  var isEmpty: Bool { appends.isEmpty && changes.isEmpty && damage.isEmpty && !isUnreadable }

  mutating func removeAll() {
    appends.removeAll(keepingCapacity: true)
    changes.removeAll(keepingCapacity: true)
    damage.removeAll(keepingCapacity: true)
    isUnreadable = false
  }
}

/// Bytes that the requests of a project key take up.
typealias KeyBytes = (key: String, bytes: Int)

/// The state that callers and the writer share, behind one short lock. The writer takes everything that waits at once, so
/// that the lock is held for moments whatever the load.
struct CommitQueue {
  private var batch = Batch()
  private var closing = false
  /// Bytes of requests that wait or are being committed.
  private var bytesWaiting = 0
  /// Bytes of the store that these will take up, no less than they will.
  private var bytesExpected = 0
  private(set) var status: SpoolStatus
  /// What each key's requests take up: as stored, and as expected of those that wait.
  private var keys: [String: (stored: Int, expected: Int)] = [:]
  private let queueBytesMax: Int
  private let keyBytesMax: Int

  init(_ settings: SpoolSettings, _ status: SpoolStatus, _ stored: [KeyBytes] = []) {
    queueBytesMax = settings.queueBytesMax
    keyBytesMax = settings.keyBytesMax
    self.status = status
    for (key, bytes) in stored { keys[key] = (bytes, 0) }
  }

  /// Takes a request in, or says why not.
  mutating func append(_ request: Append) -> Refusal? {
    if closing { return .closing }
    let expected = Self.bytesExpected(request)
    if status.bytesUsed + bytesExpected + expected > status.bytesMax { return .full(bytesMax: status.bytesMax) }
    let room = keys[request.key] ?? (0, 0)
    if room.stored + room.expected + expected > keyBytesMax { return .keyFull(bytesMax: keyBytesMax) }
    let waiting = Self.bytesWaiting(request)
    // An empty queue takes a request of any size, else one larger than the bound could never pass.
    if bytesWaiting > 0, bytesWaiting + waiting > queueBytesMax { return .busy }
    bytesExpected += expected
    bytesWaiting += waiting
    keys[request.key] = (room.stored, room.expected + expected)
    batch.appends.append(request)
    return nil
  }

  /// Takes a change in; false when closing.
  mutating func commit(_ change: Change) -> Bool {
    if closing { return false }
    batch.changes.append(change)
    return true
  }

  mutating func setAside(_ damage: SetAside) {
    if !closing, !batch.damage.contains(damage) { batch.damage.append(damage) }
  }

  mutating func reportUnreadable() {
    if !closing { batch.isUnreadable = true }
  }

  mutating func close() { closing = true }

  /// Whether what waits may wait for more.
  func mayRest(bytesMax: Int) -> Bool { !closing && bytesWaiting < bytesMax }

  /// Exchanges the empty `batch` for all that waits; false when there will be nothing more, nil when there is nothing yet.
  mutating func take(_ batch: inout Batch) -> Bool? {
    if self.batch.isEmpty { return closing ? false : nil }
    swap(&self.batch, &batch)
    return true
  }

  /// What requests count for while they wait.
  struct Size {
    fileprivate var bytesWaiting = 0
    fileprivate var bytesExpected = 0
    fileprivate var keys: [KeyBytes] = []

    init(_ appends: ArraySlice<Append>) {
      for append in appends {
        let expected = CommitQueue.bytesExpected(append)
        bytesWaiting += CommitQueue.bytesWaiting(append)
        bytesExpected += expected
        if keys.last?.key == append.key {
          keys[keys.count - 1].bytes += expected
        } else {
          keys.append((append.key, expected))
        }
      }
    }
  }

  /// Requests of this size wait no longer, and the store looks like this now.
  mutating func finished(_ size: Size, _ status: SpoolStatus, _ stored: [KeyBytes]) {
    bytesWaiting -= size.bytesWaiting
    bytesExpected -= size.bytesExpected
    for (key, bytes) in size.keys { keys[key, default: (0, 0)].expected -= bytes }
    for (key, bytes) in stored { keys[key, default: (0, 0)].stored = bytes }
    for (key, _) in size.keys where keys[key]?.stored == 0 && keys[key]?.expected == 0 { keys[key] = nil }
    self.status = status
  }

  /// The memory that a waiting request holds: its bytes and about what the arrays around them cost.
  static func bytesWaiting(_ append: Append) -> Int {
    append.body.count + append.index.count + 256
  }

  /// Every chunk rounded up to pages, and a page for the header and the tree.
  static func bytesExpected(_ append: Append) -> Int {
    let chunks = RequestHeader.chunks(append.body.count) + RequestHeader.chunks(append.index.count)
    return append.body.count + append.index.count + (chunks + 1) * Environment.pageBytes
  }
}
