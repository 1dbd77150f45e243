import Capture
import Glibc
import Transport

/// What PostHog's compliance harness for senders drives: the `Capture` target behind the harness' HTTP contract.
/// `capture-adapter [--host ADDRESS] --port N` listens there (127.0.0.1 by default, port 0: any) and says where.
@main
enum CaptureAdapter {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    func value(_ flag: String) -> String? {
      arguments.firstIndex(of: flag).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    }
    guard let port = value("--port").flatMap({ UInt16($0) }) else { end(64, "usage: capture-adapter --port N") }
    let orders = Orders()
    do {
      let client = RecordingClient(try CurlClient(ClientSettings()))
      orders.wakeUp = client.wakeUp
      var limits = TransportLimits()
      limits.answerTimeout = Session.flushTimeMax * 2
      let server = try HTTPServer.start(
        listen: ["\(value("--host") ?? "127.0.0.1"):\(port)"], limits: limits,
        receiver: AdapterReceiver(orders: orders), threads: 1,
        workers: 0)
      for address in server.addresses { say(STDOUT_FILENO, "listening on http://\(address)") }
      Session(client: client, orders: orders).run()
    } catch {
      end(69, "\(error)")
    }
  }

  private static func end(_ code: Int32, _ message: String) -> Never {
    say(STDERR_FILENO, "capture-adapter: \(message)")
    exit(code)
  }

  /// At once, whatever the output is.
  private static func say(_ descriptor: Int32, _ text: String) {
    let line = Array((text + "\n").utf8)
    _ = unsafe write(descriptor, line, line.count)
  }
}
