import Bytes
import Sampling

/// What a checkpoint holds of a lane's sampling.
struct SamplingState {
  var instance: [UInt8]
  var sampler: Sampler
  var table: RollUpTable
  var anomalies: AnomalyDetector
  var closed: [UInt64: SideEvent]
}

extension SamplingState {
  private static let version: UInt8 = 1
  /// Some 5,000 patterns.
  private static let anomaliesBytesMax = 512 << 10

  init(_ sampling: LaneSampling) {
    instance = sampling.instance
    sampler = sampling.sampler
    table = sampling.table
    anomalies = sampling.anomalies
    closed = sampling.closed
  }

  func encoded() -> [UInt8] {
    var out = ByteBuffer(capacity: 1 << 12)
    out.append(Self.version)
    out.appendRun(instance)
    out.appendRun(sampler.encoded())
    let rows = table.rows
    out.appendVarint(UInt64(rows.count))
    for row in rows {
      out.appendRun(row.key)
      out.appendRun(row.value ?? [])
    }
    let watched = anomalies.encoded()
    // What is usual is learnt again within hours; blocks of the log are no place for megabytes.
    out.appendRun(watched.count <= Self.anomaliesBytesMax ? watched : AnomalyDetector().encoded())
    out.appendVarint(UInt64(closed.count))
    for (part, event) in closed.sorted(by: { $0.key < $1.key }) {
      out.appendVarint(part)
      out.appendRun(Array(event.name.utf8))
      out.appendRun(Array(event.uuid.utf8))
      out.appendVarint(event.time)
      out.appendRun(event.json)
    }
    return out.array()
  }

  /// Reads what `encoded` wrote. Throws for anything else.
  static func decoded(_ bytes: [UInt8], policy: SamplingPolicy) throws -> SamplingState {
    guard bytes.first == version else { throw DecisionLogError() }
    var reader = RunReader(bytes)
    let instance = try reader.run()
    // What was learnt may be of another version; the sums may not be lost for that.
    let learnt = try reader.run()
    let sampler = (try? Sampler(policy: policy, state: learnt)) ?? Sampler(policy: policy)
    var rows: [RollUpTable.Row] = []
    for _ in 0..<(try reader.number()) { rows.append(RollUpTable.Row(key: try reader.run(), value: try reader.run())) }
    let table = try RollUpTable(rows: rows)
    let watched = try reader.run()
    let anomalies = (try? AnomalyDetector(state: watched)) ?? AnomalyDetector()
    var closed: [UInt64: SideEvent] = [:]
    for _ in 0..<(try reader.number()) {
      let part = try reader.number()
      closed[part] = SideEvent(
        name: try reader.text(), uuid: try reader.text(), time: try reader.number(), json: try reader.run())
    }
    return SamplingState(instance: instance, sampler: sampler, table: table, anomalies: anomalies, closed: closed)
  }
}

/// Numbers, and runs of bytes behind their length, after the first byte.
private struct RunReader {
  private let bytes: [UInt8]
  private var cursor: ProtobufCursor

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    cursor = ProtobufCursor(start: 1, end: bytes.count)
  }

  mutating func number() throws -> UInt64 {
    var moved = cursor
    defer { cursor = moved }
    return try moved.varint(in: bytes.span)
  }

  mutating func run() throws -> [UInt8] {
    let count = try number()
    guard count <= UInt64(cursor.end - cursor.offset) else { throw DecisionLogError() }
    cursor.offset += Int(count)
    return Array(bytes[cursor.offset - Int(count)..<cursor.offset])
  }

  mutating func text() throws -> String { String(decoding: try run(), as: UTF8.self) }
}

extension ByteBuffer {
  fileprivate mutating func appendRun(_ bytes: [UInt8]) {
    appendVarint(UInt64(bytes.count))
    append(bytes)
  }
}
