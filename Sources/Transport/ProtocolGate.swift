import NIOCore
import NIOHTTP1

/// Stands on a new connection until its first bytes tell the protocol, then gives the channel its handlers and goes.
///
/// HTTP/2 begins with a preface that no HTTP/1 request can begin with (RFC 9113, section 3.4), in cleartext ("prior
/// knowledge") as after ALPN, so nothing else needs to be known.
final class ProtocolGate: ChannelInboundHandler, RemovableChannelHandler, Connection {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let transport: TransportContext
  private let room: LoopConnections
  private let peer: String
  private var context: ChannelHandlerContext?
  private var received: ByteBuffer?
  private var deadline: NIODeadline

  init(_ transport: TransportContext, room: LoopConnections, peer: String) {
    self.transport = transport
    self.room = room
    self.peer = peer
    deadline = room.now + TimeAmount(transport.limits.idleTimeout)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    room.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    room.remove(self)
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if received == nil {
      received = bytes
      deadline = room.now + TimeAmount(transport.limits.headTimeout)
    } else {
      received?.writeBuffer(&bytes)
    }
    guard let first = received, let isHTTP2 = Self.isHTTP2(first) else { return }
    received = nil
    do {
      try isHTTP2 ? setUpHTTP2(context) : setUpHTTP1(context)
    } catch {
      return context.close(promise: nil)
    }
    context.fireChannelRead(wrapInboundOut(first))
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// "PRI": there is no HTTP/1 method that begins like that.
  private static let tellingBytes = 3

  /// Nil: too little has come to tell.
  private static func isHTTP2(_ bytes: ByteBuffer) -> Bool? {
    let first = bytes.readableBytesView.prefix(tellingBytes)
    guard preface.starts(with: first) else { return false }
    return first.count < tellingBytes ? nil : true
  }

  private func setUpHTTP2(_ context: ChannelHandlerContext) throws {
    try context.pipeline.syncOperations.addHandler(
      HTTP2Connection(transport, room: room, peer: peer), position: .after(self))
  }

  private func setUpHTTP1(_ context: ChannelHandlerContext) throws {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = transport.limits.headBytesMax
    limits.maxHeaderListSize = transport.limits.headBytesMax
    limits.maxHeaderFieldCount = transport.limits.headerCountMax
    let connection = HTTP1Connection(transport, room: room, peer: peer)
    let decoder = HTTPRequestDecoder(limitConfiguration: limits)
    try context.pipeline.syncOperations.addHandlers(
      [ByteGate(transport.counters, connection), ByteToMessageHandler(decoder), connection], position: .after(self))
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  // MARK: Connection

  func sweep(now: NIODeadline) { if now > deadline { abort() } }
  func abort() { context?.close(promise: nil) }
}
