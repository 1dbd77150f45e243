import Bytes

/// Events on their way together: `{"api_key":"…","batch":[event,event…]}` (or the fields of a logs request), built in one
/// run of bytes that is sent as it stands on every attempt. There is no `sent_at`: PostHog would shift the timestamps by it and break de-duplication.
final class Batch {
  struct Event {
    var token: UInt64
    /// Where its bytes are in `plain`.
    var slice: Slice
  }

  /// Whether a batch is done with, for those that wait for it.
  final class Turn {
    var isOver = false
  }

  let destination: Destination
  /// When the first event came.
  let firstAt: Instant
  private(set) var events: [Event] = []
  /// Bytes of the events, without the envelope.
  private(set) var eventBytes = 0
  private(set) var eventBytesLargest = 0
  private let envelope: Envelope
  private let plain: RequestBody
  private var wire: RequestBody?

  /// Attempts that failed.
  var failures = 0
  /// Not to be sent before.
  var notBefore: Instant
  /// When the last attempt began.
  var startedAt: Instant
  /// Its own turn; whoever continues a trace of this batch waits for its end.
  var turn = Turn()
  /// The turn of the batch that holds the events before these of the same trace: they go out in order.
  var after: Turn?

  /// Whether nothing is on its way that has to arrive before.
  var isFree: Bool { after?.isOver ?? true }

  init(destination: Destination, envelope: Envelope, now: Instant, capacity: Int = CaptureLimits.bodyBytesFirst) {
    self.destination = destination
    self.envelope = envelope
    firstAt = now
    notBefore = now
    startedAt = now
    plain = RequestBody(capacity: capacity)
    plain.buffer.append(envelope.prefix)
  }

  /// The size of the body if an event of `bytes` joined it.
  func bodyBytes(adding bytes: Int) -> Int { plain.count + envelope.separator.count + bytes + envelope.suffix.count }

  /// Adds an event's JSON as it stands.
  func append(token: UInt64, _ bytes: ByteSpan, _ slice: Slice) {
    precondition(wire == nil)
    if !events.isEmpty { plain.buffer.append(envelope.separator) }
    let start = plain.count
    plain.buffer.append(bytes, slice)
    events.append(Event(token: token, slice: Slice(start, plain.count)))
    eventBytes += Int(slice.count)
    eventBytesLargest = max(eventBytesLargest, Int(slice.count))
  }

  /// The finished body: the same object, so the same bytes, whenever it is asked for.
  func body(compress: ((ByteSpan) -> [UInt8])?) -> RequestBody {
    if let wire { return wire }
    plain.buffer.append(envelope.suffix)
    let body = compress.map { compress in RequestBody(plain.buffer.withSpan { compress($0) }) } ?? plain
    wire = body
    return body
  }

  /// A copy of an event's bytes.
  func bytes(of event: Event) -> [UInt8] {
    plain.buffer.withSpan { span in
      var bytes = [UInt8]()
      bytes.append(span, event.slice)
      return bytes
    }
  }

  /// A batch of the events that `isIncluded` accepts by their position, with the same bytes each.
  func filtered(now: Instant, _ isIncluded: (Int) -> Bool) -> Batch {
    let kept = events.indices.filter(isIncluded)
    let size = kept.reduce(envelope.prefix.count + envelope.suffix.count) { $0 + Int(events[$1].slice.count) + 1 }
    let batch = Batch(destination: destination, envelope: envelope, now: now, capacity: size)
    plain.buffer.withSpan { span in
      for index in kept { batch.append(token: events[index].token, span, events[index].slice) }
    }
    return batch
  }

  /// The two halves, which take this batch's place in the order of traces.
  func halves(now: Instant) -> [Batch] {
    let middle = events.count / 2
    let first = filtered(now: now) { $0 < middle }
    let second = filtered(now: now) { $0 >= middle }
    first.after = after
    if events[middle - 1].token == events[middle].token { second.after = first.turn }
    second.turn = turn
    return [first, second]
  }
}
