import Bytes
import Capture
import Logging
import Mapping
import Spool
import Store
import Telemetry

/// Local mode: events go into the embedded store, and are delivered when SQLite has committed them.
final class LocalSink: EventSink {
  /// Events inserted in one transaction.
  static let eventsPerInsert = 1000
  /// How long to wait after the store refused (a full disk) before it is tried again, in nanoseconds.
  static let retryWait: UInt64 = 1_000_000_000

  private let store: LocalStore
  private let waker: Waker
  private let clock: @Sendable () -> UInt64
  private let log: Logger
  private var waiting: [(token: UInt64, event: StoredEvent)] = []
  private var unwanted: [UInt64] = []
  private var retryAt: UInt64 = 0

  init(store: LocalStore, waker: Waker, clock: @escaping @Sendable () -> UInt64, log: Logger) {
    self.store = store
    self.waker = waker
    self.clock = clock
    self.log = log
  }

  func register(_ lane: LaneID, key: String) {}
  func state(_ lane: LaneID) -> Capture.LaneState { .open }
  func takesLogs(_ lane: LaneID) -> Bool { true }
  func hurry(_ lane: LaneID) {}
  func unblock() {}
  func wakeUp() { waker.wake() }
  func flush() { retryAt = 0 }

  func enqueue(_ lane: LaneID, _ events: [MappedEvent], trace: TraceID, token: UInt64, _ bytes: ByteSpan) {
    for event in events { waiting.append((token, stored(event, trace, bytes))) }
  }

  /// The store holds events; log records are not asked for in local mode.
  func enqueue(_ lane: LaneID, logs: [Slice], token: UInt64, _ bytes: ByteSpan) {
    unwanted += repeatElement(token, count: logs.count)
  }

  func enqueue(_ lane: LaneID, _ event: SideEvent, token: UInt64) {
    var time = ByteBuffer()
    time.appendTimestamp(event.time)
    waiting.append(
      (
        token,
        StoredEvent(
          uuid: event.uuid, event: event.name, distinctID: SideEvent.distinctID, timestamp: time.string,
          time: event.time, trace: nil, json: event.json)
      ))
  }

  private func stored(_ event: MappedEvent, _ trace: TraceID, _ bytes: ByteSpan) -> StoredEvent {
    var text: [UInt8] = []
    text.append(bytes, event.json)
    var time = ByteBuffer()
    time.appendTimestamp(event.frozen.timestamp)
    return StoredEvent(
      uuid: event.uuid, event: event.name.rawValue,
      distinctID: String(decoding: event.frozen.distinctID, as: UTF8.self), timestamp: time.string,
      time: event.frozen.timestamp, trace: trace, json: text)
  }

  func poll(timeout: UInt64) -> [SinkOutcome] {
    if !unwanted.isEmpty {
      defer { unwanted = [] }
      return [.unwanted(unwanted)]
    }
    let now = clock()
    guard !waiting.isEmpty, now >= retryAt else {
      waker.wait(waiting.isEmpty ? timeout : min(timeout, retryAt - min(now, retryAt)))
      return []
    }
    let batch = Array(waiting.prefix(Self.eventsPerInsert))
    do {
      try store.insert(batch.map(\.event), now: now)
    } catch {
      log.error("the local store takes nothing: \(error)")
      retryAt = now + Self.retryWait
      return []
    }
    waiting.removeFirst(batch.count)
    return [.delivered(batch.map(\.token))]
  }
}
