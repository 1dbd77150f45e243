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
    if hasBegun, session?.isEstablished == false { transport.counters.handshakesFailed.add(1, ordering: .relaxed) }
    room.remove(self)
    session = nil
    self.context = nil
    context.fireChannelInactive()
  }

  // MARK: In

  /// The first byte of every TLS connection: a handshake record (RFC 8446, section 5.1).
  private static let handshakeRecord: UInt8 = 22

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if !hasBegun {
      hasBegun = true
      guard bytes.readableBytesView.first == Self.handshakeRecord else { return refuseCleartext(context) }
    }
    // One buffer for all records of a read; with room for one that was not complete before.
    var clear = context.channel.allocator.buffer(capacity: bytes.readableBytes + TLSSession.recordBytesMax)
    var progress = TLSSession.Progress.waiting
    while let session, progress == .waiting, bytes.readableBytes > 0,
      let piece = bytes.readSlice(length: min(bytes.readableBytes, TLSSession.recordBytesMax))
    {
      progress = take(piece, session, into: &clear, context)
    }
    if clear.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(clear)) }
    switch progress {
    case .done, .waiting: break
    case .ended: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    case .failed: context.close(promise: nil)
    }
  }

  private func take(
    _ bytes: ByteBuffer, _ session: TLSSession, into clear: inout ByteBuffer, _ context: ChannelHandlerContext
  ) -> TLSSession.Progress {
    unsafe bytes.withUnsafeReadableBytes { unsafe session.receive($0) }
    if !session.isEstablished {
      let progress = session.handshake()
      send(context)
      switch progress {
      case .done:
        transport.counters.handshakes.add(1, ordering: .relaxed)
        room.remove(self)
      case .waiting: return .waiting
      case .ended, .failed: return .failed
      }
    }
    let progress = session.read(into: &clear)
    // Reading may have made OpenSSL answer: key updates, alerts.
    send(context)
    return progress
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
    // Nothing to seal still waits for what was written before.
    let sealed = session.takeOutput(context.channel.allocator) ?? context.channel.allocator.buffer(capacity: 0)
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
    if now > deadline { abort() }
  }

  func abort() { context?.close(promise: nil) }
}
