/// `HTTPClient` over libcurl: connections are kept, HTTP/2 is used where TLS offers it, certificates are always checked,
/// redirects, cookies, `.netrc` and proxy variables are not looked at.
package final class CurlClient: HTTPClient {
  private let settings: ClientSettings
  private let multi: CurlMulti
  /// Transfers in flight by the address of their handle.
  private var transfers: [UInt: CurlEasy] = [:]
  /// Requests that failed before they began.
  private var stillborn: [HTTPCompletion] = []

  package init(_ settings: ClientSettings) throws(CaptureError) {
    self.settings = settings
    multi = try CurlMulti()
  }

  deinit {
    for easy in transfers.values { multi.remove(easy) }
  }

  package func start(_ request: HTTPRequest) {
    do throws(HTTPFailure) {
      let easy = try CurlEasy(request, settings)
      if let failure = multi.add(easy) { throw failure }
      unsafe transfers[UInt(bitPattern: easy.handle)] = easy
    } catch {
      stillborn.append(HTTPCompletion(id: request.id, result: .failure(error)))
    }
  }

  package func poll(timeout: Duration) -> [HTTPCompletion] {
    let clock = ContinuousClock()
    let end = clock.now + timeout
    var completions = stillborn
    stillborn = []
    var failure = multi.perform()
    collect(&completions)
    // libcurl wakes for every piece of every transfer; the caller only wants to hear of ends.
    while completions.isEmpty, failure == nil, !multi.waker.takeCall() {
      let left = end - clock.now
      if left <= .zero { break }
      failure = multi.wait(left) ?? multi.perform()
      collect(&completions)
    }
    if let failure { abandon(failure, &completions) }
    return completions
  }

  package func cancel(_ id: UInt64) {
    guard let (address, easy) = transfers.first(where: { $0.value.id == id }) else { return }
    multi.remove(easy)
    transfers[address] = nil
  }

  package var wakeUp: @Sendable () -> Void {
    let waker = multi.waker
    return { waker.call() }
  }

  private func collect(_ completions: inout [HTTPCompletion]) {
    while let (address, code) = multi.nextEnded() {
      guard let easy = transfers.removeValue(forKey: address) else { continue }
      let result = easy.outcome(code)
      multi.remove(easy)
      completions.append(HTTPCompletion(id: easy.id, result: result))
    }
  }

  /// libcurl itself failed, so no transfer can be trusted to end: all are given up and reported.
  private func abandon(_ failure: HTTPFailure, _ completions: inout [HTTPCompletion]) {
    for easy in transfers.values {
      multi.remove(easy)
      completions.append(HTTPCompletion(id: easy.id, result: .failure(failure)))
    }
    transfers = [:]
  }
}
