import NIOCore
import NIOEmbedded
import Synchronization

@testable import Transport

/// A connection of HTTP/1.1 or HTTP/2, whichever the bytes choose: in pieces they make the same requests as in one, each
/// request is handed over once, and when the connection is gone nothing of the memory for bodies is held.
enum WireTarget {
  static func run(_ input: [UInt8]) {
    guard let size = input.first.map({ Int($0) + 1 }) else { return }
    let bytes = input.dropFirst()
    let whole = serve([bytes])
    let pieces = serve(
      stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { bytes[$0..<min($0 + size, bytes.endIndex)] })
    // A fault takes requests with it that came with it in one read, and were not answered yet.
    if whole.isSound && pieces.isSound {
      Fuzzing.expect(whole.seen == pieces.seen, "in pieces of \(size): \(whole.seen), \(pieces.seen)")
    }
  }

  private static func serve(_ pieces: [ArraySlice<UInt8>]) -> (seen: [String], isSound: Bool) {
    let receiver = Receiver()
    let transport = TransportContext(limits: TransportLimits(), receiver: receiver, tls: nil, workers: nil)
    let channel = EmbeddedChannel()
    let room = LoopConnections()
    do {
      try channel.pipeline.syncOperations.addHandler(ProtocolGate(transport, room: room, peer: "::1"))
      try channel.connect(to: SocketAddress(unixDomainSocketPath: "/fuzz")).wait()
      for piece in pieces where channel.isActive {
        try channel.writeInbound(ByteBuffer(bytes: piece))
        channel.embeddedEventLoop.run()
      }
      room.sweep()
    } catch {
      Fuzzing.expect(false, "no handler throws: \(error)")
    }
    let isSound = channel.isActive && receiver.seen.withLock { !$0.contains("refused") }
    room.abort()
    channel.embeddedEventLoop.run()
    _ = try? channel.finish()
    Fuzzing.expect(transport.budget.bytesUsed == 0, "all memory is given back")
    Fuzzing.expect(transport.repliesOpen.load(ordering: .relaxed) == 0, "no answer is owed")
    return (receiver.seen.withLock { $0 }, isSound)
  }

  /// Takes every request and answers at once.
  private final class Receiver: RequestReceiver {
    let seen = Mutex<[String]>([])

    func begin(_ head: RequestHead) -> Begin { .accept(bodyLimit: 1 << 20) }

    func complete(_ head: RequestHead, body: consuming [UInt8], reply: Reply) {
      let request = "\(head.method) \(head.path) \(head.contentType ?? "") \(body)"
      seen.withLock { $0.append(request) }
      Fuzzing.expect(reply.send(.text(200, "")), "a request is answered once")
    }

    func refusal(_ head: RequestHead?, status: UInt16, message: String) -> Response {
      seen.withLock { $0.append("refused") }
      return .text(status, message)
    }
  }
}
