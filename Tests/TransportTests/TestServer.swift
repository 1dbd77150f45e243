import Glibc
import Synchronization
import Transport

/// A receiver for tests: what a path does is written here.
///
/// `/echo` answers with the body, `/size` with its length, `/hold` keeps the reply for the test, `/twice` answers twice,
/// `/thread` answers from another thread, `/drop` drops the reply, `/deny` is refused at the head, `/limited` takes
/// ten bytes; `/nice` answers with the `nice` value of the event loop.
final class TestReceiver: RequestReceiver {
  let held = Mutex<[Reply]>([])
  let heads = Mutex<[RequestHead]>([])
  private let bodyLimit: Int

  init(bodyLimit: Int = 1 << 30) {
    self.bodyLimit = bodyLimit
  }

  struct NothingHeld: Error {}

  /// The oldest reply held, when there is one.
  func takeHeld() async throws -> Reply {
    guard await eventually({ held.withLock { !$0.isEmpty } }) else { throw NothingHeld() }
    return held.withLock { $0.removeFirst() }
  }

  func begin(_ head: RequestHead) -> Begin {
    heads.withLock { $0.append(head) }
    switch head.path {
    case "/deny": return .respond(.text(401, "no key"))
    case "/limited": return .accept(bodyLimit: 10)
    default: return .accept(bodyLimit: bodyLimit)
    }
  }

  func complete(_ head: RequestHead, body: consuming [UInt8], reply: Reply) {
    switch head.path {
    case "/echo": reply.send(Response(status: 200, headers: [("content-type", "text/plain")], body: body))
    case "/size": reply.send(Response(status: 200, body: Array(String(body.count).utf8)))
    case "/hold": held.withLock { $0.append(reply) }
    case "/twice":
      let first = reply.send(Response(status: 200, body: Array("first".utf8)))
      let second = reply.send(Response(status: 200, body: Array("second".utf8)))
      precondition(first && !second)
    case "/thread": inThread { reply.send(Response(status: 200, body: Array("from afar".utf8))) }
    case "/nice": reply.send(Response(status: 200, body: Array(String(ownNiceness()).utf8)))
    case "/drop": break
    default: reply.send(.text(404, "nothing here"))
    }
  }

  func refusal(_ head: RequestHead?, status: UInt16, message: String) -> Response {
    .text(status, "refused: \(message)")
  }
}

/// The `nice` value of the calling thread.
func ownNiceness() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

/// A server on a port of its own with what it needs to be talked to.
struct TestServer: Sendable {
  let server: HTTPServer
  let receiver: TestReceiver

  var port: Int { server.addresses[0].port }

  /// Limits are checked every 10 ms, so that tests of timeouts are quick.
  init(
    bodyLimit: Int = 1 << 30, threads: Int = 2, _ change: (inout TransportLimits) -> Void = { _ in }
  ) throws(TransportError) {
    var limits = TransportLimits()
    limits.sweepInterval = .milliseconds(10)
    // Machines that run tests stall now and then; tests that mean this limit set it.
    limits.answerTimeout = .seconds(60)
    change(&limits)
    receiver = TestReceiver(bodyLimit: bodyLimit)
    server = try HTTPServer.start(
      listen: ["127.0.0.1:0"], limits: limits, receiver: receiver, threads: threads, workers: 1)
  }

  /// Runs `body` with a server and stops it, whatever happens.
  static func run<Result>(
    bodyLimit: Int = 1 << 30, _ change: (inout TransportLimits) -> Void = { _ in },
    _ body: (TestServer) async throws -> Result
  ) async throws -> Result {
    let server = try TestServer(bodyLimit: bodyLimit, change)
    do {
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }

  func stop() async {
    receiver.held.withLock { $0.removeAll() }
    await server.drain(deadline: .seconds(5))
  }

  func connect() throws -> Client { try Client(port: port) }
}
