import Bytes
import Mapping
import Spool
import Telemetry

/// Traces that are frozen together, in one commit, with their events as they will be sent.
///
/// A class, and used again: its buffer of some megabytes would otherwise be new memory, page by page, for every commit.
final class FreezeBatch {
  /// Where events are written, and stay until the sink takes them.
  var output = ByteBuffer(capacity: 1 << 16)
  private(set) var traces: [Held] = []
  var blocks: [Block] = []
  /// On disk; the events may go out.
  var isDurable = false

  struct Held {
    var lane: LaneID
    var trace: TraceID
    var token: UInt64
    var events: [MappedEvent]
    /// Pieces of log records.
    var logs: [Slice]
  }

  struct Block {
    var lane: LaneID
    var bytes: [UInt8]
    var through: UInt64
    /// Given when the batch is committed.
    var number: UInt64 = 0
  }

  var isEmpty: Bool { traces.isEmpty }

  /// Takes a trace whose events were written to `output`. What a retried dead letter may not change is on disk already,
  /// with its request.
  func add(_ going: OutgoingTrace, _ token: UInt64, _ mapped: [MappedEvent], logs: [Slice] = []) {
    let frozen = going.frozen
    let lane = going.lane
    traces.append(Held(lane: lane, trace: frozen.trace, token: token, events: mapped, logs: logs))
    if going.isRetry { return }
    var entry = ByteBuffer()
    entry.append(.frozen(frozen))
    if let known = blocks.firstIndex(where: { $0.lane == lane }) {
      entry.withSpan { blocks[known].bytes.append($0, Slice(0, $0.count)) }
      blocks[known].through = max(blocks[known].through, frozen.through)
    } else {
      blocks.append(Block(lane: lane, bytes: entry.array(), through: frozen.through))
    }
  }

  func change(token: UInt64) -> Change {
    Change(
      token: token,
      lanes: blocks.map { block in
        var change = LaneChange(lane: block.lane)
        change.decisions = (block.number, block.bytes)
        return change
      })
  }

  /// Makes the batch as new, but for its memory.
  func reset() {
    output.truncate(to: 0)
    isDurable = false
    traces.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
  }
}
