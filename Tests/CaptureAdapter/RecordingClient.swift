import Bytes
import Capture
import Codec
import Glibc

/// Sends as `CurlClient` does, and writes down what was asked and answered.
final class RecordingClient: HTTPClient {
  struct Made {
    var milliseconds: Int
    /// 0 if no answer came.
    var status: UInt16 = 0
    /// How often these very bytes had been sent before.
    var attempt: Int
    var uuids: [String]
  }

  private let client: any HTTPClient
  private(set) var made: [Made] = []
  private var open: [UInt64: Made] = [:]
  private var attempts: [[String]: Int] = [:]

  /// More than any request that PostHog takes.
  private static let bodyBytesMax = 64 << 20

  init(_ client: any HTTPClient) { self.client = client }

  var wakeUp: @Sendable () -> Void { client.wakeUp }

  func start(_ request: HTTPRequest) {
    let uuids = Self.uuids(request)
    let attempt = attempts[uuids] ?? 0
    attempts[uuids] = attempt + 1
    let milliseconds = Int(WallTime.nanoseconds / 1_000_000)
    open[request.id] = Made(milliseconds: milliseconds, attempt: attempt, uuids: uuids)
    client.start(request)
  }

  func poll(timeout: Duration) -> [HTTPCompletion] {
    let completions = client.poll(timeout: timeout)
    for completion in completions {
      guard var ended = open.removeValue(forKey: completion.id) else { continue }
      if case .success(let answer) = completion.result { ended.status = answer.status }
      made.append(ended)
    }
    return completions
  }

  func cancel(_ id: UInt64) {
    open[id] = nil
    client.cancel(id)
  }

  func forget() {
    made = []
    attempts = [:]
  }

  private static func uuids(_ request: HTTPRequest) -> [String] {
    var bytes = request.body.array
    if request.headers.contains("Content-Encoding: gzip") {
      bytes = (try? Decompressor.decompress(bytes.span, encoding: .gzip, limit: bodyBytesMax)) ?? []
    }
    guard let body = Order.Body(bytes), let batch = body.members(of: body.root).first(where: { $0.name == "batch" })
    else { return [] }
    return body.members(of: batch.place).compactMap { event in
      body.member("uuid", of: event.place).map { bytes.span.string($0.text) }
    }
  }
}
