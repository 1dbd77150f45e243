import Spool
import Telemetry
import Transport

/// What intake counts of itself; every number is looked up once.
final class IntakeMetrics: Sendable {
  private let metrics: Metrics
  private let taken: [Series]
  private let takenByGRPC: [Series]
  private let bytes: [Series]

  init(_ metrics: Metrics) {
    self.metrics = metrics
    taken = Signal.allCases.map { metrics.series(.requests, $0.label, "http", "200") }
    takenByGRPC = Signal.allCases.map { metrics.series(.requests, $0.label, "grpc", "200") }
    bytes = Signal.allCases.map { metrics.series(.requestBytes, $0.label) }
  }

  /// A request that is durable and was answered 200.
  func answered(_ signal: Signal, _ wire: RequestHead.Wire) {
    (wire == .grpc ? takenByGRPC : taken)[Self.place(signal)].add()
  }

  /// Bytes of OTLP protobuf that were handed to the spool.
  func received(_ signal: Signal, bytes count: Int) { bytes[Self.place(signal)].add(count) }

  /// A request that was answered with an error, for who sent it or for its body.
  func refused(_ signal: Signal, _ wire: RequestHead.Wire, status: UInt16, reason: String) {
    metrics.series(.requests, signal.label, wire == .grpc ? "grpc" : "http", "\(status)").add()
    metrics.series(.rejects, reason).add()
  }

  /// A request that the spool did not take.
  func refused(_ signal: Signal, _ wire: RequestHead.Wire, _ refusal: Refusal) {
    let reason =
      switch refusal {
      case .full: "full"
      case .keyFull: "key_full"
      case .diskLow: "disk_low"
      case .busy: "busy"
      case .tooManyLanes: "too_many_lanes"
      case .failed: "failed"
      case .closing: "closing"
      }
    metrics.series(.spoolRefusals, reason).add()
    refused(
      signal, wire, status: ["too_many_lanes", "key_full"].contains(reason) ? 429 : 503, reason: "spool_\(reason)")
  }

  private static func place(_ signal: Signal) -> Int { signal == .traces ? 0 : 1 }
}
