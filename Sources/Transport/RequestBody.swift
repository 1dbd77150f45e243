import NIOCore

/// The body of a request on its way in: gathered within its own limit and the server's budget.
struct RequestBody {
  /// Why no more of it is taken.
  enum Fault {
    /// Larger than `bytesMax` (413).
    case tooLarge
    /// All bodies together hold as much as they may (503).
    case noRoom
  }

  private let budget: BodyBudget
  private var bytes: [UInt8] = []
  private(set) var bytesMax = 0
  /// What was announced, if it was, and never more than `bytesMax`.
  private var roomMax = 0
  private(set) var bytesRead = 0
  /// What it has of the budget.
  private var reservedBytes = 0
  private var since = NIODeadline.distantPast

  init(_ budget: BodyBudget) {
    self.budget = budget
  }

  /// The head has come; a body may follow from now on.
  mutating func begin(_ now: NIODeadline) {
    since = now
    bytesRead = 0
  }

  /// From now on bytes are kept: `bytesMax` at most, `length` when it was announced.
  mutating func accept(_ bytesMax: Int, length: Int?, _ limits: TransportLimits) -> Fault? {
    self.bytesMax = bytesMax
    roomMax = min(length ?? bytesMax, bytesMax)
    let length = length ?? 0
    guard length <= bytesMax else { return .tooLarge }
    let first = min(length, limits.bodyBytesFirst)
    guard reserve(first) else { return .noRoom }
    bytes.reserveCapacity(first)
    return nil
  }

  /// Counts bytes that are thrown away.
  mutating func skip(_ count: Int) { bytesRead += count }

  mutating func append(_ more: UnsafeRawBufferPointer) -> Fault? {
    bytesRead += more.count
    guard bytesRead <= bytesMax else { return .tooLarge }
    if bytesRead > reservedBytes {
      // Room grows with what has come, faster than that, so that each byte is moved once or twice.
      let wanted = max(reservedBytes * 2, bytesRead * Self.growth, Self.unknownBytesFirst)
      let room = max(min(wanted, roomMax), bytesRead)
      guard reserve(room - reservedBytes) else { return .noRoom }
      bytes.reserveCapacity(room)
    }
    unsafe bytes.append(contentsOf: more)
    return nil
  }

  /// Room for the first part of a body of unknown length: most fit.
  private static let unknownBytesFirst = 16 << 10
  /// How many times as much as has come is set aside: a usual body is whole after the second read.
  private static let growth = 4

  /// The whole body and its share of the budget, which the caller has to give back.
  mutating func take() -> (bytes: [UInt8], reservedBytes: Int) {
    let taken = (bytes, reservedBytes)
    bytes = []
    reservedBytes = 0
    return taken
  }

  mutating func release() {
    bytes = []
    budget.release(reservedBytes)
    reservedBytes = 0
  }

  /// Whether it comes more slowly than `TransportLimits.bodyRateMin` after the grace.
  func isTooSlow(_ now: NIODeadline, _ limits: TransportLimits) -> Bool {
    let late = (now - since) - TimeAmount(limits.bodyGrace)
    return late > .nanoseconds(0) && Int64(bytesRead) < late.nanoseconds * Int64(limits.bodyRateMin) / 1_000_000_000
  }

  private mutating func reserve(_ count: Int) -> Bool {
    guard budget.reserve(count) else { return false }
    reservedBytes += count
    return true
  }
}
