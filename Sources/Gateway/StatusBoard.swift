import Spool
import Synchronization
import Transport

/// What the gateway knows of itself right now: written by its stages, read by metrics, health checks and people.
final class StatusBoard: Sendable {
  private struct Board {
    var lanes: [LaneID: LaneSnapshot] = [:]
    var ingest: HTTPServer?
    var isClosing = false
  }

  private let board = Mutex(Board())
  let spool: any Spool
  let intake: IntakeCounters
  let capture: SharedCaptureCounters

  init(spool: any Spool, intake: IntakeCounters, capture: SharedCaptureCounters) {
    self.spool = spool
    self.intake = intake
    self.capture = capture
  }

  func publish(_ lanes: [LaneID: LaneSnapshot]) { board.withLock { $0.lanes = lanes } }
  func ingest(_ server: HTTPServer) { board.withLock { $0.ingest = server } }
  func close() { board.withLock { $0.isClosing = true } }

  var lanes: [LaneID: LaneSnapshot] { board.withLock { $0.lanes } }
  var transport: TransportCounts? { board.withLock { $0.ingest }?.counts }

  /// Why requests should go elsewhere for the moment; empty when the gateway takes them.
  var notReady: [String] {
    board.withLock { $0.isClosing } ? ["shutting down"] : []
  }
}
