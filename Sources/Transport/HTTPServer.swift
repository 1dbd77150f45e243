import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Listens for HTTP/1.1, HTTP/2 and gRPC, in cleartext or TLS, and hands requests to a receiver. To stop: `stopAccepting`, then `drain`.
package final class HTTPServer: Sendable {
  /// The addresses bound, in the order asked for, with the ports the system chose.
  package let addresses: [ListenAddress]

  private let transport: TransportContext
  private let group: MultiThreadedEventLoopGroup
  private let rooms: Rooms
  private let listeners: [any Channel]

  /// What was counted so far.
  package var counts: TransportCounts { transport.counters.counts(budget: transport.budget) }

  /// File descriptors that are left to the rest of the process: spool, database, outgoing connections.
  private static let descriptorsReserved = 256

  /// Listens on every address of `listen` (`host:port`, port 0: any), or on none and throws. Blocks until bound.
  ///
  /// With `tls`, every listener speaks it and nothing else.
  /// `threads` event loops own the connections; `workers` threads take bodies too large for a loop (0: none does).
  package static func start(
    listen: [String], limits: TransportLimits = TransportLimits(), receiver: any RequestReceiver,
    tls: TLSCertificates? = nil, threads: Int, workers: Int = 1
  ) throws(TransportError) -> HTTPServer {
    var wanted: [ListenAddress] = []
    for text in listen { wanted.append(try ListenAddress(parsing: text)) }
    var limits = limits
    limits.connectionsMax = min(limits.connectionsMax, descriptorsMax() - descriptorsReserved)
    let pool = workers > 0 ? NIOThreadPool(numberOfThreads: workers) : nil
    let transport = TransportContext(limits: limits, receiver: receiver, tls: tls, workers: pool)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let rooms = makeRooms(group, limits)
    var listeners: [any Channel] = []
    pool?.start()
    do throws(TransportError) {
      for address in wanted { listeners.append(try Listener.bind(address, group, transport, rooms)) }
    } catch {
      pool?.shutdownGracefully { _ in }
      group.shutdownGracefully { _ in }
      throw error
    }
    return HTTPServer(transport, group, rooms, listeners)
  }

  private init(
    _ transport: TransportContext, _ group: MultiThreadedEventLoopGroup, _ rooms: Rooms, _ listeners: [any Channel]
  ) {
    self.transport = transport
    self.group = group
    self.rooms = rooms
    self.listeners = listeners
    addresses = listeners.map { listener in
      ListenAddress(host: listener.localAddress?.ipAddress ?? "", port: listener.localAddress?.port ?? 0)
    }
  }

  private static func makeRooms(_ group: MultiThreadedEventLoopGroup, _ limits: TransportLimits) -> Rooms {
    var rooms: Rooms = [:]
    let interval = TimeAmount(limits.sweepInterval)
    for loop in group.makeIterator() {
      if limits.niceness > 0 { loop.execute { stepBack(limits.niceness) } }
      let room = NIOLoopBoundBox.makeBoxSendingValue(LoopConnections(), eventLoop: loop)
      loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in room.value.sweep() }
      rooms[ObjectIdentifier(loop)] = room
    }
    return rooms
  }

  /// Lowers the priority of the thread that calls it: Linux takes process 0 for the thread, whatever POSIX says.
  private static func stepBack(_ niceness: Int) {
    let kind = __priority_which_t(PRIO_PROCESS.rawValue)
    setpriority(kind, 0, getpriority(kind, 0) + Int32(clamping: niceness))
  }

  /// How many files this process may have open.
  private static func descriptorsMax() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
    return Int(clamping: limit.rlim_cur)
  }

  /// Closes the listening sockets; connections live on.
  package func stopAccepting() async {
    for listener in listeners { try? await listener.close().get() }
  }

  /// Answers what is open, with `connection: close`, and stops the threads. What is still open after `deadline` is cut.
  ///
  /// A reply that somebody holds even longer may still be sent, to nobody; then the event loops stay.
  package func drain(deadline: Duration) async {
    await stopAccepting()
    let rooms = rooms
    let emptied = group.makeIterator().map { loop in
      let promise = loop.makePromise(of: Void.self)
      loop.execute { rooms[ObjectIdentifier(loop)]?.value.drain(promise) }
      loop.scheduleTask(in: TimeAmount(deadline)) { rooms[ObjectIdentifier(loop)]?.value.abort() }
      return promise.futureResult
    }
    for room in emptied { try? await room.get() }
    try? await transport.workers?.shutdownGracefully()
    guard transport.repliesOpen.load(ordering: .acquiring) == 0 else { return }
    try? await group.shutdownGracefully()
  }
}
