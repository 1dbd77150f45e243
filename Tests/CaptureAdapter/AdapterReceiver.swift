import Bytes
import Synchronization
import Transport

/// What the harness asks for; the session answers it.
enum Order {
  case initialise(Body)
  case capture(Body, isAI: Bool)
  case flush, state, reset

  /// A body that is a JSON object.
  struct Body {
    let bytes: [UInt8]
    let tape: JSONTape
    let root: Int

    init?(_ bytes: [UInt8]) {
      var tape = JSONTape()
      guard let root = try? tape.parse(bytes.span, Slice(0, bytes.count)), tape.nodes[root].kind == .object else {
        return nil
      }
      (self.bytes, self.tape, self.root) = (bytes, tape, root)
    }

    /// A member by name; nil also for null.
    func member(_ name: String, of object: Int? = nil) -> JSONNode? {
      members(of: object ?? root).first { $0.name == name && tape.nodes[$0.place].kind != .null }
        .map { tape.nodes[$0.place] }
    }

    func members(of object: Int) -> [(name: String, place: Int)] {
      var found: [(String, Int)] = []
      var place = object + 1
      while place < Int(tape.nodes[object].next) {
        found.append((bytes.span.string(tape.nodes[place].key), place))
        place = Int(tape.nodes[place].next)
      }
      return found
    }

    func text(_ name: String) -> String? {
      guard let node = member(name), node.kind == .string else { return nil }
      return bytes.span.string(node.text)
    }

    func number(_ name: String) -> Int? {
      guard let node = member(name), node.kind == .number else { return nil }
      return Int(bytes.span.string(node.text))
    }
  }
}

/// Orders on their way from the server's threads to the session's.
final class Orders: Sendable {
  private let waiting = Mutex<[(order: Order, reply: Reply)]>([])
  private let waker = Mutex<@Sendable () -> Void>({})

  var wakeUp: @Sendable () -> Void {
    get { waker.withLock { $0 } }
    set { waker.withLock { $0 = newValue } }
  }

  func add(_ order: Order, _ reply: Reply) {
    waiting.withLock { $0.append((order, reply)) }
    wakeUp()
  }

  func take() -> [(order: Order, reply: Reply)] {
    waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
  }
}

/// The harness' contract, as HTTP.
struct AdapterReceiver: RequestReceiver {
  let orders: Orders

  private static let paths = [
    "GET /health", "GET /state", "POST /init", "POST /capture", "POST /capture_ai", "POST /flush", "POST /reset",
  ]
  /// An event of PostHog's largest size, and its envelope.
  private static let bodyBytesMax = 16 << 20

  func begin(_ head: RequestHead) -> Begin {
    Self.paths.contains("\(head.method) \(head.path)")
      ? .accept(bodyLimit: Self.bodyBytesMax)
      : .respond(.json(404, "{\"error\":\"the adapter serves \(Self.paths.joined(separator: ", "))\"}"))
  }

  func complete(_ head: RequestHead, body: consuming [UInt8], reply: Reply) {
    switch head.path {
    case "/health": reply.send(.json(200, Session.health))
    case "/state": orders.add(.state, reply)
    case "/flush": orders.add(.flush, reply)
    case "/reset": orders.add(.reset, reply)
    default:
      guard let body = Order.Body(body) else {
        reply.send(.json(400, "{\"error\":\"the body is not a JSON object\"}"))
        return
      }
      orders.add(head.path == "/init" ? .initialise(body) : .capture(body, isAI: head.path == "/capture_ai"), reply)
    }
  }
}

extension Response {
  static func json(_ status: UInt16, _ text: String) -> Response {
    Response(status: status, headers: [("content-type", "application/json")], body: Array(text.utf8))
  }
}
