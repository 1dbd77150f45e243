import Spool
import Telemetry

/// When a trace is complete enough to be judged (architecture.md, section 7). All times are nanoseconds of arrival time.
package struct RipenessSettings: Sendable, Equatable {
  /// After this long without a new unit nothing more is expected.
  package var quiet: UInt64
  /// Exporters send in batches of up to five seconds: the root's siblings may come this much later than the root.
  package var rootGrace: UInt64
  /// No trace is held longer than this.
  package var max: UInt64
  /// Without its parent, a span is waited for this many times `quiet`.
  package static let missingParentFactor: UInt64 = 6
  /// A trace with more records than this is judged at once: holding on would not make it smaller.
  package static let recordsMax = 20_000
  /// The same for bytes: what one trace may bring into memory.
  package static let bytesMax = 32 << 20

  package init(quiet: UInt64, rootGrace: UInt64, max: UInt64) {
    self.quiet = quiet
    self.rootGrace = rootGrace
    self.max = max
  }
}

/// The part of a trace that one request brought.
struct UnitReference {
  var sequence: UInt64
  /// Index into the request's units.
  var unit: UInt32
  /// How many records it has.
  var records: UInt32
  /// Bytes of these records.
  var bytes: UInt32

  init(sequence: UInt64, unit: Int, _ entry: Unit, _ index: RequestIndex) {
    self.sequence = sequence
    self.unit = UInt32(unit)
    records = entry.count
    bytes = index.records[entry.range].reduce(0) { $0 &+ $1.body.count }
  }
}

/// A trace that is being held: an index entry, not its content.
struct OpenTrace {
  var units: [UnitReference] = []
  private(set) var firstArrival: UInt64
  private(set) var lastArrival: UInt64
  /// When a root that has ended arrived.
  private(set) var rootArrival: UInt64?
  private var spans: [UInt64] = []
  private var parents: [UInt64] = []
  private var spansOfModelLogs: [UInt64] = []
  private var records = 0
  private var bytes = 0
  /// Frozen before a restart: complete as soon as the request of this number was read.
  var frozenThrough: UInt64?
  /// Could not be read, or waits for the trace that tells of its call with content: to be tried again at this time.
  var retryAt: UInt64?
  /// The spool could not be read; before `retryAt` it is no use.
  var isUnreadable = false
  /// Has waited for such a trace; it waits only once.
  var waitedForCall = false
  /// The deadline that stands in the timer heap.
  var scheduled: UInt64 = .max

  init(arrival: UInt64) {
    firstArrival = arrival
    lastArrival = arrival
  }

  /// Whether the clock decides when it is judged, and not the request up to which it was frozen.
  var isTimed: Bool { frozenThrough == nil || retryAt != nil }

  /// What it holds in memory, about: its entry in the table of open traces, a timer, references and ids.
  var cost: Int {
    Self.entryBytes + units.count * MemoryLayout<UnitReference>.size
      + (spans.count + parents.count + spansOfModelLogs.count) * Self.idBytes
  }
  private static let entryBytes = 400
  /// Twice its size, as arrays double.
  private static let idBytes = 16

  mutating func add(_ unit: Unit, _ index: RequestIndex, reference: UnitReference, arrival: UInt64) {
    units.append(reference)
    lastArrival = max(lastArrival, arrival)
    for record in index.records[unit.range] {
      records += 1
      bytes += Int(record.body.count)
      // With the root here nobody asks which spans are missing.
      if rootArrival != nil { continue }
      if record.flags.contains(.log) {
        if record.flags.contains(.modelCall), record.span != 0 { spansOfModelLogs.append(record.span) }
        continue
      }
      spans.append(record.span)
      let isRoot = record.parent == 0 || record.flags.contains(.remoteParent)
      if !isRoot { parents.append(record.parent) }
      if isRoot, record.flags.contains(.ended) {
        rootArrival = arrival
        (spans, parents, spansOfModelLogs) = ([], [], [])
      }
    }
  }

  /// When the trace is ripe if nothing more comes; 0 for at once.
  func deadline(_ settings: RipenessSettings) -> UInt64 {
    if let retryAt { return retryAt }
    if records > RipenessSettings.recordsMax || bytes > RipenessSettings.bytesMax { return 0 }
    let latest = firstArrival &+ settings.max
    if let rootArrival { return min(latest, rootArrival &+ settings.rootGrace) }
    let known = Set(spans)
    if spansOfModelLogs.contains(where: { !known.contains($0) }) { return latest }
    let isMissingParent = parents.contains { !known.contains($0) }
    let wait = isMissingParent ? settings.quiet &* RipenessSettings.missingParentFactor : settings.quiet
    return min(latest, lastArrival &+ wait)
  }

  /// A bound below the deadline that costs nothing to know: no deadline comes before it.
  func earliest(_ settings: RipenessSettings) -> UInt64 {
    if let retryAt { return retryAt }
    if records > RipenessSettings.recordsMax || bytes > RipenessSettings.bytesMax { return 0 }
    if let rootArrival { return min(firstArrival &+ settings.max, rootArrival &+ settings.rootGrace) }
    return min(firstArrival &+ settings.max, lastArrival &+ settings.quiet)
  }
}
