import NIOCore
import Synchronization

/// Stands before the parser: counts bytes, and tells the connection that a head has begun, which the parser reports only
/// when it is complete. After the last answer it keeps bytes from the parser.
final class ByteGate: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let counters: TransportCounters
  private let connection: HTTP1Connection

  init(_ counters: TransportCounters, _ connection: HTTP1Connection) {
    self.counters = counters
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    counters.bytesIn.add(unwrapInboundIn(data).readableBytes, ordering: .relaxed)
    if connection.bytesArrived() { context.fireChannelRead(data) }
  }
}
