import Mapping
import Telemetry

/// Traces that were decided a while ago, so that late spans follow the decision and repeated ones are known.
///
/// Whoever fills it also bounds it (`DeliveryMemory`): the oldest are forgotten, and a late span of a forgotten trace is
/// treated as a trace of its own (its uuid is the same, so nothing is counted twice).
///
/// Each part of a trace is a run of words, in the order they came: a dictionary of structs with arrays takes twice the
/// memory, which is most of what a busy gateway holds.
struct RememberedTraces {
  struct Trace {
    /// Requests up to this number were part of it.
    var through: UInt64
    var decision: Decision
    var memory: TraceMemory
  }

  /// Words of a block: growing and forgetting go block by block, so that nothing is moved. A part that is longer has a
  /// block of its own.
  private static let blockWords = 8192
  private var blocks: [[UInt64]] = []
  /// The number of the first block, and where in it the oldest part begins.
  private var firstBlock = 0
  private var oldest = 0
  /// Where the last part of each trace begins: the number of the block times `blockWords`, and the place in it.
  private var places: [TraceID: Int] = [:]
  /// Words of all parts.
  private var words = 0
  /// An entry of `places`, which is between three and six eighths full.
  private static let placeBytes = 48

  var count: Int { places.count }
  /// What it holds in memory.
  var bytes: Int { words * 8 + places.count * Self.placeBytes }

  subscript(_ trace: TraceID) -> Trace? {
    guard let place = places[trace], let part = Part(place, self) else { return nil }
    return Trace(through: part.through, decision: part.decision, memory: part.memory(self))
  }

  func contains(_ trace: TraceID, _ key: SpanKey) -> Bool {
    let wanted = Self.fingerprint(key)
    var place = places[trace]
    while let here = place, let part = Part(here, self) {
      if words(here)[part.spans].contains(wanted) { return true }
      place = part.previous
    }
    return false
  }

  mutating func remember(_ frozen: FrozenTrace, spans: [SpanKey]) {
    // What was left out and goes out after all begins anew.
    let known = frozen.decision.reason == .lateError ? nil : self[frozen.trace]
    // Of what is inherited a late part brings what the parts before it said too.
    let memory = TraceMemory(
      identity: known?.memory.identity ?? frozen.memory.identity, inherited: frozen.memory.inherited)
    let size = Part.headerWords + Part.words(memory) + spans.count
    if blocks.last.map({ $0.count + size > Self.blockWords }) ?? true {
      blocks.append([])
      blocks[blocks.count - 1].reserveCapacity(max(Self.blockWords, size))
    }
    let last = blocks.count - 1
    let place = (firstBlock + last) * Self.blockWords + blocks[last].count
    Part.append(
      frozen, known?.decision ?? frozen.decision, memory, previous: places[frozen.trace], spans: spans.count,
      to: &blocks[last])
    for span in spans { blocks[last].append(Self.fingerprint(span)) }
    places[frozen.trace] = place
    words += size
  }

  /// Forgets the oldest until no more than so many bytes are held.
  mutating func forget(downTo bytesMax: Int) {
    while bytes > bytesMax, forgetOldest() {}
  }

  /// False if there is nothing left.
  private mutating func forgetOldest() -> Bool {
    let place = firstBlock * Self.blockWords + oldest
    guard let part = Part(place, self) else { return false }
    words -= part.spans.upperBound - oldest
    if places[part.trace] == place { places[part.trace] = nil }
    oldest = part.spans.upperBound
    if oldest == blocks[0].count {
      blocks.removeFirst()
      firstBlock += 1
      oldest = 0
    }
    return true
  }

  /// The words of the block that a place lies in.
  fileprivate func words(_ place: Int) -> [UInt64] { blocks[place / Self.blockWords - firstBlock] }

  private static func fingerprint(_ key: SpanKey) -> UInt64 {
    let product = (key.span ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: key.start | 1)
    return product.high ^ product.low
  }

  /// What one freezing brought of a trace. Its words: the trace's two, the place of the part before, `through`, the
  /// probability, the weight, the rest of the decision, sizes; then what late spans take from it, then the spans.
  private struct Part {
    static let headerWords = 9

    var trace: TraceID
    var previous: Int?
    var through: UInt64
    var decision: Decision
    private var identityCount: Int
    private var inheritedCount: Int
    private var start: Int
    private var place: Int
    /// Where in the block the fingerprints of its spans are.
    var spans: Range<Int>

    /// Nil if the place is forgotten.
    init?(_ place: Int, _ remembered: RememberedTraces) {
      guard remembered.isHeld(place) else { return nil }
      let words = remembered.words(place)
      start = place % RememberedTraces.blockWords
      guard let trace = TraceID(high: words[start], low: words[start + 1]) else { return nil }
      self.trace = trace
      self.place = place
      previous = Int(truncatingIfNeeded: words[start + 2]) - 1
      if previous == -1 { previous = nil }
      through = words[start + 3]
      let rest = words[start + 6]
      decision = Decision(
        isKept: rest & 1 == 1, probability: Double(bitPattern: words[start + 4]),
        weight: Double(bitPattern: words[start + 5]),
        reason: SampleReason(rawValue: UInt8(truncatingIfNeeded: rest &>> 8)) ?? .unsampled,
        policyVersion: UInt32(truncatingIfNeeded: rest &>> 32))
      decision.isEssential = rest & 2 == 2
      identityCount = Int(words[start + 7] &>> 32)
      inheritedCount = Int(words[start + 8])
      let first = start + Self.headerWords + Self.words(identityCount + inheritedCount)
      spans = first..<first + Int(UInt32(truncatingIfNeeded: words[start + 7]))
    }

    func memory(_ remembered: RememberedTraces) -> TraceMemory {
      let words = remembered.words(place)
      let bytes = (0..<identityCount + inheritedCount).map { byte in
        UInt8(truncatingIfNeeded: words[start + Self.headerWords + byte / 8] &>> UInt64(8 * (byte % 8)))
      }
      return TraceMemory(identity: Array(bytes[..<identityCount]), inherited: Array(bytes[identityCount...]))
    }

    /// How many words so many bytes take.
    private static func words(_ bytes: Int) -> Int { (bytes + 7) / 8 }
    static func words(_ memory: TraceMemory) -> Int { words(memory.identity.count + memory.inherited.count) }

    static func append(
      _ frozen: FrozenTrace, _ decision: Decision, _ memory: TraceMemory, previous: Int?, spans: Int,
      to block: inout [UInt64]
    ) {
      block.append(frozen.trace.high)
      block.append(frozen.trace.low)
      block.append(UInt64(previous.map { $0 + 1 } ?? 0))
      block.append(frozen.through)
      block.append(decision.probability.bitPattern)
      block.append(decision.weight.bitPattern)
      block.append(
        UInt64(decision.policyVersion) &<< 32 | UInt64(decision.reason.rawValue) &<< 8
          | (decision.isEssential ? 2 : 0) | (decision.isKept ? 1 : 0))
      block.append(UInt64(memory.identity.count) &<< 32 | UInt64(spans))
      block.append(UInt64(memory.inherited.count))
      let bytes = memory.identity + memory.inherited
      for word in 0..<words(bytes.count) {
        var bits: UInt64 = 0
        for byte in word * 8..<min(word * 8 + 8, bytes.count) {
          bits |= UInt64(bytes[byte]) &<< UInt64(8 * (byte % 8))
        }
        block.append(bits)
      }
    }
  }

  private func isHeld(_ place: Int) -> Bool {
    !blocks.isEmpty && place >= firstBlock * Self.blockWords + oldest
  }
}
