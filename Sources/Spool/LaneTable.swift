import Bytes

/// The lanes with their next numbers, as the writer knows them. A value: a transaction that fails is undone by taking the
/// copy from before it.
struct LaneTable {
  private struct Lane {
    var id: LaneID
    var sequence: UInt64 = 1
    var block: UInt64 = 1
    var deadLetter: UInt64 = 1
    /// What its requests take up.
    var bytes = 0
    /// The same as it was last told.
    var bytesTold = 0
    var key: String?
    var changed = false
  }

  /// What a lane's numbers count.
  enum Numbers {
    case sequence, block, deadLetter
  }

  private var lanes: [Lane] = []
  private var places: [LaneID: Int] = [:]
  private var lanesByKey: [String: LaneID] = [:]
  private var nextLane: UInt32 = 1

  /// Records of lanes that were damaged.
  private(set) var damaged = 0

  /// Version of what is stored under the keys of every database.
  static let formatVersion: UInt32 = 1
  /// The key of the format version and the next lane in `meta`.
  private static let top = StoreKey(lane: LaneID(0))
  /// Added to the last number in use when the stored next number is lost: more than anybody gave out since.
  private static let leap: UInt64 = 1 << 40
}

// MARK: Giving out numbers

extension LaneTable {
  /// The lane of a project key, a new one if it has none yet; nil if there are too many.
  mutating func lane(of key: String, max lanesMax: Int, _ transaction: borrowing Transaction) throws(StoreFailure)
    -> LaneID?
  {
    if let known = lanesByKey[key] { return known }
    guard lanes.count < lanesMax else { return nil }
    let id = LaneID(nextLane)
    nextLane += 1
    try SealedValue.put(Array(key.utf8).span, in: .keys, StoreKey(lane: id), transaction)
    try storeTop(transaction)
    insert(Lane(id: id, key: key, changed: true))
    return id
  }

  /// Notes that the requests of a lane take up more, or less.
  mutating func add(bytes: Int, to lane: LaneID) {
    guard let place = places[lane] else { return }
    lanes[place].bytes = max(0, lanes[place].bytes + bytes)
    lanes[place].changed = true
  }

  /// What the requests of the keys take up for which that has changed since the last time.
  mutating func bytesToTell() -> [KeyBytes] {
    var told: [KeyBytes] = []
    for place in lanes.indices where lanes[place].bytes != lanes[place].bytesTold {
      lanes[place].bytesTold = lanes[place].bytes
      if let key = lanes[place].key { told.append((key, lanes[place].bytes)) }
    }
    return told
  }

  func contains(_ lane: LaneID) -> Bool { places[lane] != nil }

  /// The next number of a lane; never given out again once the transaction is committed.
  mutating func next(_ numbers: Numbers, of lane: LaneID) -> UInt64 {
    guard let place = places[lane] else { preconditionFailure("a number was asked of a lane that does not exist") }
    lanes[place].changed = true
    switch numbers {
    case .sequence:
      defer { lanes[place].sequence += 1 }
      return lanes[place].sequence
    case .block:
      defer { lanes[place].block += 1 }
      return lanes[place].block
    case .deadLetter:
      defer { lanes[place].deadLetter += 1 }
      return lanes[place].deadLetter
    }
  }

  /// Stores the next numbers of the lanes that gave some out, as the last step of a transaction.
  mutating func store(_ transaction: borrowing Transaction) throws(StoreFailure) {
    for place in lanes.indices where lanes[place].changed {
      lanes[place].changed = false
      let lane = lanes[place]
      var out = ByteBuffer(capacity: 32)
      for number in [lane.sequence, lane.block, lane.deadLetter, UInt64(lane.bytes)] { out.appendLittleEndian(number) }
      try out.withSpan { span throws(StoreFailure) in
        try SealedValue.put(span, in: .meta, StoreKey(lane: lane.id), transaction)
      }
    }
  }

  private mutating func insert(_ lane: Lane) {
    places[lane.id] = lanes.count
    lanes.append(lane)
    if let key = lane.key { lanesByKey[key] = lane.id }
  }

  private func storeTop(_ transaction: borrowing Transaction) throws(StoreFailure) {
    var out = ByteBuffer(capacity: 8)
    out.appendLittleEndian(Self.formatVersion)
    out.appendLittleEndian(nextLane)
    try out.withSpan { span throws(StoreFailure) in try SealedValue.put(span, in: .meta, Self.top, transaction) }
  }
}

// MARK: Opening

extension LaneTable {
  private init(nextLane: UInt32, damaged: Int) {
    self.nextLane = nextLane
    self.damaged = damaged
  }

