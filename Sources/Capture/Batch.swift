import Bytes

/// Events on their way together: `{"api_key":"…","batch":[event,event…]}`, built in one run of bytes that is sent as it
/// stands on every attempt. There is no `sent_at`: PostHog would shift the timestamps by it and break de-duplication.
final class Batch {
  struct Event {
    var token: UInt64
    /// Where its bytes are in `plain`.
    var slice: Slice
  }

  /// The envelope around the events, `]}`.
  static let suffixBytes = 2

  let destination: Destination
  /// When the first event came.
  let firstAt: Instant
  private(set) var events: [Event] = []
  /// Bytes of the events, without the envelope.
  private(set) var eventBytes = 0
  private(set) var eventBytesLargest = 0
  private let plain: RequestBody
  private var wire: RequestBody?

  /// Attempts that failed.
  var failures = 0
  /// Not to be sent before.
  var notBefore: Instant
  /// When the last attempt began.
  var startedAt: Instant

  init(destination: Destination, prefix: [UInt8], now: Instant, capacity: Int = 4_096) {
    self.destination = destination
    firstAt = now
    notBefore = now
    startedAt = now
    plain = RequestBody(capacity: capacity)
    plain.buffer.append(prefix)
  }

  /// The size of the body if an event of `bytes` joined it.
  func bodyBytes(adding bytes: Int) -> Int { plain.count + 1 + bytes + Self.suffixBytes }

  /// Adds an event's JSON as it stands.
  func append(token: UInt64, _ bytes: ByteSpan, _ slice: Slice) {
    precondition(wire == nil)
    if !events.isEmpty { plain.buffer.append(UInt8(ascii: ",")) }
    let start = plain.count
    plain.buffer.append(bytes, slice)
    events.append(Event(token: token, slice: Slice(start, plain.count)))
    eventBytes += Int(slice.count)
    eventBytesLargest = max(eventBytesLargest, Int(slice.count))
  }

  /// The finished body: the same object, so the same bytes, whenever it is asked for.
  func body(compress: ((ByteSpan) -> [UInt8])?) -> RequestBody {
    if let wire { return wire }
    plain.buffer.append("]}")
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
  func filtered(prefix: [UInt8], now: Instant, _ isIncluded: (Int) -> Bool) -> Batch {
    let kept = events.indices.filter(isIncluded)
    let size = kept.reduce(prefix.count + Self.suffixBytes) { $0 + Int(events[$1].slice.count) + 1 }
    let batch = Batch(destination: destination, prefix: prefix, now: now, capacity: size)
    plain.buffer.withSpan { span in
      for index in kept { batch.append(token: events[index].token, span, events[index].slice) }
    }
    return batch
  }
}
