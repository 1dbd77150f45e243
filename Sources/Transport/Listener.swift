import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The connections of each event loop, by loop.
typealias Rooms = [ObjectIdentifier: NIOLoopBoundBox<LoopConnections>]

/// Binds addresses and sets up what they accept.
enum Listener {
  /// Connections the system may hold for us before they are accepted; the system caps it at its own limit.
  private static let backlog: CInt = 4_096
  /// The most one read takes: a body of 160 kB in three reads. What a connection read with last it keeps, so the first
  /// reads are small: most of a crowd never says more.
  private static let readBytesMax = 64 << 10

  /// The listening channel for `address`; it accepts at once.
  static func bind(
    _ address: ListenAddress, _ group: MultiThreadedEventLoopGroup, _ transport: TransportContext, _ rooms: Rooms
  ) throws(TransportError) -> any Channel {
    let socketAddress: SocketAddress
    do {
      socketAddress = try .makeAddressResolvingHost(address.host, port: address.port)
    } catch {
      throw .unknownHost(address.description)
    }
    do {
      return try ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: backlog)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(
          .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 1_024, maximum: readBytesMax)
        )
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try setUp(channel, transport, rooms) }
        }
        .bind(to: socketAddress).wait()
    } catch let error as IOError {
      switch error.errnoCode {
      case EADDRINUSE: throw .addressInUse(address.description)
      case EACCES, EPERM: throw .notPermitted(address.description)
      case EADDRNOTAVAIL: throw .addressNotAvailable(address.description)
      default: throw .cannotListen(address.description, reason: error.description)
      }
    } catch {
      throw .cannotListen(address.description, reason: "\(error)")
    }
  }

  /// Admits a connection within the limits and gives it its handlers; throwing closes it.
  private static func setUp(_ channel: any Channel, _ transport: TransportContext, _ rooms: Rooms) throws {
    let key = AddressCounts.Key(channel.remoteAddress)
    guard let room = rooms[ObjectIdentifier(channel.eventLoop)]?.value, !room.isDraining, admit(key, transport) else {
      transport.counters.connectionsRefused.add(1, ordering: .relaxed)
      throw RefusedConnection()
    }
    transport.counters.connectionsOpened.add(1, ordering: .relaxed)
    channel.closeFuture.whenComplete { _ in
      transport.counters.connectionsOpen.subtract(1, ordering: .relaxed)
      transport.addresses.leave(key)
    }
    if let tls = transport.tls {
      try channel.pipeline.syncOperations.addHandler(TLSConnection(transport, tls, room: room))
    }
    try channel.pipeline.syncOperations.addHandler(
      ProtocolGate(transport, room: room, peer: channel.remoteAddress?.ipAddress ?? ""))
  }

  private static func admit(_ key: AddressCounts.Key, _ transport: TransportContext) -> Bool {
    let (_, open) = transport.counters.connectionsOpen.add(1, ordering: .relaxed)
    if open <= transport.limits.connectionsMax && transport.addresses.enter(key) { return true }
    transport.counters.connectionsOpen.subtract(1, ordering: .relaxed)
    return false
  }

  /// Over a limit, or shutting down.
  private struct RefusedConnection: Error {}
}
