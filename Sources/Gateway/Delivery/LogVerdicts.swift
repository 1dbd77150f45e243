import Bytes
import Telemetry

/// What was decided of the log records of one request, or of one trace that holds no call: for each record in order.
struct LogVerdicts: Equatable {
  /// The decisions by which records were kept.
  private(set) var decisions: [Decision] = []
  /// For each record 0 if it was dropped, else one more than the place of its decision.
  private(set) var picks: [Int] = []

  var kept: Int { picks.count { $0 > 0 } }
  subscript(_ record: Int) -> Decision? { picks[record] > 0 ? decisions[picks[record] - 1] : nil }

  mutating func append(_ decision: Decision) {
    guard decision.isKept else { return picks.append(0) }
    // Most records of a request are of a few severities; where probabilities move, a decision stands here again.
    if let known = decisions.suffix(16).lastIndex(of: decision) {
      picks.append(known + 1)
    } else {
      decisions.append(decision)
      picks.append(decisions.count)
    }
  }

  func encoded() -> [UInt8] {
    var out = ByteBuffer(capacity: picks.count + 32)
    out.appendVarint(UInt64(decisions.count))
    for decision in decisions {
      out.appendLittleEndian(decision.probability.bitPattern)
      out.appendLittleEndian(decision.weight.bitPattern)
      out.append(decision.reason.rawValue)
      out.appendVarint(UInt64(decision.policyVersion))
    }
    for pick in picks { out.appendVarint(UInt64(pick)) }
    return out.array()
  }

  init() {}

  /// Reads what `encoded` wrote; nil for anything else.
  init?(_ bytes: [UInt8]) {
    let span = bytes.span
    var cursor = ProtobufCursor(start: 0, end: bytes.count)
    guard let count = try? cursor.varint(in: span), count <= bytes.count else { return nil }
    for _ in 0..<count {
      guard cursor.end - cursor.offset >= 17, let reason = SampleReason(rawValue: bytes[cursor.offset + 16]) else {
        return nil
      }
      let probability = Double(bitPattern: span.word(at: cursor.offset))
      let weight = Double(bitPattern: span.word(at: cursor.offset + 8))
      cursor.offset += 17
      guard let version = try? cursor.varint(in: span) else { return nil }
      decisions.append(
        Decision(
          isKept: true, probability: probability, weight: weight, reason: reason,
          policyVersion: UInt32(truncatingIfNeeded: version)))
    }
    while cursor.offset < cursor.end {
      guard let pick = try? cursor.varint(in: span), pick <= decisions.count else { return nil }
      picks.append(Int(pick))
    }
  }
}
