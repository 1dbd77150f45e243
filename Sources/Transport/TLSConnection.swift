import NIOCore
import Synchronization

/// TLS between a channel and whatever speaks HTTP above it. A connection in its own right until the handshake is over.
final class TLSConnection: ChannelDuplexHandler, Connection {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let transport: TransportContext
  private let room: LoopConnections
  private var session: TLSSession?
  private var context: ChannelHandlerContext?
  private let deadline: NIODeadline
  private var hasBegun = false

  init(_ transport: TransportContext, _ certificates: TLSCertificates, room: LoopConnections) {
    self.transport = transport
    self.room = room
    session = TLSSession(certificates.contexts)
    deadline = room.now + TimeAmount(transport.limits.headTimeout)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    room.add(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    room.remove(self)
    session = nil
    self.context = nil
    context.fireChannelInactive()
  }

  // MARK: In

  /// The first byte of every TLS connection: a handshake record (RFC 8446, section 5.1).
  private static let handshakeRecord: UInt8 = 22

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard let session else { return context.close(promise: nil) }
    if !hasBegun {
      hasBegun = true
      guard bytes.readableBytesView.first == Self.handshakeRecord else { return refuseCleartext(context) }
    }
    unsafe bytes.withUnsafeReadableBytes { unsafe session.receive($0) }
    if !session.isEstablished {
      switch session.handshake() {
      case .done:
        transport.counters.handshakes.add(1, ordering: .relaxed)
        room.remove(self)
      case .waiting: break
      case .ended, .failed:
        transport.counters.handshakesFailed.add(1, ordering: .relaxed)
        send(context)
        return context.close(promise: nil)
      }
      send(context)
      if !session.isEstablished { return }
    }
    pass(session, context)
  }

  /// How much is handed up at once.
  private static let passedBytes = 64 << 10

  private func pass(_ session: TLSSession, _ context: ChannelHandlerContext) {
    while self.session != nil {
      var clear = context.channel.allocator.buffer(capacity: 0)
      let progress = session.read(into: &clear, bytesMax: Self.passedBytes)
      // Reading may have made OpenSSL answer: key updates, alerts.
      send(context)
      if clear.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(clear)) }
      switch progress {
      case .done: continue
      case .waiting: return
      case .ended: return context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
      case .failed: return context.close(promise: nil)
      }
    }
  }

  /// A client that speaks HTTP where TLS is spoken gets to know it in its own language.
  private func refuseCleartext(_ context: ChannelHandlerContext) {
    transport.counters.handshakesFailed.add(1, ordering: .relaxed)
    session = nil
    let answer = HTTP1Response.encode(
      .text(400, "this port speaks TLS: use https"), .close, withBody: true, allocator: context.channel.allocator)
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    context.close(promise: nil)
  }

  // MARK: Out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let bytes = unwrapOutboundIn(data)
    guard let session, unsafe bytes.withUnsafeReadableBytes({ unsafe session.write($0) }) else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    guard let sealed = session.takeOutput(context.channel.allocator) else {
      promise?.succeed()
      return
    }
    context.write(wrapOutboundOut(sealed), promise: promise)
  }

  /// Sends what OpenSSL itself has to say.
  private func send(_ context: ChannelHandlerContext) {
    guard let sealed = session?.takeOutput(context.channel.allocator) else { return }
    context.writeAndFlush(wrapOutboundOut(sealed), promise: nil)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode != .input, let session, session.isEstablished {
      session.finish()
      send(context)
    }
    context.close(mode: mode, promise: promise)
  }

  // MARK: Connection, until the handshake is over

  func sweep(now: NIODeadline) {
    guard now > deadline else { return }
    transport.counters.handshakesFailed.add(1, ordering: .relaxed)
    abort()
  }

  func abort() { context?.close(promise: nil) }
}
