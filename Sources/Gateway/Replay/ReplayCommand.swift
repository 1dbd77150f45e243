import Capture

/// `hoglet replay`: send recorded requests as an exporter would.
package struct ReplayCommand: Sendable {
  /// How fast requests follow each other.
  package enum Pace: Sendable, Equatable {
    /// As soon as an earlier one is answered.
    case unlimited
    /// Requests a second.
    case rate(Double)
    /// Times as fast as they were recorded.
    case speed(Double)
  }

  package var paths: [String]
  /// Where the gateway listens, without `/v1/…`.
  package var url: String
  /// Lines such as `X-Tenant: blue`.
  package var headers: [String]
  /// Sent as `Authorization: Bearer …`.
  package var key: Secret?
  package var pace: Pace
  /// Requests in flight.
  package var concurrency: Int
  /// How often everything is sent.
  package var repetitions: Int
  /// How often a request is sent again after 429, 502, 503, 504 or no answer, as exporters do.
  package var retriesMax: Int

  /// Far more than one machine answers at once; below the usual limit of open files.
  package static let concurrencyMax = 512
  /// Enough for days of load; the product with a million files still counts in 64 bits.
  package static let repetitionsMax = 1_000_000
  /// Slower than once in a thousand seconds is a typing error, faster than a million a second is no pace.
  package static let paces = 0.001...1_000_000

  package init(
    paths: [String], url: String, headers: [String] = [], key: Secret? = nil, pace: Pace = .unlimited,
    concurrency: Int = 1, repetitions: Int = 1, retriesMax: Int = 5
  ) {
    self.paths = paths
    self.url = Self.base(of: url)
    self.headers = headers
    self.key = key
    self.pace = pace
    self.concurrency = concurrency
    self.repetitions = repetitions
    self.retriesMax = retriesMax
  }

  /// What is wrong with the words given, if anything. Header values and keys are not repeated.
  package static func problem(url: String, headers: [String], key: String?) -> String? {
    guard ["http://", "https://"].contains(where: { url.lowercased().hasPrefix($0) && url.utf8.count > $0.utf8.count })
    else { return "--to must be a URL that begins with http:// or https://." }
    func isLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
    for header in headers {
      guard let colon = header.firstIndex(of: ":"), colon != header.startIndex, isLine(header) else {
        return "--header must be 'Name: value' on one line."
      }
    }
    if let key, !isLine(key) || key.isEmpty { return "--key must not be empty or hold control characters." }
    return nil
  }

  /// People paste the full address of one signal, or leave a slash at the end.
  private static func base(of url: String) -> String {
    var base = url[...]
    for ending in ["/", "/v1/traces", "/v1/logs", "/"] where base.hasSuffix(ending) {
      base = base.dropLast(ending.count)
    }
    return String(base)
  }

  /// Reads the files, sends them and prints a summary. Fails if anything was not answered with 2xx.
  ///
  /// - Parameter identify: tells what a file without a telling name holds.
  package func run(identify: @escaping ReplayFiles.Identify) throws -> CommandStatus {
    let files = try ReplayFiles.collect(paths, identify: identify)
    if files.requests.isEmpty {
      throw CommandError("nothing to send: no OTLP request in \(paths.joined(separator: ", "))", .badData)
    }
    let terminal = ReplayProgress(isShown: ReplayProgress.errorIsTerminal, write: LogOutput.standardError)
    var replay = Replay(self, files.requests, client: try CurlClient(ClientSettings()), time: SystemTime())
    let summary = replay.run { terminal.show($0) }
    terminal.finish()
    StandardOutput.write(summary.text(skipped: files.skipped))
    return summary.isAllAccepted ? .success : .unavailable
  }
}