  /// Reads the lanes; damage costs a number its density or a lane its key, never the start.
  init(_ transaction: borrowing Transaction, lanesMax: Int) throws(StoreFailure) {
    let keys = try transaction.cursor(.keys)
    let lastLane = try Self.lastLane(transaction)
    if let stored = try unsafe transaction.value(.meta, Self.top) {
      if let payload = unsafe SealedValue.open(stored, Self.top), payload.count == 8 {
        let word = payload.span.word(at: 0)
        guard UInt32(truncatingIfNeeded: word) == Self.formatVersion else { throw .laterVersion }
        nextLane = UInt32(word &>> 32)
      } else {
        loseTop(lastLane)
      }
    } else if lastLane > 0 {
      // Only a new spool has none.
      loseTop(lastLane)
    }
    var entry = try unsafe keys.seek(StoreKey(lane: LaneID(0)))
    while let found = unsafe entry {
      let payload = unsafe SealedValue.open(found.value, found.key)
      if payload == nil { damaged += 1 }
      var lane = try unsafe Self.numbers(found.key.lane, transaction, damaged: &damaged)
      lane.key = payload.map { String(decoding: $0, as: UTF8.self) }
      insert(lane)
      unsafe entry = try unsafe keys.next()
    }
    try storeTop(transaction)
    if lanes.count >= lanesMax { try forgetEmptyLanes(transaction) }
  }

  private mutating func loseTop(_ lastLane: UInt32) {
    damaged += 1
    nextLane = lastLane &+ 1_000_000
  }

  /// The greatest lane that anything is stored of, 0 for none.
  private static func lastLane(_ transaction: borrowing Transaction) throws(StoreFailure) -> UInt32 {
    var last: UInt32 = 0
    for database in [Database.keys, .meta, .requests, .decisions, .dead, .quarantine] {
      let entry = try unsafe transaction.cursor(database).last()
      last = unsafe max(last, entry.map { unsafe $0.key.lane.value } ?? 0)
    }
    return last
  }

  /// After a file was rebuilt: its numbers may be those of the commit before the last, and what requests take up is
  /// another. No number may be given out that some entry has.
  mutating func mend(_ transaction: borrowing Transaction) throws(StoreFailure) {
    nextLane = max(nextLane, try Self.lastLane(transaction) &+ 1)
    try storeTop(transaction)
    for place in lanes.indices {
      let id = lanes[place].id
      lanes[place].bytes = try transaction.requestBytes(lane: id)
      lanes[place].sequence = max(lanes[place].sequence, try Self.last(.requests, id, transaction) &+ Self.leap)
      lanes[place].block = max(lanes[place].block, try Self.last(.decisions, id, transaction) &+ Self.leap)
      lanes[place].deadLetter = max(lanes[place].deadLetter, try Self.last(.dead, id, transaction) &+ Self.leap)
      lanes[place].changed = true
    }
  }

  private static func numbers(
    _ id: LaneID, _ transaction: borrowing Transaction, damaged: inout Int
  ) throws(StoreFailure) -> Lane {
    let key = StoreKey(lane: id)
    if let stored = try unsafe transaction.value(.meta, key), let payload = unsafe SealedValue.open(stored, key),
      payload.count == 24 || payload.count == 32
    {
      let span = payload.span
      var lane = Lane(id: id, sequence: span.word(at: 0), block: span.word(at: 8), deadLetter: span.word(at: 16))
      // Before there was a bound for each key, the bytes were not counted.
      lane.bytes = payload.count == 32 ? Int(span.word(at: 24)) : try transaction.requestBytes(lane: id)
      lane.changed = payload.count == 24
      return lane
    }
    damaged += 1
    return try Lane(
      id: id, sequence: last(.requests, id, transaction) &+ leap, block: last(.decisions, id, transaction) &+ leap,
      deadLetter: last(.dead, id, transaction) &+ leap, bytes: transaction.requestBytes(lane: id), changed: true)
  }

  /// The greatest number that a lane has in a database, 0 for none.
  private static func last(
    _ database: Database, _ lane: LaneID, _ transaction: borrowing Transaction
  ) throws(StoreFailure) -> UInt64 {
    let cursor = try transaction.cursor(database)
    let after = try unsafe cursor.seek(StoreKey(lane: lane, number: .max))
    let found = try unsafe after == nil ? cursor.last() : cursor.previous()
    guard let entry = unsafe found, unsafe entry.key.lane == lane else { return 0 }
    return unsafe entry.key.number
  }

  /// Makes room for new keys by forgetting those that hold nothing. Only at the start, when nobody knows a lane yet.
  private mutating func forgetEmptyLanes(_ transaction: borrowing Transaction) throws(StoreFailure) {
    var kept = LaneTable(nextLane: nextLane, damaged: damaged)
    for lane in lanes {
      var newest: UInt64 = 0
      for database in [Database.requests, .decisions, .dead] {
        newest = try max(newest, Self.last(database, lane.id, transaction))
      }
      if newest > 0 {
        kept.insert(lane)
      } else {
        try transaction.delete(.keys, StoreKey(lane: lane.id))
        try transaction.delete(.meta, StoreKey(lane: lane.id))
      }
    }
    self = kept
  }
}
